/** What meters report of themselves, and what `fleet` makes of it. */
import { hexlify, randomBytes } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { domainOf } from '../../market/grid-json.ts';
import { HEALTH_PATH, healthReportJson, parseHealthAnswer } from '../../market/health-json.ts';
import { intervalAt } from '../../market/intervals.ts';
import { type HealthReport, hashHealthReport } from '../../market/messages.ts';
import { fleetOf } from '../../operator/fleet.ts';
import { setUpDso } from './dso-world.ts';
import { makeMeter } from './world.ts';

const test = suite('operator: fleet');
const session = (digit: string) => `0x${digit.repeat(64)}`;

async function setUp() {
  const world = await setUpDso();
  const { books, facts, clock, meter } = world;
  const dso = world.begin();
  const report = async (more: Partial<HealthReport> = {}, who = meter) => {
    const full: HealthReport = {
      requestId: hexlify(randomBytes(32)),
      meterId: meter.meterId,
      session: session('a'),
      sequence: 1,
      version: '0.9.0',
      clockProven: true,
      clockSource: 'ntp',
      codes: [],
      ...more,
    };
    const meterSignature = who.sign(hashHealthReport(domainOf(facts), full));
    const body = healthReportJson({ report: full, meterSignature });
    return parseHealthAnswer(await world.post(dso, HEALTH_PATH, body, full.requestId));
  };
  const read = (interval: number, meterId = meter.meterId) =>
    books.readings.add(
      {
        ...{ meterId, interval, importedWs: 1, exportedWs: 0 },
        ...{ quality: 'measured', dsoSignature: '0x' },
      },
      '0x',
      1,
    );
  const interval = intervalAt(facts.calendar, clock.now() / 1000);
  const look = (at = interval) =>
    fleetOf(books, {
      ...{ calendar: facts.calendar, interval: at, nowMs: clock.now(), silentIntervals: 4 },
      ...{ lowBalanceMicro: 5_000_000n, isRecovering: false },
    });
  const alerts = (at = interval) =>
    look(at)
      .meters.find(({ meterId }) => meterId === meter.meterId)
      ?.alerts.map(({ code }) => code);
  return { world, report, read, interval, look, alerts };
}

test('each thing that somebody should look at is an alert, and the rest is good', async () => {
  const { world, report, read, interval, look, alerts } = await setUp();
  try {
    const { books, meter } = world;
    assert.equal(alerts(), ['silent'], 'no reading yet');
    read(interval - 1);
    await report();
    assert.equal(alerts(), []);
    assert.equal(look().summary, {
      ...{ meters: 1, good: 1, alerts: {}, replaced: 0, strangeGrants: 0, isRecovering: false },
    });
    assert.equal(alerts(interval + 4), []);
    assert.equal(alerts(interval + 5), ['silent']);
    await report({ sequence: 2, clockProven: false, codes: ['clock', 'meter-silent'] });
    assert.equal(alerts(), ['clock', 'health']);
    await report({ sequence: 1 });
    assert.equal(alerts(), ['clock', 'health'], 'an older word changes nothing');
    const { meterId } = makeMeter();
    books.meters.add({ meterId, feeder: 1, maxPowerW: 1, balanceMicro: 1n, suspended: true }, 1);
    books.health.note({ ...NEWER, meterId }, 1);
    assert.equal(alerts(), ['clock', 'health', 'old-version']);
    assert.equal(look().summary.alerts, {
      ...{ silent: 1, suspended: 1, 'low-balance': 1, clock: 1, health: 1, 'old-version': 1 },
    });
    assert.is(look().meters.find((each) => each.meterId === meter.meterId)?.clock?.isProven, false);
  } finally {
    await world.close();
  }
});

const NEWER = {
  ...{ requestId: session('0'), session: session('f'), sequence: 1, version: '0.10.0' },
  ...{ clockProven: true, clockSource: 'ntp', codes: [] },
};

test('two boards with one key show; a restart is no second board', async () => {
  const { world, report, read, interval, alerts } = await setUp();
  try {
    read(interval - 1);
    await report({ session: session('a'), sequence: 7 });
    await report({ session: session('b'), sequence: 1 });
    await report({ session: session('b'), sequence: 2 });
    assert.equal(alerts(), [], 'started again');
    await report({ session: session('a'), sequence: 8 });
    assert.equal(alerts(), ['two-boards']);
    await report({ session: session('b'), sequence: 3 });
    assert.equal(alerts(), ['two-boards']);
  } finally {
    await world.close();
  }
});

test('a report that somebody else signed, or of nobody, is not noted', async () => {
  const { world, report } = await setUp();
  try {
    const forged = await report({}, makeMeter());
    assert.is(forged.state === 'failed' && forged.code, 'bad-signature');
    const strange = makeMeter();
    const unknown = await report({ meterId: strange.meterId }, strange);
    assert.is(unknown.state === 'failed' && unknown.code, 'unknown-meter');
    assert.is(world.books.health.find(world.meter.meterId), null);
  } finally {
    await world.close();
  }
});

test.run();
