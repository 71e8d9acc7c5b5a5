import { AbiCoder, id } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type AuditReport, judge } from '../../../testbed/audit/audit.ts';
import type { ChainRecord } from '../../../testbed/audit/collect.ts';
import { type RawLog, readMarketLog } from '../../../testbed/audit/market-log.ts';
import { recordOf, type SmallDay, smallDay, TRADED, TRADED_W } from './small-day.ts';

const test = suite('audit');

const FINALIZED = id('SolutionFinalized(uint32,address,bytes)');
const POSTED = id(
  'OfferPosted(uint32,address,uint32,uint32,uint8,uint32,uint32,uint48,uint32,uint32)',
);
const CLOSED = id('OfferClosed(uint32,address,uint48,uint64)');
const CANDIDATE = id('CandidateChunk(uint32,uint32,bytes)');
const LIMITS = id('FeederLimitsSet(uint32,uint32,uint64,uint64)');

/** Figures that must be zero. */
const FAULTS = [
  'limitViolations',
  'energyCreatedWs',
  'moneyCreatedMicro',
  'moneyLostMicro',
  'ruleViolations',
  'scheduleFaults',
] as const;
type Fault = (typeof FAULTS)[number];

function report(day: SmallDay, record: ChainRecord = day.record, homes = day.homes): AuditReport {
  const { homeByAddress } = day;
  return judge(record, { firstInterval: TRADED, lastInterval: TRADED, homes, homeByAddress });
}

function faultsOf(figures: AuditReport): Partial<Record<Fault, number>> {
  return Object.fromEntries(
    FAULTS.filter((key) => figures[key] !== 0).map((key) => [key, figures[key]]),
  );
}

/** The faults that are found when logs of one event are changed. */
async function faultsAfter(
  topic: string,
  change: (log: RawLog) => RawLog[],
): Promise<Partial<Record<Fault, number>>> {
  const day = await smallDay();
  const logs = day.logs.flatMap((log) => (log.topics[0] === topic ? change(log) : [log]));
  assert.not.equal(logs, day.logs, 'something was changed');
  return faultsOf(report(day, recordOf(day, logs)));
}

function withTrades(log: RawLog, trades: [ask: number, bid: number, powerW: number][]): RawLog {
  const digits = trades.flat().map((value) => value.toString(16).padStart(8, '0'));
  const data = AbiCoder.defaultAbiCoder().encode(['bytes'], [`0x${digits.join('')}`]);
  return { ...log, data };
}

/** The log with one word of its data replaced. */
function withWord(log: RawLog, word: number, change: (value: bigint) => bigint): RawLog {
  const at = 2 + word * 64;
  const value = change(BigInt(`0x${log.data.slice(at, at + 64)}`));
  const digits = value.toString(16).padStart(64, '0');
  return { ...log, data: log.data.slice(0, at) + digits + log.data.slice(at + 64) };
}

test('a day on a real chain has no faults, and its figures are right', async () => {
  const figures = report(await smallDay());
  assert.equal(faultsOf(figures), {});
  assert.equal(figures.findings, []);
  assert.is(figures.finalizedIntervals, 1);
  assert.is(figures.settledIntervals, 1);
  assert.is(figures.trades, 1);
  assert.is(figures.tradedKwh, 0.375);
  assert.is(figures.homesThatNeverTraded, 1);
  assert.is(figures.relaySwitches, 4);
  assert.is(figures.rejectedSolutions, 1);
  // Offers were posted in one block, the solution came in the next.
  assert.is(figures.p90PostToTradeBlocks, 1);
  assert.ok((figures.gasPerTrade ?? 0) > 500_000);
  assert.is(figures.gasTotal, figures.gasPerTrade);
});

test('the error of following is what was traded and not kept, over what was traded', async () => {
  const day = await smallDay();
  // The seller fed in 1,400 of 1,500 W, the buyer drew 150 W more than it bought.
  const figures = report(day);
  assert.ok(Math.abs((figures.commitmentErrorPercent ?? 0) - (100 * 100) / 3000) < 1e-9);
  assert.ok(Math.abs((figures.commitmentErrorWithBatteryPercent ?? 0) - 100 / 15) < 1e-9);
});

test('what a home writes down only after the start of an interval is a fault', async () => {
  const day = await smallDay();
  const homes = day.homes.map((home) => ({
    ...home,
    schedule: home.schedule.map((row) => ({ ...row, decidedAtMs: TRADED * 900_000 })),
  }));
  const figures = report(day, day.record, homes);
  assert.is(figures.scheduleFaults, 2);
});

test('a journal that names another commitment than the log is found', async () => {
  const day = await smallDay();
  const homes = day.homes.map((home) => ({
    ...home,
    schedule: home.schedule.map((row) => ({ ...row, committedW: row.committedW + 1 })),
  }));
  assert.equal(faultsOf(report(day, day.record, homes)), { scheduleFaults: 2 });
});

test('metered flows above a limit are overloads, not violations', async () => {
  const day = await smallDay();
  const homes = day.homes.map((home) => ({
    ...home,
    intervals: [{ interval: TRADED, importedWs: 1501 * 900, exportedWs: 0 }],
  }));
  const figures = report(day, day.record, homes);
  // Feeder 1 with one home at 1501 W, feeder 2 with two.
  assert.is(figures.physicalOverloads, 2);
  assert.is(figures.limitViolations, 0);
  assert.is(report(day).physicalOverloads, 1, 'the buyer takes 1650 W and the idle home 100 W');
});

test('a limit broken by 1 W is found: external, then internal', async () => {
  const external = await faultsAfter(LIMITS, (log) => [
    withWord(log, 2, () => BigInt(TRADED_W - 1)),
  ]);
  assert.equal(external, { limitViolations: 2 });
  const internal = await faultsAfter(LIMITS, (log) => [
    withWord(log, 1, () => BigInt(TRADED_W - 1)),
  ]);
  assert.equal(internal, { limitViolations: 2 });
});

test('limits set anew count only from their interval on', async () => {
  const later = await faultsAfter(LIMITS, (log) => [
    log,
    withWord(
      withWord(log, 2, () => 1n),
      0,
      () => BigInt(TRADED + 1),
    ),
  ]);
  assert.equal(later, {});
});

test('one watt more than an offer has is found as energy and money', async () => {
  const faults = await faultsAfter(FINALIZED, (log) => [withTrades(log, [[1, 2, TRADED_W + 1]])]);
  // Energy of the bid, power of the bid and of its asset; the limit too.
  assert.ok((faults.energyCreatedWs ?? 0) >= 900);
  assert.is(faults.limitViolations, 2);
  assert.ok((faults.moneyCreatedMicro ?? 0) > 0 && (faults.moneyLostMicro ?? 0) > 0);
});

test('a trade of an offer that does not exist counts whole', async () => {
  const faults = await faultsAfter(FINALIZED, (log) => [
    withTrades(log, [
      [1, 2, TRADED_W],
      [99, 2, 10],
    ]),
  ]);
  assert.ok((faults.energyCreatedWs ?? 0) >= 9000);
});

test('ask and bid the wrong way round count whole', async () => {
  const faults = await faultsAfter(FINALIZED, (log) => [withTrades(log, [[2, 1, TRADED_W]])]);
  assert.ok((faults.energyCreatedWs ?? 0) >= TRADED_W * 900);
});

test('an interval that becomes final twice is found', async () => {
  const day = await smallDay();
  const logs = day.logs.flatMap((log) => (log.topics[0] === FINALIZED ? [log, log] : [log]));
  const figures = report(day, recordOf(day, logs));
  assert.ok(figures.energyCreatedWs >= TRADED_W * 900);
  assert.ok(figures.findings.some((finding) => finding.includes('a second time')));
});

test('a trade outside the intervals of its offer is found', async () => {
  const outside = `0x${(TRADED + 1).toString(16).padStart(64, '0')}`;
  const faults = await faultsAfter(FINALIZED, (log) => [
    { ...log, topics: [FINALIZED, outside, log.topics[2] ?? ''] },
  ]);
  assert.ok((faults.energyCreatedWs ?? 0) >= TRADED_W * 900);
  assert.is(faults.ruleViolations, 1, 'and it was not final in its time');
});

test('an offer of more than was granted is found', async () => {
  const faults = await faultsAfter(POSTED, (log) =>
    Number(log.topics[1]) === 1 ? [withWord(log, 4, (value) => value + 5n)] : [log],
  );
  assert.is(faults.energyCreatedWs, 5);
});

test('trades that became final before gate closure or after the start are found', async () => {
  const day = await smallDay();
  const finalIn = day.record.log.finalizations[0]?.blockNumber ?? 0;
  const at = (unixSeconds: number) => {
    const blockTimes = new Map(day.record.blockTimes).set(finalIn, unixSeconds);
    return faultsOf(report(day, { ...day.record, blockTimes }));
  };
  const start = TRADED * 900;
  assert.equal([at(start - 60), at(start - 1)], [{}, {}]);
  assert.equal([at(start - 61), at(start)], [{ ruleViolations: 1 }, { ruleViolations: 1 }]);
});

test('prices that do not meet are found', async () => {
  const faults = await faultsAfter(POSTED, (log) =>
    Number(log.topics[1]) === 1 ? [withWord(log, 6, () => 300_001n)] : [log],
  );
  assert.is(faults.ruleViolations, 1);
});

test('money that an offer gives back too much by one millionth is found', async () => {
  const faults = await faultsAfter(CLOSED, (log) =>
    Number(log.topics[1]) === 2 ? [withWord(log, 1, (value) => value + 1n)] : [log],
  );
  assert.is(faults.moneyCreatedMicro, 2, 'at the offer, and in the market, which still has it');
});

test("a settlement that gives one offer what is another one's is found", async () => {
  const day = await smallDay();
  const logs = day.logs.map((log) => {
    if (log.topics[0] !== CLOSED) return log;
    const more = Number(log.topics[1]) === 2 ? 7n : -7n;
    return withWord(log, 1, (value) => value + more);
  });
  const record = recordOf(day, logs);
  // The addresses hold what they were given: only the trades tell that it was wrong.
  const balances = new Map(record.balances);
  for (const [offerId, more] of [
    [1, -7n],
    [2, 7n],
  ] as const) {
    const owner = record.log.offers.get(offerId)?.owner ?? '';
    balances.set(owner, (balances.get(owner) ?? 0n) + more);
  }
  const faults = faultsOf(report(day, { ...record, balances }));
  assert.equal(faults, { moneyCreatedMicro: 7, moneyLostMicro: 7 });
});

test('an offer that a settlement leaves out, or that is closed too early, is found', async () => {
  const left = await faultsAfter(CLOSED, (log) => (Number(log.topics[1]) === 2 ? [] : [log]));
  assert.is(left.ruleViolations, 1);
  const day = await smallDay();
  const closedIn = day.record.log.closed[0]?.blockNumber ?? 0;
  const blockTimes = new Map(day.record.blockTimes).set(closedIn, (TRADED + 1) * 900 - 1);
  const early = faultsOf(report(day, { ...day.record, blockTimes }));
  assert.equal(early, { ruleViolations: 2 }, 'both offers');
});

test('rewards beyond what was funded are found', async () => {
  const day = await smallDay();
  const topics = [id('RewardPaid(uint32,address,address,uint64)'), CLOSED, CLOSED];
  const to = [...day.record.balances.keys()][0] ?? '';
  const data = AbiCoder.defaultAbiCoder().encode(['address', 'uint64'], [to, 5n]);
  const first = day.logs.find((log) => log.topics[0] === CLOSED);
  if (first === undefined) throw new Error('offers were closed');
  const record = recordOf(day, [...day.logs, { ...first, topics, data }]);
  const balances = new Map(record.balances).set(to, (record.balances.get(to) ?? 0n) + 5n);
  const marketMicro = record.marketMicro - 5n;
  const faults = faultsOf(report(day, { ...record, balances, marketMicro }));
  assert.equal(faults, { moneyCreatedMicro: 5 });
});

test('money that is missing in the market, or too much there, is found', async () => {
  const day = await smallDay();
  const marketMicro = day.record.marketMicro - 1n;
  assert.equal(faultsOf(report(day, { ...day.record, marketMicro })), { moneyLostMicro: 1 });
});

test('one millionth too much or too little at an address or in an offer is found', async () => {
  const day = await smallDay();
  const [address, held] = [...day.record.balances].find(([, amount]) => amount > 0n) ?? ['', 0n];
  const balances = new Map(day.record.balances).set(address, held + 1n);
  assert.equal(faultsOf(report(day, { ...day.record, balances })), { moneyCreatedMicro: 1 });
  const escrow = day.record.offerMoney.get(3) ?? 0n;
  assert.is(escrow, 35_000n);
  const offerMoney = new Map([[3, escrow - 1n]]);
  assert.equal(faultsOf(report(day, { ...day.record, offerMoney })), { moneyLostMicro: 1 });
});

test('a voided trade is no trade', async () => {
  const day = await smallDay();
  const interval = `0x${TRADED.toString(16).padStart(64, '0')}`;
  const topics = [id('TradesVoided(uint32,uint32[])'), interval];
  const data = AbiCoder.defaultAbiCoder().encode(['uint32[]'], [[0]]);
  const logs = day.logs.flatMap((log) =>
    log.topics[0] === FINALIZED ? [{ ...log, topics, data }, log] : [log],
  );
  const figures = report(day, recordOf(day, logs));
  assert.is(figures.trades, 0);
  assert.is(figures.finalizedIntervals, 1);
  assert.ok(figures.moneyCreatedMicro > 0, 'but this chain has paid for it');
});

test('where trades carry a price, that price is paid and must lie within both', async () => {
  const day = await smallDay();
  const priced = (priceMicroPerKwh: number) => {
    const logs = day.logs.map((log) => {
      if (log.topics[0] !== FINALIZED) return log;
      const words = [1, 2, TRADED_W, priceMicroPerKwh];
      const digits = words.map((word) => word.toString(16).padStart(8, '0')).join('');
      return { ...log, data: AbiCoder.defaultAbiCoder().encode(['bytes'], [`0x${digits}`]) };
    });
    const untold = logs.filter((log) => log.topics[0] !== CANDIDATE);
    return faultsOf(report(day, { ...day.record, log: readMarketLog(untold, day.contracts, 16) }));
  };
  assert.equal(priced(200_001), {}, 'the midpoint of 100,003 and 300,000, rounded down');
  assert.is(priced(300_001).ruleViolations, 1);
});

test.run();
