/** When a meter tells the utility how it is: hourly, soon after a change, again after a failure. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { healthCodesOf, ReportingService } from '../../agent/reporting.ts';
import type { AgentStatus } from '../../agent/status.ts';
import { DsoError } from '../../agent/wallet/dso-client.ts';
import { ManualClock } from './manual-clock.ts';

const test = suite('agent: reports of its health');

const START_MS = Date.UTC(2026, 5, 12, 9);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const SESSION = `0x${'11'.repeat(32)}`;

function statusOf(change: { isSilent?: boolean; unwrittenIntervals?: number }): AgentStatus {
  const meter = { isSilent: false, powerW: 100, unwrittenIntervals: 0, ...change };
  const facts = { meter, meters: [], clock: { isProven: true }, wallet: { problem: null } };
  return { ...facts, chain: { isFresh: true }, settling: null, state: 'good' } as never;
}

function setUp() {
  const clock = new ManualClock(START_MS);
  const world = { status: statusOf({}), fails: false, sent: [] as [number, number, string][] };
  const service = new ReportingService({
    clock,
    log: { info() {}, warn() {}, error() {} },
    random: { bytes: (count) => new Uint8Array(count), uniform: () => 0.5 },
    dso: {
      newSession: () => SESSION,
      async report({ sequence, codes, session }) {
        assert.is(session, SESSION);
        if (world.fails) throw new DsoError('unreachable', 'no answer');
        world.sent.push([sequence, (clock.now() - START_MS) / MINUTE_MS, codes.join()]);
      },
    },
    status: () => world.status,
    lookMs: MINUTE_MS,
  });
  const stopping = new AbortController();
  service.start(stopping.signal);
  const minutes = (count: number) => clock.runTo(START_MS + count * MINUTE_MS);
  return { clock, world, service, minutes };
}

test('the first comes within ten minutes, the others about every hour', async () => {
  const { world, minutes, service } = setUp();
  await minutes(4);
  assert.equal(world.sent, []);
  await minutes(70);
  assert.equal(world.sent, [
    [1, 5, ''],
    [2, 65, ''],
  ]);
  await service.stop();
});

test('a change is told minutes later, once, and not one that went away by itself', async () => {
  const { world, minutes, service } = setUp();
  await minutes(20);
  world.status = statusOf({ isSilent: true });
  await minutes(22);
  world.status = statusOf({});
  await minutes(30);
  assert.is(world.sent.length, 1, 'it is as it was told');
  world.status = statusOf({ isSilent: true, unwrittenIntervals: 2 });
  await minutes(40);
  assert.equal(world.sent[1], [2, 34, 'meter-silent,journal']);
  assert.is(world.sent.length, 2);
  await service.stop();
});

test('no change is told within five minutes of the last report', async () => {
  const { world, minutes, service } = setUp();
  await minutes(5);
  world.status = statusOf({ isSilent: true });
  await minutes(11);
  assert.is(world.sent.length, 1);
  await minutes(15);
  assert.is(world.sent.length, 2);
  await service.stop();
});

test('a report that was not taken goes again with the next number', async () => {
  const { world, minutes, service } = setUp();
  world.fails = true;
  await minutes(6);
  world.fails = false;
  await minutes(20);
  assert.is(world.sent.length, 1);
  const [sequence, at] = world.sent[0] ?? [];
  assert.is(sequence, 2);
  assert.ok(at !== undefined && at >= 10 && at <= 15, `at minute ${at}`);
  await service.stop();
});

test('a clock that was set back a year does not silence it', async () => {
  const { clock, world, minutes, service } = setUp();
  await minutes(10);
  clock.setApartMs = -365 * 24 * HOUR_MS;
  await minutes(10 + 90);
  assert.ok(world.sent.length >= 2, `${world.sent.length} reports`);
  await service.stop();
});

test('what is degraded without a code of its own has one', () => {
  const status = { ...statusOf({}), state: 'degraded' } as AgentStatus;
  assert.equal(healthCodesOf(status), ['other']);
});

test.run();
