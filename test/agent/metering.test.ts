import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FIRST, readingsOf, S, START_MS, withHouse } from './metered-house.ts';

const test = suite('metering');

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
