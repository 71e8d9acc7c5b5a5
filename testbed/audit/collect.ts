/** All that the audit wants of the chain, fetched once: log, receipts, holdings at the end. */
import { id } from 'ethers';
import { type Contracts, type MarketLog, type RawLog, readMarketLog } from './market-log.ts';
import { AuditError, RawChain } from './raw-chain.ts';
import { argument, bigintAt, numberAt } from './words.ts';

export interface AuditedCalendar {
  intervalSeconds: number;
  clearIntervals: number;
  leadSeconds: number;
}

/** Transactions to `Assets` and `Matching`, refused ones included. */
export interface Traffic {
  gasUsed: number;
  /** Solutions, or parts of one, that the contract refused in a block. */
  rejectedSolutions: number;
}

export interface ChainRecord {
  calendar: AuditedCalendar;
  minTradeWs: number;
  log: MarketLog;
  /** Unix seconds of the blocks of finalizations and closings. */
  blockTimes: Map<number, number>;
  traffic: Traffic;
  /** Balance of every address that the log ever names, millionths. */
  balances: Map<string, bigint>;
  /** Money inside each offer that is not closed. */
  offerMoney: Map<number, bigint>;
  /** Money inside the market. */
  marketMicro: bigint;
}

const LOG_BLOCKS = 500;
/** Word of `moneyMicro` in the answer of `offers(uint32)`. */
const OFFER_MONEY_WORD = 9;

const selector = (signature: string): string => id(signature).slice(0, 10);
const CALENDAR = selector('calendar()');
const PARAMS = selector('params()');
const BALANCE = selector('balanceMicro(address)');
const OFFERS = selector('offers(uint32)');
const INSIDE = selector('insideMicro(address)');
const SOLUTION_CALLS = new Set([
  selector('submitSolution((uint32,(uint64,uint64,uint128),bytes)[])'),
  selector('openSolution()'),
  selector('addChunks(uint32,(uint32,(uint64,uint64,uint128),bytes)[])'),
  selector('commitSolution(uint32)'),
]);

/** @param fromBlock that of the deployment @throws AuditError 'chain' */
export async function collectChain(
  rpcUrl: string,
  contracts: Contracts,
  fromBlock: number,
): Promise<ChainRecord> {
  const chain = new RawChain(rpcUrl);
  const head = Number(await chain.call('eth_blockNumber', []));
  const tag = hex(head);
  const calendar = await read(chain, contracts.microgrid, CALENDAR, tag);
  const params = await read(chain, contracts.matching, PARAMS, tag);
  const inside = INSIDE + argument(contracts.matching);
  const logs = await fetchLogs(chain, contracts, fromBlock, head);
  const log = readMarketLog(logs, contracts, numberAt(params, 4) === 1 ? 16 : 12);
  return {
    calendar: {
      intervalSeconds: numberAt(calendar, 0),
      clearIntervals: numberAt(calendar, 1),
      leadSeconds: numberAt(calendar, 2),
    },
    minTradeWs: numberAt(params, 1),
    log,
    blockTimes: await fetchTimes(chain, log),
    traffic: await fetchTraffic(chain, contracts, fromBlock, head),
    balances: await fetchBalances(chain, contracts, log, tag),
    offerMoney: await fetchOfferMoney(chain, contracts, log, tag),
    marketMicro: bigintAt(await read(chain, contracts.assets, inside, tag), 0),
  };
}

async function read(chain: RawChain, to: string, data: string, tag: string): Promise<string> {
  return (await chain.call('eth_call', [{ to, data }, tag])) as string;
}

/** All logs of the three contracts, in the order of the chain. @throws AuditError 'chain' */
export async function fetchLogs(
  chain: RawChain,
  contracts: Contracts,
  fromBlock: number,
  head: number,
): Promise<RawLog[]> {
  const logs: RawLog[] = [];
  for (let from = fromBlock; from <= head; from += LOG_BLOCKS) {
    const filter = {
      address: [contracts.microgrid, contracts.assets, contracts.matching],
      fromBlock: hex(from),
      toBlock: hex(Math.min(head, from + LOG_BLOCKS - 1)),
    };
    logs.push(...((await chain.call('eth_getLogs', [filter])) as RawLog[]));
  }
  const order = (log: RawLog) => Number(log.blockNumber) * 1e6 + Number(log.logIndex);
  return logs.sort((a, b) => order(a) - order(b));
}

async function fetchTimes(chain: RawChain, log: MarketLog): Promise<Map<number, number>> {
  const dated = [...log.finalizations, ...log.closed];
  const numbers = [...new Set(dated.map(({ blockNumber }) => blockNumber))];
  const blocks = await chain.calls(
    'eth_getBlockByNumber',
    numbers.map((number) => [hex(number), false]),
  );
  return new Map(
    numbers.map((number, i) => [number, Number((blocks[i] as { timestamp: string }).timestamp)]),
  );
}

interface RawReceipt {
  to: string | null;
  status: string;
  gasUsed: string;
  transactionHash: string;
}

async function fetchTraffic(
  chain: RawChain,
  contracts: Contracts,
  fromBlock: number,
  head: number,
): Promise<Traffic> {
  const blocks = Array.from({ length: head - fromBlock + 1 }, (_, i) => [hex(fromBlock + i)]);
  const receipts = ((await chain.calls('eth_getBlockReceipts', blocks)) as RawReceipt[][]).flat();
  const matching = contracts.matching.toLowerCase();
  const assets = contracts.assets.toLowerCase();
  let gasUsed = 0;
  const refused: unknown[][] = [];
  for (const receipt of receipts) {
    const to = receipt.to?.toLowerCase();
    if (to !== matching && to !== assets) continue;
    gasUsed += Number(receipt.gasUsed);
    if (to === matching && Number(receipt.status) === 0) refused.push([receipt.transactionHash]);
  }
  const transactions = (await chain.calls('eth_getTransactionByHash', refused)) as {
    input: string;
  }[];
  const rejected = transactions.filter(({ input }) => SOLUTION_CALLS.has(input.slice(0, 10)));
  return { gasUsed, rejectedSolutions: rejected.length };
}

async function fetchBalances(
  chain: RawChain,
  contracts: Contracts,
  log: MarketLog,
  tag: string,
): Promise<Map<string, bigint>> {
  const addresses = [
    ...new Set([
      contracts.assets.toLowerCase(),
      contracts.matching.toLowerCase(),
      ...[...log.assets.values()].map(({ owner }) => owner),
      ...log.closed.map(({ owner }) => owner),
      ...log.money.map(({ address }) => address),
    ]),
  ];
  const answers = await chain.calls(
    'eth_call',
    addresses.map((address) => [{ to: contracts.assets, data: BALANCE + argument(address) }, tag]),
  );
  return new Map(addresses.map((address, i) => [address, bigintAt(text(answers[i]), 0)]));
}

async function fetchOfferMoney(
  chain: RawChain,
  contracts: Contracts,
  log: MarketLog,
  tag: string,
): Promise<Map<number, bigint>> {
  const closed = new Set(log.closed.map(({ offerId }) => offerId));
  const open = [...log.offers.keys()].filter((offerId) => !closed.has(offerId));
  const answers = await chain.calls(
    'eth_call',
    open.map((offerId) => [{ to: contracts.matching, data: OFFERS + argument(offerId) }, tag]),
  );
  return new Map(open.map((offerId, i) => [offerId, bigintAt(text(answers[i]), OFFER_MONEY_WORD)]));
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new AuditError('chain', 'eth_call answered with something other than bytes');
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
