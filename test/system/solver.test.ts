/**
 * The solver on a real chain with the real contracts: it is cut off again and again and starts anew
 * from its outbox and the log; and two of them share a market without harm.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Interface } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MATCHING_ABI } from '../../chain/abi.ts';
import { addFinancialBalanceCall } from '../../chain/calls.ts';
import { LogFollower } from '../../chain/follower.ts';
import { askingOutbox } from '../../chain/outbox.ts';
import { OUTBOX_DAYS_SQL, OUTBOX_SQL, SqlOutboxStore } from '../../chain/outbox-store.ts';
import { clearTransport } from '../../host/http-transport.ts';
import type { Log, Sql } from '../../host/ports.ts';
import { openSql } from '../../host/sqlite.ts';
import { closeOf, type MarketCalendar, startOf } from '../../market/intervals.ts';
import { RpcSolverChain } from '../../solver/chain-reads.ts';
import { SolverLoop } from '../../solver/loop.ts';
import { DAY_BASE, type DayOffer, dayOffer } from '../../studies/day-offers.ts';
import { hindsightKwSlots } from '../../studies/hindsight.ts';
import { auditChain, type ChainAudit } from '../../studies/replay/chain-audit.ts';
import { OfferPoster } from '../../studies/replay/offer-poster.ts';
import { CHAIN_ID, ReplayMarket, Sender } from '../../studies/replay/replay-market.ts';
import { laxPolicy } from '../chain/lax-policy.ts';

const test = suite('system/solver');

const CALENDAR: MarketCalendar = {
  intervalSeconds: 900,
  clearIntervals: 1,
  leadSeconds: 60,
  quietSeconds: 300,
  horizonIntervals: 5,
};
const LIMITS = { internalLimitW: 5000, externalLimitW: 4000 };
const FIRST = 40;
const INTERVALS = 6;
const POLL_SECONDS = 5;
const MATCHING = new Interface(MATCHING_ABI);
const SILENT: Log = { info: () => {}, warn: () => {}, error: () => {} };

/** Two producers, one with a battery, on feeder 1; buyers on both feeders. */
function offers(): DayOffer[] {
  const list: DayOffer[] = [];
  const add = (home: string, feeder: number, kw: number, first: number, last = first) => {
    const side = kw > 0 ? 'sell' : 'buy';
    const facts = { home, feeder, side, first, last, powerW: Math.abs(kw) * 1000 } as const;
    list.push(dayOffer(list.length + 1, facts));
  };
  for (let at = 0; at < INTERVALS; at++) {
    add('sun', 1, 3 + at, FIRST + at);
    if (at < 3) add('battery', 1, 4, FIRST + at, FIRST + INTERVALS - 1);
    for (let home = 0; home < 4; home++) add(`home-${home}`, 1 + (home % 2), -1 - home, FIRST + at);
  }
  return list;
}

async function withMarket(
  work: (market: ReplayMarket, folder: string) => Promise<void>,
  rewardMicroPerKwh = 0,
) {
  const folder = mkdtempSync(join(tmpdir(), 'transax-solver-'));
  const market = await ReplayMarket.open({
    calendar: CALENDAR,
    feeders: 2,
    limits: LIMITS,
    rewardMicroPerKwh,
    startsAt: startOf(CALENDAR, DAY_BASE + FIRST - 1) - 30,
    openTransport: (origin) => clearTransport({ origins: [origin] }),
  });
  try {
    await work(market, folder);
  } finally {
    await market.close();
    rmSync(folder, { recursive: true });
  }
}

function startSolver(market: ReplayMarket, file: string, name: string, rewardMicroPerKwh = 0) {
  const { rpc, contracts, clock } = market;
  const finality = { kind: 'instant' } as const;
  const sql: Sql = openSql(file, { migrations: [OUTBOX_SQL, OUTBOX_DAYS_SQL] });
  const loop = new SolverLoop(
    {
      contracts,
      calendar: CALENDAR,
      minTradeWs: 1,
      minGainWs: 0,
      maxTradesPerChunk: 500,
      stakeMicro: 1n,
      rewardMicroPerKwh,
      pollSeconds: POLL_SECONDS,
      pauseSeconds: 0,
    },
    {
      clock,
      log: SILENT,
      key: new Sender(name).key,
      feed: new LogFollower({ rpc, chainId: CHAIN_ID, contracts, fromBlock: 0, finality }),
      outbox: askingOutbox({
        store: new SqlOutboxStore(sql),
        rpcFor: () => rpc,
        chainId: CHAIN_ID,
        finality,
        clock,
        policy: laxPolicy,
      }),
      chain: new RpcSolverChain(rpc, contracts),
    },
  );
  return { loop, sql };
}

async function grantStake(market: ReplayMarket, name: string): Promise<void> {
  const to = new Sender(name).address;
  const { contracts, granter } = market;
  const call = addFinancialBalanceCall(contracts, to, contracts.matching, 1n);
  await market.send([{ from: granter, call }]);
  await market.settle('set-up');
}

/** One interval after the other: offers, some steps, gate closure, some steps. */
async function playDay(market: ReplayMarket, step: () => Promise<void>): Promise<void> {
  const poster = new OfferPoster(market);
  const waiting = offers();
  for (let at = 0; at < INTERVALS; at++) {
    const current = DAY_BASE + FIRST - 1 + at;
    market.advanceTo(startOf(CALENDAR, current));
    const seen = current + CALENDAR.horizonIntervals - 1;
    const due = waiting.filter(({ firstInterval }) => firstInterval <= seen);
    waiting.splice(0, waiting.length, ...waiting.filter((offer) => !due.includes(offer)));
    await poster.post(due);
    for (let steps = 0; steps < 6; steps++) await step();
    market.advanceTo(closeOf(CALENDAR, current + 1));
    for (let steps = 0; steps < 4; steps++) await step();
  }
  market.advanceTo(startOf(CALENDAR, DAY_BASE + FIRST + INTERVALS) + POLL_SECONDS);
  for (let steps = 0; steps < 6; steps++) await step();
}

function auditDay({ rpc, contracts }: ReplayMarket): Promise<ChainAudit> {
  const lastInterval = DAY_BASE + FIRST + INTERVALS - 1;
  return auditChain(rpc, contracts, { intervalSeconds: 900, lastInterval });
}

/** Offers of a single interval that traded and are not closed. */
function unsettledOf({ finals, openOffers }: ChainAudit): number[] {
  const traded = new Set(finals.flatMap(({ trades }) => trades.flatMap((t) => [t.askId, t.bidId])));
  const single = offers().filter((offer) => offer.firstInterval === offer.lastInterval);
  return openOffers.filter((id) => traded.has(id) && single.some((offer) => offer.id === id));
}

const signal = new AbortController().signal;

test('a solver that is cut off before and after each block loses nothing', async () => {
  await withMarket(async (market, folder) => {
    await grantStake(market, 'solver');
    const file = join(folder, 'solver.db');
    let starts = 0;
    await playDay(market, async () => {
      const { loop, sql } = startSolver(market, file, 'solver');
      starts++;
      await loop.step(signal);
      // What it signed is on disk and with the chain, and nothing else is left of it.
      sql.close();
      await market.settle('solutions');
    });
    const audit = await auditDay(market);
    const optimum = await hindsightKwSlots(offers(), LIMITS);
    assert.ok(starts >= 60);
    assert.is(audit.finalizedIntervals, INTERVALS);
    assert.is(audit.limitViolations + audit.offerViolations + audit.moneyViolations, 0);
    assert.is(audit.tradedKwSlots, optimum);
    assert.equal(unsettledOf(audit), [], 'settled through every restart');
    const sql = openSql(file, { migrations: [OUTBOX_SQL, OUTBOX_DAYS_SQL] });
    try {
      const states = sql.all('SELECT DISTINCT state FROM outbox').map(({ state }) => state);
      assert.equal(states, ['mined'], 'nothing was refused, doubled or left over');
    } finally {
      sql.close();
    }
  });
});

test('two solvers make one market, and each interval final once', async () => {
  await withMarket(async (market, folder) => {
    for (const name of ['one', 'two']) await grantStake(market, name);
    const solvers = ['one', 'two'].map((name) =>
      startSolver(market, join(folder, `${name}.db`), name),
    );
    await playDay(market, async () => {
      for (const { loop } of solvers) await loop.step(signal);
      await market.settle('solutions');
    });
    const audit = await auditDay(market);
    assert.is(audit.finalizedIntervals, INTERVALS);
    assert.is(audit.limitViolations + audit.offerViolations + audit.moneyViolations, 0);
    assert.equal(unsettledOf(audit), []);
    assert.is(audit.tradedKwSlots, await hindsightKwSlots(offers(), LIMITS));
    const counts = solvers.map(({ loop }) => loop.statistics);
    assert.ok(counts.reduce((sum, { accepted }) => sum + accepted, 0) > 0);
    for (const { sql } of solvers) sql.close();
  });
});

test('a solver that announces is paid for what it raised', async () => {
  const microPerKwh = 1000;
  const work = async (market: ReplayMarket, folder: string) => {
    await grantStake(market, 'solver');
    await fundRewards(market, 1_000_000n);
    const solver = startSolver(market, join(folder, 'solver.db'), 'solver', microPerKwh);
    await playDay(market, async () => {
      await solver.loop.step(signal);
      await market.settle('solutions');
    });
    solver.sql.close();
    const audit = await auditDay(market);
    assert.is(audit.tradedKwSlots, await hindsightKwSlots(offers(), LIMITS));
    for (const { interval, trades } of audit.finals) {
      const finalWs = 900n * BigInt(trades.reduce((sum, { powerW }) => sum + powerW, 0));
      const rewardMicro = (finalWs * BigInt(microPerKwh)) / 3_600_000n;
      const { highestWs, ownWs, ...credit } = await creditOf(market, interval, 'solver');
      assert.ok(finalWs > 0n);
      assert.equal([ownWs, credit.rewardMicro], [highestWs, rewardMicro], `interval ${interval}`);
    }
  };
  await withMarket(work, microPerKwh);
});

async function fundRewards(market: ReplayMarket, amountMicro: bigint): Promise<void> {
  const { contracts, granter } = market;
  const from = new Sender('funder');
  const to = contracts.matching;
  const data = MATCHING.encodeFunctionData('fundRewards', [amountMicro]);
  await market.send([
    { from: granter, call: addFinancialBalanceCall(contracts, from.address, to, amountMicro) },
    { from, call: { to, data, gasLimit: 300_000, kind: 'fundRewards' } },
  ]);
  await market.settle('set-up');
}

async function creditOf({ rpc, contracts }: ReplayMarket, interval: number, solver: string) {
  const data = MATCHING.encodeFunctionData('creditOf', [interval, new Sender(solver).address]);
  const answer = await rpc.ethCall({ to: contracts.matching, data });
  const credit = MATCHING.decodeFunctionResult('creditOf', answer);
  const [highestWs, , ownWs, rewardMicro] = credit.map((value) => BigInt(value));
  return { highestWs, ownWs, rewardMicro };
}

test.run();
