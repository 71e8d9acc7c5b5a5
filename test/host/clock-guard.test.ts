import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ClockGuard } from '../../host/clock-guard.ts';
import type { SyncState } from '../../host/time-service.ts';

const test = suite('clock-guard');

const TRUE_START_MS = Date.UTC(2026, 6, 1, 12);

/** A machine whose clock a test sets: the truth, what the wall shows, what the service says. */
class Machine {
  trueMs = TRUE_START_MS;
  /** The wall less the truth. */
  wrongMs = 0;
  service: SyncState = {
    source: 'chrony',
    isSynchronized: true,
    offsetMs: 1.8,
    errorMs: 3,
    comparedAtMs: TRUE_START_MS,
    detail: 'synchronised with 192.0.2.1',
  };
  asked = 0;
  readonly said: string[] = [];
  readonly guard: ClockGuard;

  constructor(wrongMs = 0, isSynchronized = true) {
    this.wrongMs = wrongMs;
    this.service = { ...this.service, isSynchronized };
    const note = (message: string) => void this.said.push(message);
    this.guard = new ClockGuard({
      wallMs: () => this.trueMs + this.wrongMs,
      monotonicMs: () => this.trueMs - TRUE_START_MS + 7_000,
      readService: async () => {
        this.asked += 1;
        return this.service;
      },
      log: { info: note, warn: note },
      hasRtc: false,
    });
  }

  async pass(seconds: number): Promise<this> {
    for (let s = 0; s < seconds; s += 1) {
      await this.guard.tick();
      this.trueMs += 1000;
    }
    await this.guard.tick();
    return this;
  }

  /** The service compares the clock, and counts it as good. */
  compare(): void {
    const comparedAtMs = this.trueMs + this.wrongMs;
    this.service = { ...this.service, isSynchronized: true, comparedAtMs };
  }

  /** Sees blocks of a chain that keeps the true time, give or take. */
  seeBlocks(count: number, lateS = 2, lagS = 10): void {
    for (let i = 0; i < count; i += 1) {
      const monotonicMs = this.trueMs - TRUE_START_MS + 7_000;
      this.guard.observeBlock(Math.floor(this.trueMs / 1000) - lateS + i * 1e-3, monotonicMs, lagS);
    }
  }
}

test('a clock that its service vouches for is proven; it is asked once a minute', async () => {
  const machine = await new Machine().pass(180);
  assert.is(machine.guard.isProven(), true);
  assert.ok(machine.asked >= 3 && machine.asked <= 4, String(machine.asked));
  const { reason, warning, offsetMs, source } = machine.guard.status();
  assert.equal(
    { reason, warning, offsetMs, source },
    {
      ...{ reason: null, warning: null, offsetMs: 1.8, source: 'chrony' },
    },
  );
});

test('before the service was asked nothing is proven', () => {
  assert.is(new Machine().guard.isProven(), false);
});

test('a board that boots in 1970 is proven once its clock was set', async () => {
  const machine = await new Machine(-TRUE_START_MS, false).pass(20);
  assert.is(machine.guard.isProven(), false);
  assert.match(machine.guard.status().reason ?? '', /1970-01-01T00:00:20: it was never set/);
  machine.wrongMs = 0;
  machine.compare();
  await machine.pass(6);
  assert.is(machine.guard.isProven(), true);
  assert.is(machine.guard.status().steps.count, 1);
});

test('1970 is not proven even where a service claims so', async () => {
  const machine = await new Machine(-TRUE_START_MS, true).pass(5);
  assert.is(machine.guard.isProven(), false);
});

test('a board that boots in the future is not proven while nobody vouches for it', async () => {
  const year = 366 * 86_400_000;
  const machine = await new Machine(year, false).pass(20);
  assert.is(machine.guard.isProven(), false);
  // A service that is wrong too is found out by the chain.
  machine.compare();
  machine.seeBlocks(3);
  await machine.pass(6);
  assert.match(machine.guard.status().reason ?? '', /31622402 s ahead of the chain's blocks/);
  machine.wrongMs = 0;
  machine.compare();
  await machine.pass(2);
  assert.is(machine.guard.isProven(), true);
});

test('without a time service a chain that agrees is shown, and not enough', async () => {
  const machine = new Machine();
  machine.service = { ...machine.service, source: 'none', isSynchronized: false, detail: 'none' };
  machine.seeBlocks(11);
  await machine.pass(10);
  assert.is(machine.guard.isProven(), false);
  assert.is(Math.round(machine.guard.status().blockDifferenceS ?? 0), 2);
});

test('one lying block changes nothing, many do', async () => {
  const machine = await new Machine().pass(1);
  machine.seeBlocks(10);
  machine.guard.observeBlock(machine.trueMs / 1000 + 900, machine.trueMs - TRUE_START_MS, 10);
  assert.is(machine.guard.isProven(), true);
  const other = await new Machine().pass(1);
  other.seeBlocks(11, 41);
  assert.is(other.guard.isProven(), false);
  // Blocks that count as final late are older when they are seen.
  const late = await new Machine().pass(1);
  late.seeBlocks(11, 41, 20);
  assert.is(late.guard.isProven(), true);
});

test('a step is seen at once, and trusted when the service has looked since', async () => {
  for (const byMs of [-3_600_000, -30_000, 30_000, 3_600_000]) {
    const machine = await new Machine().pass(10);
    machine.wrongMs += byMs;
    assert.is(machine.guard.isProven(), false, String(byMs));
    assert.is(machine.guard.status().steps.lastByMs, byMs);
    await machine.pass(120);
    // The service still tells what it knew before.
    assert.is(machine.guard.isProven(), false, String(byMs));
    machine.compare();
    await machine.pass(6);
    assert.is(machine.guard.isProven(), true, String(byMs));
    assert.is(machine.guard.status().steps.count, 1);
  }
});

test('a comparison made just before a step does not confirm it', async () => {
  const machine = await new Machine().pass(40);
  machine.compare();
  await machine.pass(10);
  machine.wrongMs -= 30_000;
  await machine.pass(120);
  assert.is(machine.guard.isProven(), false);
});

test('a leap second that steps is a step, and over with the next word of the service', async () => {
  const machine = await new Machine().pass(10);
  machine.wrongMs -= 1_000;
  assert.is(machine.guard.isProven(), false);
  await machine.pass(0);
  assert.is(machine.guard.isProven(), true);
  assert.is(machine.guard.stepCount(), 1);
});

test('a leap second that is smeared is none: both clocks are slewed alike', async () => {
  const machine = await new Machine().pass(10);
  // The rate is changed for wall and monotonic clock together: only the service sees an offset.
  machine.service = { ...machine.service, offsetMs: -480, errorMs: 490 };
  await machine.pass(120);
  assert.is(machine.guard.stepCount(), 0);
  assert.is(machine.guard.isProven(), true);
  assert.match(machine.guard.status().warning ?? '', /off by -0\.5 s/);
});

test('a service that lost its servers is known by its error, and comes back', async () => {
  const machine = await new Machine().pass(10);
  machine.service = { ...machine.service, errorMs: 2_100 };
  await machine.pass(61);
  assert.is(machine.guard.isProven(), false);
  machine.service = { ...machine.service, isSynchronized: false, detail: 'no source' };
  await machine.pass(10);
  assert.is(machine.guard.status().reason, 'no source');
  machine.service = { ...machine.service, isSynchronized: true, errorMs: 3 };
  await machine.pass(6);
  assert.is(machine.guard.isProven(), true);
  // Said once each time.
  assert.is(machine.said.filter((each) => each.includes('proven good')).length, 3);
});

test('a clock before what was written down is wrong for sure', async () => {
  const machine = await new Machine(-3_600_000).pass(2);
  assert.is(machine.guard.isProven(), true);
  machine.guard.saved(TRUE_START_MS - 60_000);
  assert.match(machine.guard.status().reason ?? '', /before 2026-07-01T11:59:00/);
  machine.guard.saved(machine.trueMs + machine.wrongMs + 1_900);
  assert.is(machine.guard.isProven(), true);
});

test('time service and chain together outweigh a moment saved by a wrong clock', async () => {
  const machine = await new Machine().pass(2);
  machine.guard.saved(TRUE_START_MS + 86_400_000);
  machine.seeBlocks(10);
  assert.is(machine.guard.isProven(), false);
  machine.seeBlocks(2);
  assert.is(machine.guard.isProven(), false, 'blocks of the same second are the same');
  machine.trueMs += 5_000;
  machine.seeBlocks(2);
  assert.is(machine.guard.isProven(), true);
});

test.run();
