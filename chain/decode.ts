/**
 * The contracts' log as `MarketEvent`s. Words are cut by hand from a table made of the events'
 * signatures, because a follower reads the whole market's log and ethers' general decoder takes a
 * hundred times as long. Addresses come out in lower case.
 */
import { id } from 'ethers';
import type { MarketEvent } from '../market/events.ts';
import type { GridFacts } from '../market/grid.ts';
import { MAX_UINT32, MAX_UINT48, sideFromCode } from '../market/units.ts';
import type { RawLog } from './rpc-forms.ts';

export type MarketContracts = GridFacts['contracts'];

export class DecodeError extends Error {
  readonly log: RawLog;
  constructor(log: RawLog, message: string) {
    super(`log ${log.logIndex} of block ${log.blockNumber}: ${message}`);
    this.name = 'DecodeError';
    this.log = log;
  }
}

/**
 * The words of a log: `topic(1)` is the first indexed argument, `word(0)` the first of the data.
 */
class Words {
  readonly #log: RawLog;
  constructor(log: RawLog) {
    this.#log = log;
  }

  topic(at: number): string {
    const topic = this.#log.topics[at];
    if (topic === undefined) throw new DecodeError(this.#log, `there is no indexed argument ${at}`);
    return topic.slice(2);
  }

  word(at: number): string {
    const word = this.#log.data.slice(2 + at * 64, 66 + at * 64);
    if (word.length !== 64) throw new DecodeError(this.#log, `the data end before word ${at}`);
    return word;
  }

  number(word: string, max: number): number {
    const value = Number.parseInt(word, 16);
    if (!(value <= max)) throw new DecodeError(this.#log, 'a number is too large for its type');
    return value;
  }

  topic32 = (at: number): number => this.number(this.topic(at), MAX_UINT32);
  uint32 = (at: number): number => this.number(this.word(at), MAX_UINT32);
  uint48 = (at: number): number => this.number(this.word(at), MAX_UINT48);
  /** uint64 that holds a power: beyond 2^48 it means "no limit" and is cut to that. */
  watts = (at: number): number => Math.min(Number.parseInt(this.word(at), 16), MAX_UINT48);
  bigint = (at: number): bigint => BigInt(`0x${this.word(at)}`);
  address = (at: number): string => `0x${this.topic(at).slice(24)}`;
  side = (at: number) => sideFromCode(this.number(this.word(at), 1));

  /** `bytes` whose offset stands in word `at`. */
  bytes(at: number): string {
    const { from, length } = this.#dynamic(at);
    const bytes = this.#log.data.slice(from, from + length * 2);
    if (bytes.length !== length * 2) throw new DecodeError(this.#log, 'the data end within bytes');
    return `0x${bytes}`;
  }

  /** `string` whose offset stands in word `at`: one line, without what would move a cursor. */
  line(at: number): string {
    const text = Buffer.from(this.bytes(at).slice(2), 'hex').toString('utf8');
    return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, MAX_LINE);
  }

  /** Text in 32 bytes, filled up with zeros. */
  topicText(at: number): string {
    return Buffer.from(this.topic(at), 'hex').toString('latin1').replaceAll('\0', '');
  }

  /** `uint32[]` whose offset stands in word `at`. */
  uint32s(at: number): number[] {
    const { from, length } = this.#dynamic(at);
    const first = (from - 2) / 64;
    // Checked before the list is made: the length comes from outside.
    if (length > 0) this.word(first + length - 1);
    return Array.from({ length }, (_, index) => this.uint32(first + index));
  }

  #dynamic(at: number): { from: number; length: number } {
    const offset = this.uint32(at);
    if (offset % 32 !== 0) throw new DecodeError(this.#log, 'an offset is not at a word');
    return { from: 2 + (offset + 32) * 2, length: this.uint32(offset / 32) };
  }
}

/** What the contract takes of a reason. */
const MAX_LINE = 200;

type Body = MarketEvent extends infer E
  ? E extends MarketEvent
    ? Omit<E, 'blockNumber' | 'logIndex' | 'transactionHash'>
    : never
  : never;
type Reader = { contract: keyof MarketContracts; read: (w: Words) => Body };

const READERS: ReadonlyMap<string, Reader> = new Map(
  (
    [
      [
        'assets',
        'AssetAdded(address,uint32,uint32,uint8,uint32,uint32,uint48,uint32)',
        (w) => ({
          kind: 'asset-added',
          owner: w.address(1),
          assetId: w.topic32(2),
          feeder: w.uint32(0),
          side: w.side(1),
          firstInterval: w.uint32(2),
          lastInterval: w.uint32(3),
          energyWs: w.uint48(4),
          maxPowerW: w.uint32(5),
        }),
      ],
      [
        'assets',
        'FinancialAdded(address,uint64)',
        (w) => ({ kind: 'financial-added', owner: w.address(1), amountMicro: w.bigint(0) }),
      ],
      [
        'assets',
        'EnergyDeposited(address,uint32,uint48)',
        (w) => ({
          kind: 'energy-deposited',
          owner: w.address(1),
          assetId: w.topic32(2),
          energyWs: w.uint48(0),
        }),
      ],
      [
        'assets',
        'FinancialDeposited(address,uint64)',
        (w) => ({ kind: 'financial-deposited', owner: w.address(1), amountMicro: w.bigint(0) }),
      ],
      [
        'matching',
        'OfferPosted(uint32,address,uint32,uint32,uint8,uint32,uint32,uint48,uint32,uint32)',
        (w) => ({
          kind: 'offer-posted',
          offerId: w.topic32(1),
          owner: w.address(2),
          assetId: w.topic32(3),
          feeder: w.uint32(0),
          side: w.side(1),
          firstInterval: w.uint32(2),
          lastInterval: w.uint32(3),
          energyWs: w.uint48(4),
          maxPowerW: w.uint32(5),
          priceMicroPerKwh: w.uint32(6),
        }),
      ],
      [
        'matching',
        'OfferClosed(uint32,address,uint48,uint64)',
        (w) => ({
          kind: 'offer-closed',
          offerId: w.topic32(1),
          owner: w.address(2),
          energyWs: w.uint48(0),
          moneyMicro: w.bigint(1),
        }),
      ],
      [
        'matching',
        'CandidateChunk(uint32,uint32,bytes)',
        (w) => ({
          kind: 'candidate-chunk',
          solutionId: w.topic32(1),
          interval: w.topic32(2),
          trades: w.bytes(0),
        }),
      ],
      [
        'matching',
        'CandidateAccepted(uint32,address,uint32,uint64,uint64,uint128)',
        (w) => ({
          kind: 'candidate-accepted',
          solutionId: w.topic32(1),
          solver: w.address(2),
          firstInterval: w.uint32(0),
          homeEnergyWs: w.bigint(1),
          utilityEnergyWs: w.bigint(2),
          welfare: w.bigint(3),
        }),
      ],
      [
        'matching',
        'SolutionFinalized(uint32,address,bytes)',
        (w) => ({
          kind: 'solution-finalized',
          interval: w.topic32(1),
          solver: w.address(2),
          trades: w.bytes(0),
        }),
      ],
      [
        'matching',
        'TradesVoided(uint32,uint32[])',
        (w) => ({ kind: 'trades-voided', interval: w.topic32(1), positions: w.uint32s(0) }),
      ],
      [
        'matching',
        'IntervalSettled(uint32)',
        (w) => ({ kind: 'interval-settled', interval: w.topic32(1) }),
      ],
      [
        'matching',
        'RewardPaid(uint32,address,address,uint64)',
        (w) => ({
          kind: 'reward-paid',
          interval: w.topic32(1),
          solver: w.address(2),
          amountMicro: w.bigint(1),
        }),
      ],
      [
        'microgrid',
        'FeederLimitsSet(uint32,uint32,uint64,uint64)',
        (w) => ({
          kind: 'feeder-limits-set',
          feeder: w.topic32(1),
          fromInterval: w.uint32(0),
          internalLimitW: w.watts(1),
          externalLimitW: w.watts(2),
        }),
      ],
      [
        'microgrid',
        'TariffSet(uint32,uint32[],uint32[])',
        (w) => ({
          kind: 'tariff-set',
          fromInterval: w.uint32(0),
          useMicroPerKwh: w.uint32s(1),
          feedInMicroPerKwh: w.uint32s(2),
        }),
      ],
      [
        'microgrid',
        'Suspended(uint32,uint32,uint32)',
        (w) => ({
          kind: 'suspended',
          feeder: w.topic32(1),
          firstInterval: w.uint32(0),
          lastInterval: w.uint32(1),
        }),
      ],
      [
        'microgrid',
        'FeederCeilingSet(uint32,uint64,uint64)',
        (w) => ({
          kind: 'feeder-ceiling-set',
          feeder: w.topic32(1),
          internalLimitW: w.watts(0),
          externalLimitW: w.watts(1),
        }),
      ],
      [
        'microgrid',
        'Paused(address,string)',
        (w) => ({ kind: 'paused', by: w.address(1), reason: w.line(0) }),
      ],
      ['microgrid', 'Resumed(address)', (w) => ({ kind: 'resumed', by: w.address(1) })],
      [
        'microgrid',
        'RoleSet(bytes32,address,bool)',
        (w) => ({
          kind: 'role-set',
          role: w.topicText(1),
          holder: w.address(2),
          isHeld: w.number(w.word(0), 1) === 1,
        }),
      ],
    ] as [keyof MarketContracts, string, (w: Words) => Body][]
  ).map(([contract, signature, read]) => [id(signature), { contract, read }]),
);

/** The signatures this file reads, for a test against the ABIs. */
export function readTopics(): string[] {
  return [...READERS.keys()];
}

/**
 * One log as an event; null for events that no follower needs and for other contracts.
 * @throws DecodeError when the data do not fit the event
 */
export function decodeLog(raw: RawLog, contracts: MarketContracts): MarketEvent | null {
  const reader = READERS.get(raw.topics[0] ?? '');
  if (reader === undefined) return null;
  if (contracts[reader.contract].toLowerCase() !== raw.address) return null;
  const { blockNumber, logIndex, transactionHash } = raw;
  return { ...reader.read(new Words(raw)), blockNumber, logIndex, transactionHash } as MarketEvent;
}
