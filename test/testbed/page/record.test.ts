/** The record of a run: what the page says must follow from the facts that were told. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { RecordedRun } from '../../../testbed/page/facts.ts';
import { CommunityRecord, RecordError, WINDOW_INTERVALS } from '../../../testbed/page/record.ts';
import type { TradeState } from '../../../testbed/page/state.ts';
import { CommunityDay, LARGE_DAY, SMALL_DAY } from '../../fixtures/community-day.ts';

const test = suite('testbed/page/record');

const KWH_WS = 3_600_000;
const RUN: RecordedRun = {
  name: 'Two homes',
  zone: 'Europe/Berlin',
  currency: null,
  intervalSeconds: 900,
  firstInterval: 1_000_000,
  intervalCount: 200,
  secondsPerInterval: 'max',
  isFollowing: true,
  feeders: [
    { id: 0, name: 'Feeder 1', internalLimitW: 3_000, externalLimitW: 2_000 },
    { id: 1, name: 'Feeder 2', internalLimitW: 3_000, externalLimitW: 2_000 },
  ],
  homes: [
    { id: 'a', name: 'A', feeder: 0, batteryCapacityWs: 5 * KWH_WS, hasSwitchedLoad: false },
    { id: 'b', name: 'B', feeder: 1, batteryCapacityWs: null, hasSwitchedLoad: true },
  ],
  tariff: () => ({ useMicroPerKwh: 300_000, feedInMicroPerKwh: 80_000 }),
};

function trade(interval: number, energyWs: number, seller = 'a', buyer = 'b'): TradeState {
  const reasons = { sellerReason: null, buyerReason: null };
  return { interval, seller, buyer, energyWs, priceMicroPerKwh: 190_000, ...reasons };
}

/** One interval in which A sold 1 kWh to B, who drew 0.8 kWh. */
function tellInterval(record: CommunityRecord, interval: number): void {
  record.finalized(interval, [trade(interval, KWH_WS)]);
  record.schedule('a', interval, -4_000, 0);
  record.schedule('b', interval, 4_000, -400);
  record.reading('a', interval, 0, KWH_WS);
  record.reading('b', interval, 0.8 * KWH_WS, 0);
  record.time((interval + 1) * 900_000);
}

test('totals follow from readings, schedules and trades', () => {
  const record = new CommunityRecord(RUN);
  tellInterval(record, RUN.firstInterval);
  const { totals } = record.state();
  assert.is(totals.trades, 1);
  assert.is(totals.tradedEnergyWs, KWH_WS);
  assert.is(totals.importedEnergyWs, 0.8 * KWH_WS);
  assert.is(totals.exportedEnergyWs, KWH_WS);
  assert.is(totals.coveredEnergyWs, 0.8 * KWH_WS, 'no more than was drawn');
  assert.is(totals.savedMicro, 220_000);
  assert.is(totals.endedIntervals, 1);
  assert.is(totals.finalizedIntervals, 1);
  // B took in 0.8 of the kWh that it bought; A's is kept.
  assert.ok(Math.abs((totals.commitmentErrorPercent ?? 0) - 10) < 1e-9);
});

test('who sells the supplier more, or draws more, than was traded has kept it', () => {
  const record = new CommunityRecord(RUN);
  const at = RUN.firstInterval;
  tellInterval(record, at);
  record.reading('a', at, 0, 1.5 * KWH_WS);
  record.reading('b', at, 1.7 * KWH_WS, 0);
  assert.is(record.state().totals.commitmentErrorPercent, 0);
});

test('trades above a limit are counted as violations, metered flows above it as overloads', () => {
  const record = new CommunityRecord(RUN);
  const [at] = [RUN.firstInterval];
  record.finalized(at, [trade(at, 2_000 * 900)]);
  assert.is(record.state().totals.limitViolations, 0, 'at the limit is within it');
  record.finalized(at, [trade(at, 2_001 * 900)]);
  assert.is(record.state().totals.limitViolations, 2, 'one out of, one into a feeder');
  record.finalized(at, [trade(at, 3_001 * 900), trade(at, 3_001 * 900, 'b', 'a')]);
  assert.is(record.state().totals.limitViolations, 2, 'internal limits, though the net is zero');
  record.reading('a', at, 0, 2_001 * 900);
  assert.is(record.state().totals.physicalOverloads, 1);
});

test('the same fact told twice counts once, and a corrected one replaces it', () => {
  const record = new CommunityRecord(RUN);
  tellInterval(record, RUN.firstInterval);
  const once = record.state();
  tellInterval(record, RUN.firstInterval);
  assert.equal(record.state(), once);
  record.reading('b', RUN.firstInterval, KWH_WS, 0);
  assert.is(record.state().totals.coveredEnergyWs, KWH_WS);
});

test('unknown is null, never zero', () => {
  const record = new CommunityRecord({ ...RUN, tariff: null });
  record.reading('a', RUN.firstInterval, 0, 900);
  const state = record.state();
  assert.is(state.neighbourhood.meteredW[0], null, 'a sum waits for all homes');
  assert.is(state.neighbourhood.tradedEnergyWs[0], null, 'not final yet');
  assert.is(state.homes[0]?.meteredW[0], -1);
  assert.is(state.homes[0]?.targetW[0], null);
  assert.is(state.homes[0]?.powerW, null);
  assert.is(state.homes[1]?.battery, null);
  assert.is(state.totals.savedMicro, null);
  assert.is(state.totals.rejectedSolutions, null);
  assert.is(state.totals.commitmentErrorPercent, null);
  record.finalized(RUN.firstInterval, []);
  assert.is(record.state().neighbourhood.tradedEnergyWs[0], 0, 'final and empty is zero');
});

test('intervals that leave the window stay in the totals', () => {
  const record = new CommunityRecord(RUN);
  for (let at = 0; at < 150; at++) tellInterval(record, RUN.firstInterval + at);
  const state = record.state();
  assert.ok(state.intervals.length <= WINDOW_INTERVALS);
  assert.is(state.intervals.at(-1), RUN.firstInterval + 150);
  assert.is(state.totals.trades, 150);
  assert.is(state.totals.tradedEnergyWs, 150 * KWH_WS);
  assert.is(state.totals.endedIntervals, 150);
  assert.ok(state.trades.every((one) => one.interval >= (state.intervals[0] ?? 0)));
});

test('every column is as long as the intervals, in order and without gaps', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 16 }), fc.integer({ min: 1, max: 99 }), (count, seed) => {
      const day = new CommunityDay({ ...SMALL_DAY, seed }).begin().advance(count, 0.5);
      const state = day.record.state();
      const { intervals, neighbourhood, feeders, homes } = state;
      const first = intervals[0] ?? 0;
      assert.equal(
        intervals,
        intervals.map((_, at) => first + at),
      );
      const tables = [neighbourhood, ...feeders, ...homes];
      const columns = tables.flatMap((table) => Object.values(table).filter(Array.isArray));
      for (const column of columns) assert.is(column.length, intervals.length);
      assert.equal(JSON.parse(JSON.stringify(state)), state, 'it is plain JSON');
    }),
    { numRuns: 20 },
  );
});

test('the newest trades come first and are bounded', () => {
  const state = new CommunityDay(LARGE_DAY).begin().advance(40).record.state();
  const intervals = state.trades.map((one) => one.interval);
  assert.equal(
    intervals,
    intervals.toSorted((a, b) => b - a),
  );
  assert.is(intervals.length, 60);
  assert.ok(state.totals.trades > 60);
});

test('facts of a home or feeder that is not in the run are refused', () => {
  const record = new CommunityRecord(RUN);
  const isUnknownHome = (error: unknown) =>
    error instanceof RecordError && error.code === 'unknown-home';
  assert.throws(() => record.reading('c', RUN.firstInterval, 0, 0), isUnknownHome);
  const home = { id: 'c', name: 'C', feeder: 7, batteryCapacityWs: null, hasSwitchedLoad: false };
  assert.throws(
    () => new CommunityRecord({ ...RUN, homes: [home] }),
    (error: unknown) => error instanceof RecordError && error.code === 'unknown-feeder',
  );
});

test.run();
