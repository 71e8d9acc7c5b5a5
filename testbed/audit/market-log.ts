/**
 * What the raw log says, by event signatures written out by hand. The audit believes only this, the
 * emulators' energy, and what the contracts answer at the end.
 */
import { id } from 'ethers';
import { addressOf, bigintAt, bytesAt, numberAt, numbersAt } from './words.ts';

export interface RawLog {
  address: string;
  topics: string[];
  data: string;
  blockNumber: string;
  logIndex: string;
}

export interface Contracts {
  microgrid: string;
  assets: string;
  matching: string;
}

export const SELL = 0;
export const BUY = 1;

export interface GrantedAsset {
  id: number;
  owner: string;
  feeder: number;
  side: number;
  firstInterval: number;
  lastInterval: number;
  energyWs: number;
  maxPowerW: number;
}

export interface PostedOffer {
  id: number;
  owner: string;
  assetId: number;
  side: number;
  firstInterval: number;
  lastInterval: number;
  energyWs: number;
  maxPowerW: number;
  priceMicroPerKwh: number;
  blockNumber: number;
}

export interface FinalTrade {
  interval: number;
  askId: number;
  bidId: number;
  powerW: number;
  /** Only where the solver says the price. */
  priceMicroPerKwh: number | null;
}

/** One `SolutionFinalized`; `trades` without the voided ones. */
export interface Finalization {
  interval: number;
  blockNumber: number;
  trades: FinalTrade[];
  voided: FinalTrade[];
}

export interface LimitsSet {
  feeder: number;
  fromInterval: number;
  internalLimitW: number;
  externalLimitW: number;
}

/** Money that moved at an address, by what the log says of it. */
export interface MoneyMove {
  kind: 'added' | 'deposited' | 'staked' | 'unstaked' | 'funded' | 'rewarded';
  address: string;
  amountMicro: bigint;
}

export interface ClosedOffer {
  offerId: number;
  owner: string;
  energyWs: number;
  moneyMicro: bigint;
  blockNumber: number;
}

export interface MarketLog {
  assets: Map<number, GrantedAsset>;
  offers: Map<number, PostedOffer>;
  closed: ClosedOffer[];
  energyDeposits: { assetId: number; energyWs: number }[];
  money: MoneyMove[];
  finalizations: Finalization[];
  /** Intervals of which all is said to be settled. */
  settled: Set<number>;
  limits: LimitsSet[];
  /** Solutions by id: the offers in them, and the block of acceptance once there is one. */
  solutions: Map<number, { offers: Set<number>; acceptedIn: number | null }>;
}

const TOPICS = {
  assetAdded: id('AssetAdded(address,uint32,uint32,uint8,uint32,uint32,uint48,uint32)'),
  financialAdded: id('FinancialAdded(address,uint64)'),
  energyDeposited: id('EnergyDeposited(address,uint32,uint48)'),
  financialDeposited: id('FinancialDeposited(address,uint64)'),
  offerPosted: id(
    'OfferPosted(uint32,address,uint32,uint32,uint8,uint32,uint32,uint48,uint32,uint32)',
  ),
  offerClosed: id('OfferClosed(uint32,address,uint48,uint64)'),
  candidateChunk: id('CandidateChunk(uint32,uint32,bytes)'),
  candidateAccepted: id('CandidateAccepted(uint32,address,uint32,uint64,uint64,uint128)'),
  solutionFinalized: id('SolutionFinalized(uint32,address,bytes)'),
  tradesVoided: id('TradesVoided(uint32,uint32[])'),
  intervalSettled: id('IntervalSettled(uint32)'),
  rewardsFunded: id('RewardsFunded(address,uint64)'),
  rewardPaid: id('RewardPaid(uint32,address,address,uint64)'),
  staked: id('Staked(address,uint64)'),
  unstaked: id('Unstaked(address,uint64)'),
  limitsSet: id('FeederLimitsSet(uint32,uint32,uint64,uint64)'),
} as const;

type Reader = (log: RawLog, into: MarketLog, format: Format) => void;

interface Format {
  tradeBytes: number;
  /** Positions that the next finalization of an interval leaves out. */
  voided: Map<number, Set<number>>;
}

/** @param logs in the order of the chain @param tradeBytes 12, or 16 where trades carry a price */
export function readMarketLog(
  logs: readonly RawLog[],
  contracts: Contracts,
  tradeBytes: number,
): MarketLog {
  const into: MarketLog = {
    assets: new Map(),
    offers: new Map(),
    closed: [],
    energyDeposits: [],
    money: [],
    finalizations: [],
    settled: new Set(),
    limits: [],
    solutions: new Map(),
  };
  const format: Format = { tradeBytes, voided: new Map() };
  const readers = readersOf(contracts);
  for (const log of logs) {
    readers.get(`${log.address}${log.topics[0]}`.toLowerCase())?.(log, into, format);
  }
  return into;
}

/** By address and topic, lower case: an event of another contract says nothing. */
function readersOf(contracts: Contracts): Map<string, Reader> {
  const readers = new Map<string, Reader>();
  const add = (address: string, entries: [topic: string, reader: Reader][]) => {
    for (const [topic, reader] of entries) readers.set(`${address.toLowerCase()}${topic}`, reader);
  };
  add(contracts.assets, ASSETS_READERS);
  add(contracts.matching, MATCHING_READERS);
  add(contracts.microgrid, [[TOPICS.limitsSet, readLimits]]);
  return readers;
}

const ASSETS_READERS: [string, Reader][] = [
  [
    TOPICS.assetAdded,
    (log, into) => {
      const asset = {
        id: topicNumber(log, 2),
        owner: topicAddress(log, 1),
        feeder: numberAt(log.data, 0),
        side: numberAt(log.data, 1),
        firstInterval: numberAt(log.data, 2),
        lastInterval: numberAt(log.data, 3),
        energyWs: numberAt(log.data, 4),
        maxPowerW: numberAt(log.data, 5),
      };
      into.assets.set(asset.id, asset);
    },
  ],
  [
    TOPICS.energyDeposited,
    (log, into) =>
      into.energyDeposits.push({ assetId: topicNumber(log, 2), energyWs: numberAt(log.data, 0) }),
  ],
  [TOPICS.financialAdded, moneyReader('added')],
  [TOPICS.financialDeposited, moneyReader('deposited')],
];

const MATCHING_READERS: [string, Reader][] = [
  [
    TOPICS.offerPosted,
    (log, into) => {
      const offer = {
        id: topicNumber(log, 1),
        owner: topicAddress(log, 2),
        assetId: topicNumber(log, 3),
        side: numberAt(log.data, 1),
        firstInterval: numberAt(log.data, 2),
        lastInterval: numberAt(log.data, 3),
        energyWs: numberAt(log.data, 4),
        maxPowerW: numberAt(log.data, 5),
        priceMicroPerKwh: numberAt(log.data, 6),
        blockNumber: Number(log.blockNumber),
      };
      into.offers.set(offer.id, offer);
    },
  ],
  [
    TOPICS.offerClosed,
    (log, into) =>
      into.closed.push({
        offerId: topicNumber(log, 1),
        owner: topicAddress(log, 2),
        energyWs: numberAt(log.data, 0),
        moneyMicro: bigintAt(log.data, 1),
        blockNumber: Number(log.blockNumber),
      }),
  ],
  [TOPICS.candidateChunk, readCandidateChunk],
  [
    TOPICS.candidateAccepted,
    (log, into) => {
      solutionOf(into, topicNumber(log, 1)).acceptedIn = Number(log.blockNumber);
    },
  ],
  [
    TOPICS.tradesVoided,
    (log, _, format) => format.voided.set(topicNumber(log, 1), new Set(numbersAt(log.data, 0))),
  ],
  [TOPICS.solutionFinalized, readFinalization],
  [TOPICS.staked, moneyReader('staked')],
  [TOPICS.unstaked, moneyReader('unstaked')],
  [TOPICS.intervalSettled, (log, into) => into.settled.add(topicNumber(log, 1))],
  [TOPICS.rewardsFunded, moneyReader('funded')],
  [
    TOPICS.rewardPaid,
    (log, into) =>
      into.money.push({
        kind: 'rewarded',
        address: addressOf(log.data.slice(2, 66)),
        amountMicro: bigintAt(log.data, 1),
      }),
  ],
];

function readLimits(log: RawLog, into: MarketLog): void {
  into.limits.push({
    feeder: topicNumber(log, 1),
    fromInterval: numberAt(log.data, 0),
    internalLimitW: numberAt(log.data, 1),
    externalLimitW: numberAt(log.data, 2),
  });
}

function readCandidateChunk(log: RawLog, into: MarketLog, format: Format): void {
  const solution = solutionOf(into, topicNumber(log, 1));
  for (const trade of readTrades(bytesAt(log.data, 0), 0, format.tradeBytes)) {
    solution.offers.add(trade.askId);
    solution.offers.add(trade.bidId);
  }
}

function readFinalization(log: RawLog, into: MarketLog, format: Format): void {
  const interval = topicNumber(log, 1);
  const voided = format.voided.get(interval);
  format.voided.delete(interval);
  const trades = readTrades(bytesAt(log.data, 0), interval, format.tradeBytes);
  into.finalizations.push({
    interval,
    blockNumber: Number(log.blockNumber),
    trades: trades.filter((_, position) => !voided?.has(position)),
    voided: trades.filter((_, position) => voided?.has(position)),
  });
}

function readTrades(digits: string, interval: number, tradeBytes: number): FinalTrade[] {
  const width = tradeBytes * 2;
  if (digits.length % width !== 0) throw new RangeError('a chunk is not whole trades');
  const trades: FinalTrade[] = [];
  for (let at = 0; at < digits.length; at += width) {
    const field = (n: number) => Number.parseInt(digits.slice(at + 8 * n, at + 8 * n + 8), 16);
    const priceMicroPerKwh = tradeBytes === 16 ? field(3) : null;
    trades.push({ interval, askId: field(0), bidId: field(1), powerW: field(2), priceMicroPerKwh });
  }
  return trades;
}

function moneyReader(kind: MoneyMove['kind']): Reader {
  return (log, into) =>
    into.money.push({ kind, address: topicAddress(log, 1), amountMicro: bigintAt(log.data, 0) });
}

function solutionOf(into: MarketLog, solutionId: number) {
  let solution = into.solutions.get(solutionId);
  if (!solution) {
    solution = { offers: new Set<number>(), acceptedIn: null };
    into.solutions.set(solutionId, solution);
  }
  return solution;
}

function topicNumber(log: RawLog, topic: number): number {
  return Number(log.topics[topic]);
}

function topicAddress(log: RawLog, topic: number): string {
  return addressOf(log.topics[topic] ?? '');
}
