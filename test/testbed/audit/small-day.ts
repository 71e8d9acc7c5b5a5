/**
 * A small day on a real chain for the audit's tests: two homes on two feeders trade in one
 * interval, a third offer stays open, one solution is refused. Collected once; the chain is gone
 * afterwards.
 */
import {
  bytesOf,
  chunk,
  closeOf,
  postOffers,
  refusal,
  stakeSolver,
  startOf,
  submit,
} from '../../../contracts/test/trading.ts';
import { C, openWorld, START, type World } from '../../../contracts/test/world.ts';
import type { AuditedHome } from '../../../testbed/audit/audit.ts';
import { type ChainRecord, collectChain, fetchLogs } from '../../../testbed/audit/collect.ts';
import { type Contracts, type RawLog, readMarketLog } from '../../../testbed/audit/market-log.ts';
import { RawChain } from '../../../testbed/audit/raw-chain.ts';

/** The interval that is traded. */
export const TRADED = C + 1;
export const TRADED_W = 1500;

export interface SmallDay {
  record: ChainRecord;
  logs: RawLog[];
  contracts: Contracts;
  homes: AuditedHome[];
  homeByAddress: Map<string, string>;
}

let day: Promise<SmallDay> | null = null;

/** The same facts for every test of a process; they must not be changed. */
export function smallDay(): Promise<SmallDay> {
  day ??= runDay();
  return day;
}

/** The record as it would be if the log were this one. */
export function recordOf(facts: SmallDay, logs: RawLog[]): ChainRecord {
  return { ...facts.record, log: readMarketLog(logs, facts.contracts, 12) };
}

async function runDay(): Promise<SmallDay> {
  const feeders = [
    [2000, 1500],
    [2000, 1500],
  ] as const;
  const world = await openWorld({ feeders });
  try {
    const owners = await trade(world);
    const rpc = world.anvil.url;
    const record = await collectChain(rpc, world.address, 0);
    const raw = new RawChain(rpc);
    const head = Number(await raw.call('eth_blockNumber', []));
    const logs = await fetchLogs(raw, world.address, 0, head);
    const homeByAddress = new Map(owners.map(([address, home]) => [address.toLowerCase(), home]));
    return { record, logs, contracts: world.address, homes: homesOfDay(), homeByAddress };
  } finally {
    await world.close();
  }
}

async function trade(world: World): Promise<[address: string, home: string][]> {
  await stakeSolver(world);
  const [ask, bid, open] = await postOffers(
    world,
    [
      { feeder: 1, side: 'sell', first: TRADED, powerW: 1800, priceMicroPerKwh: 100_003 },
      { feeder: 2, side: 'buy', first: TRADED, powerW: TRADED_W, priceMicroPerKwh: 300_000 },
      { feeder: 2, side: 'buy', first: TRADED, last: C + 5, powerW: 700 },
    ],
    START + 30,
  );
  if (!ask || !bid || !open) throw new Error('three offers were posted');
  await submit(world, [chunk(TRADED, [[ask, bid, TRADED_W]])]);
  await refusal(world, [chunk(TRADED, [[ask, bid, 1000]])]);
  const finalize = [TRADED, bytesOf([[ask, bid, TRADED_W]])];
  await world.send(world.solver, 'matching', 'finalize', finalize, closeOf(TRADED));
  const settle = [TRADED, bytesOf([[ask, bid, TRADED_W]]), [], 10];
  await world.send(world.solver, 'matching', 'settle', settle, startOf(TRADED + 1));
  await world.send(ask.owner, 'assets', 'depositEnergy', [ask.assetId]);
  await world.send(ask.owner, 'assets', 'depositFinancial', [50_000n]);
  return [
    [ask.owner.address, 'seller'],
    [bid.owner.address, 'buyer'],
    [open.owner.address, 'idle'],
  ];
}

/** The seller keeps its word, the buyer misses a tenth, the third home has no part in it. */
function homesOfDay(): AuditedHome[] {
  const soldWs = TRADED_W * 900;
  const decidedAtMs = startOf(TRADED) * 1000 - 1;
  return [
    {
      name: 'seller',
      feeder: 1,
      hasBattery: true,
      intervals: [{ interval: TRADED, importedWs: 0, exportedWs: soldWs - 90_000 }],
      relaySwitches: 1,
      schedule: [{ interval: TRADED, committedW: -TRADED_W, untradedW: 100, decidedAtMs }],
    },
    {
      name: 'buyer',
      feeder: 2,
      hasBattery: false,
      intervals: [{ interval: TRADED, importedWs: 1.1 * soldWs, exportedWs: 0 }],
      relaySwitches: 3,
      schedule: [{ interval: TRADED, committedW: TRADED_W, untradedW: 0, decidedAtMs }],
    },
    {
      name: 'idle',
      feeder: 2,
      hasBattery: true,
      intervals: [{ interval: TRADED, importedWs: 90_000, exportedWs: 0 }],
      relaySwitches: 0,
      schedule: [],
    },
  ];
}
