import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Meter, MeterValues } from '../../agent/drivers/meter.ts';
import { type AgentEvents, EventMap, type Sample } from '../../agent/events.ts';
import { Journal } from '../../agent/journal/journal.ts';
import { JOURNAL_MIGRATIONS } from '../../agent/journal/schema.ts';
import { MeteringService } from '../../agent/metering.ts';
import { BusError, type Log } from '../../host/ports.ts';
import { openSql } from '../../host/sqlite.ts';
import { fillable } from './fillable-sql.ts';
import { ManualClock } from './manual-clock.ts';

const test = suite('metering');

const FIRST = 1_980_000;
const START_MS = FIRST * 900_000;
const S = 1000;

const quiet: Log = { info() {}, warn() {}, error() {} };

interface House {
  clock: ManualClock;
  journal: Journal;
  metering: MeteringService;
  samples: Sample[];
  /** Other events, as `name value`. */
  heard: string[];
  meter: { powerW: number; fails: boolean; importedWs: number; counterOffsetWs: number };
  looks: number;
  disk: { isFull: boolean };
  /** Ends the service as kill -9 would: nothing is written. */
  restart(): void;
}

/** A house that draws `powerW`; its meter is exact. */
async function withHouse(
  options: { startMs?: number; pollMs?: number; isProven?: boolean },
  work: (house: House) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock(options.startMs ?? START_MS);
  clock.isTimeProven = options.isProven ?? true;
  const sql = openSql(':memory:', { migrations: JOURNAL_MIGRATIONS });
  const openJournal = () => {
    const disk = { isFull: false };
    return { disk, journal: new Journal(fillable(sql, () => disk.isFull)) };
  };
  const state = { powerW: 1000, fails: false, importedWs: 36e9, counterOffsetWs: 0 };
  let countedAtMs = clock.trueMs();
  const read = async (): Promise<MeterValues> => {
    house.looks += 1;
    state.importedWs += (state.powerW * (clock.trueMs() - countedAtMs)) / 1000;
    countedAtMs = clock.trueMs();
    if (state.fails) throw new BusError('timeout', 'no answer');
    const importedWs = state.importedWs + state.counterOffsetWs;
    return { powerW: state.powerW, counters: { importedWs, exportedWs: 0, stepWs: 0 } };
  };
  const meter: Meter = { readFast: read, readCounters: read, readAll: async () => new Map() };
  let ending = new AbortController();
  const begin = (journal: Journal) => {
    const events = new EventMap();
    events.on('sample', (sample) => void house.samples.push(sample));
    for (const kind of ['meter-silent', 'interval-closed'] as const) {
      events.on(kind, (payload: AgentEvents[typeof kind]) => {
        house.heard.push(`${kind} ${Object.values(payload).join()}`);
      });
    }
    const calendar = { intervalSeconds: 900 };
    const pollMs = options.pollMs ?? 10 * S;
    return new MeteringService({
      ...{ clock, log: quiet, journal, events, meter, calendar, pollMs },
      maxPowerW: 11_000,
    });
  };
  const opened = openJournal();
  const house: House = {
    ...{ clock, samples: [], heard: [], meter: state, looks: 0, ...opened },
    metering: begin(opened.journal),
    restart() {
      house.disk.isFull = true;
      ending.abort();
      ending = new AbortController();
      Object.assign(house, openJournal());
      house.metering = begin(house.journal);
      house.metering.start(ending.signal);
    },
  };
  house.metering.start(ending.signal);
  try {
    await work(house);
  } finally {
    ending.abort();
    await house.metering.stop();
    sql.close();
  }
}

/** `interval energy quality` of all readings, intervals counted from the first. */
function readingsOf(journal: Journal): string[] {
  return journal
    .readings(0, 2 ** 32)
    .map((each) => `${each.interval - FIRST} ${each.importedWs} ${each.quality}`);
}

test('intervals are closed at their edges, with the energy of the counters', () =>
  withHouse({}, async (house) => {
    await house.clock.runTo(START_MS + 450 * S);
    house.meter.powerW = 3000;
    await house.clock.runTo(START_MS + 1800 * S);
    assert.equal(readingsOf(house.journal), ['0 1800000 measured', '1 2700000 measured']);
    assert.equal(house.heard, [`interval-closed ${FIRST}`, `interval-closed ${FIRST + 1}`]);
  }));

test('looks lie on the grid of the interval, the edge included', () =>
  withHouse({ pollMs: 70 * S }, async (house) => {
    await house.clock.runTo(START_MS + 970 * S);
    const times = house.samples.map(({ at }) => (at - START_MS) / S);
    assert.equal(times.slice(0, 3), [0, 70, 140]);
    assert.equal(times.slice(-3), [840, 900, 970]);
  }));

test('a sample carries the energy of the running interval', () =>
  withHouse({ pollMs: 75 * S }, async (house) => {
    await house.clock.runTo(START_MS + 975 * S);
    const running = house.samples.map(({ runningNetWs }) => runningNetWs);
    assert.equal(running.slice(0, 3), [0, 75_000, 150_000]);
    assert.equal(running.slice(-2), [0, 75_000]);
  }));

test('a restart in the middle of an interval loses nothing', () =>
  withHouse({}, async (house) => {
    await house.clock.runTo(START_MS + 500 * S);
    house.restart();
    await house.clock.runTo(START_MS + 1800 * S);
    assert.equal(readingsOf(house.journal), ['0 900000 counter-filled', '1 900000 measured']);
  }));

test('a meter that was away over an edge is filled in, and said to be', () =>
  withHouse({}, async (house) => {
    await house.clock.runTo(START_MS + 600 * S);
    house.meter.fails = true;
    await house.clock.runTo(START_MS + 1500 * S);
    house.meter.fails = false;
    await house.clock.runTo(START_MS + 1800 * S);
    assert.equal(readingsOf(house.journal), ['0 900000 reconstructed', '1 900000 reconstructed']);
    // Both were closed together: one word is enough.
    assert.equal(
      house.heard.filter((each) => each.startsWith('interval')),
      [`interval-closed ${FIRST}`, `interval-closed ${FIRST + 1}`],
    );
  }));

test('a meter is silent after 30 s and three failed looks, and heard again at once', () =>
  withHouse({}, async (house) => {
    await house.clock.runTo(START_MS + 100 * S);
    house.meter.fails = true;
    await house.clock.runTo(START_MS + 125 * S);
    assert.equal(house.heard, []);
    await house.clock.runTo(START_MS + 200 * S);
    assert.equal(house.heard, ['meter-silent true']);
    assert.is(house.metering.status().isSilent, true);
    house.meter.fails = false;
    await house.clock.runTo(START_MS + 210 * S);
    assert.equal(house.heard, ['meter-silent true', 'meter-silent false']);
    assert.is(house.metering.status().isSilent, false);
  }));

test('a power beyond sense is no look', () =>
  withHouse({}, async (house) => {
    await house.clock.runTo(START_MS + 100 * S);
    const good = house.samples.length;
    house.meter.powerW = 4e8;
    await house.clock.runTo(START_MS + 150 * S);
    assert.is(house.samples.length, good);
    assert.equal(house.heard, ['meter-silent true']);
  }));

test('one momentary 0 of the counters books nothing', () =>
  withHouse({}, async (house) => {
    await house.clock.runTo(START_MS + 300 * S);
    house.meter.counterOffsetWs = -40e9;
    await house.clock.runTo(START_MS + 310 * S);
    house.meter.counterOffsetWs = 0;
    await house.clock.runTo(START_MS + 900 * S);
    assert.equal(readingsOf(house.journal), ['0 900000 measured']);
  }));

test('a counter reset is bridged by the power', () =>
  withHouse({}, async (house) => {
    await house.clock.runTo(START_MS + 300 * S);
    house.meter.counterOffsetWs = -36e9;
    await house.clock.runTo(START_MS + 1800 * S);
    assert.equal(readingsOf(house.journal), ['0 900000 measured', '1 900000 measured']);
  }));

test('without a proven clock nothing is closed; later it is reconstructed', () =>
  withHouse({ isProven: false }, async (house) => {
    house.clock.setApartMs = -40 * 86_400 * S;
    await house.clock.runTo(START_MS + 1000 * S);
    assert.equal(readingsOf(house.journal), []);
    house.clock.setApartMs = 0;
    house.clock.isTimeProven = true;
    await house.clock.runTo(START_MS + 1800 * S);
    assert.equal(readingsOf(house.journal), ['0 900000 reconstructed', '1 900000 reconstructed']);
  }));

test('when the proof is lost metering is carried on, and written when it is back', () =>
  withHouse({}, async (house) => {
    await house.clock.runTo(START_MS + 300 * S);
    house.clock.isTimeProven = false;
    house.clock.setApartMs = 7_777 * S;
    await house.clock.runTo(START_MS + 1200 * S);
    assert.equal(readingsOf(house.journal), []);
    const last = house.samples.at(-1);
    assert.is(last && last.at > START_MS + 1180 * S && last.at <= START_MS + 1200 * S, true);
    house.clock.isTimeProven = true;
    house.clock.setApartMs = 0;
    await house.clock.runTo(START_MS + 2700 * S);
    assert.equal(readingsOf(house.journal), [
      '0 900000 reconstructed',
      '1 900000 reconstructed',
      '2 900000 measured',
    ]);
  }));

test('a clock set back over an edge gives no second reading of an interval', () =>
  withHouse({}, async (house) => {
    await house.clock.runTo(START_MS + 1000 * S);
    house.clock.setApartMs = -500 * S;
    await house.clock.runTo(START_MS + 1030 * S);
    // What runs is another interval now, and its start is not known.
    assert.is(house.samples.at(-1)?.runningNetWs, null);
    await house.clock.runTo(START_MS + 2300 * S);
    assert.equal(readingsOf(house.journal), ['0 900000 measured', '1 900000 measured']);
  }));

test('a full disk loses no reading', () =>
  withHouse({}, async (house) => {
    await house.clock.runTo(START_MS + 800 * S);
    house.disk.isFull = true;
    await house.clock.runTo(START_MS + 1900 * S);
    assert.equal(readingsOf(house.journal), []);
    assert.is(house.journal.isWritable, false);
    assert.is(house.metering.status().unwritten, 2);
    house.disk.isFull = false;
    await house.clock.runTo(START_MS + 2000 * S);
    assert.equal(readingsOf(house.journal), ['0 900000 measured', '1 900000 measured']);
    assert.is(house.journal.isWritable, true);
    assert.equal(house.heard, [`interval-closed ${FIRST + 1}`]);
  }));

test('the flash is written once an interval, and once a minute for the checkpoint', async () => {
  for (const [monotonicPerMarket, most] of [
    [1, 61 + 4],
    [0.001, 1 + 4],
  ] as const) {
    await withHouse({ pollMs: S }, async (house) => {
      house.clock.monotonicPerMarket = monotonicPerMarket;
      let commits = 0;
      const write = house.journal.recordReadings.bind(house.journal);
      house.journal.recordReadings = (readings, checkpoint) => {
        commits += 1;
        write(readings, checkpoint);
      };
      await house.clock.runTo(START_MS + 3600 * S);
      assert.ok(commits <= most, String(commits));
      assert.ok(house.looks >= 3600);
    });
  }
});

test.run();
