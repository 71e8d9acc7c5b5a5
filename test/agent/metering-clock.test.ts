/** Metering under a clock that is guarded, and set while it runs. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ClockGuard } from '../../host/clock-guard.ts';
import type { SyncState } from '../../host/time-service.ts';
import type { ManualClock } from './manual-clock.ts';
import { FIRST, type House, readingsOf, S, START_MS, withHouse } from './metered-house.ts';

const test = suite('metering-clock');

/** A time service that a test commands, and the guard that asks it. */
class Service {
  isSynchronized: boolean;
  comparedAtMs = START_MS;
  guard: ClockGuard | null = null;

  constructor(isSynchronized: boolean) {
    this.isSynchronized = isSynchronized;
  }

  readonly guardOf = (clock: ManualClock): ClockGuard => {
    this.guard = new ClockGuard({
      wallMs: () => clock.now(),
      monotonicMs: () => clock.monotonicMs(),
      readService: async (): Promise<SyncState> => {
        const { isSynchronized, comparedAtMs } = this;
        const detail = isSynchronized ? 'synchronised' : 'no source';
        const offsets = { offsetMs: 0, errorMs: 1 };
        return { source: 'chrony', isSynchronized, comparedAtMs, detail, ...offsets };
      },
      log: { info() {}, warn() {} },
      hasRtc: false,
    });
    return this.guard;
  };
}

/** A guarded house that draws 1 kW, looked at each 10 s; the guard looks each second. */
async function guarded(
  options: { apartMs?: number; isSynchronized?: boolean },
  work: (house: House, service: Service, runTo: (s: number) => Promise<void>) => Promise<void>,
): Promise<void> {
  const service = new Service(options.isSynchronized ?? true);
  await withHouse({ guard: service.guardOf, apartMs: options.apartMs ?? 0 }, async (house) => {
    let second = 0;
    const runTo = async (until: number): Promise<void> => {
      for (; second <= until; second += 1) {
        await service.guard?.tick();
        await house.clock.runTo(START_MS + second * S);
      }
    };
    await work(house, service, runTo);
  });
}

/** The clock is set, and the time service has seen to it. */
function set(house: House, service: Service, apartMs: number): void {
  house.clock.setApartMs = apartMs;
  service.isSynchronized = true;
  service.comparedAtMs = house.clock.now();
}

const DAY_MS = 86_400 * S;

test('booted in 1970, or in the future, nothing is closed until the clock is set', async () => {
  for (const apartMs of [-START_MS, 400 * DAY_MS, -40 * DAY_MS]) {
    await guarded({ apartMs, isSynchronized: false }, async (house, service, runTo) => {
      await runTo(1300);
      assert.equal(readingsOf(house.journal), []);
      set(house, service, 0);
      await runTo(2710);
      assert.equal(readingsOf(house.journal), [
        '0 900000 reconstructed',
        '1 900000 reconstructed',
        '2 900000 measured',
      ]);
    });
  }
});

test('a step forward over an edge gives each interval one record, and no measurement', () =>
  guarded({}, async (house, service, runTo) => {
    await runTo(800);
    set(house, service, 300 * S);
    await runTo(2500);
    const rows = readingsOf(house.journal);
    // 800 s were metered as interval 0, and the gap that was none holds next to nothing.
    assert.equal(
      rows.map((row) => row.replace(/ \d+ /, ' ')),
      ['0 reconstructed', '1 reconstructed', '2 measured'],
    );
    const sum = rows.reduce((total, row) => total + Number(row.split(' ')[1]), 0);
    assert.ok(Math.abs(sum - 2_400_000) <= 10_000, String(sum));
    assert.is(house.clock.watch?.stepCount(), 1);
  }));

test('a step back before the last checkpoint waits until that moment comes again', () =>
  guarded({}, async (house, service, runTo) => {
    await runTo(1000);
    set(house, service, -300 * S);
    await runTo(3020);
    // No second of energy is lost, and no interval has two records.
    assert.equal(readingsOf(house.journal), [
      '0 900000 measured',
      '1 1190000 reconstructed',
      '2 900000 measured',
    ]);
  }));

test('a step back over an edge gives no second record, and no second word of one', () =>
  guarded({}, async (house, service, runTo) => {
    await runTo(1000);
    set(house, service, -300 * S);
    // The chain agrees with the clock as it is now.
    for (let i = 0; i < 11; i += 1) {
      const askedAtMs = house.clock.monotonicMs();
      service.guard?.observeBlock((house.clock.now() + i) / 1000, askedAtMs, 10);
    }
    await runTo(3020);
    const rows = readingsOf(house.journal);
    assert.equal(rows, ['0 900000 measured', '1 900000 measured', '2 900000 measured']);
    const closed = house.heard.filter((each) => each.startsWith('interval-closed'));
    assert.equal(
      closed,
      [0, 1, 2].map((i) => `interval-closed ${FIRST + i}`),
    );
  }));

test('a step back within an interval keeps what was counted', () =>
  guarded({}, async (house, service, runTo) => {
    await runTo(600);
    set(house, service, -60 * S);
    await runTo(1910);
    // The interval began a minute early by the true clock.
    assert.equal(readingsOf(house.journal), ['0 960000 reconstructed', '1 900000 measured']);
  }));

test('a leap second marks its interval, and costs no energy', () =>
  guarded({}, async (house, service, runTo) => {
    await runTo(890);
    set(house, service, -S);
    await runTo(1810);
    const [first, second] = readingsOf(house.journal);
    assert.is(first, '0 901000 reconstructed');
    assert.is(second, '1 900000 measured');
  }));

test('sync lost and found again: what was metered between is reconstructed', () =>
  guarded({}, async (house, service, runTo) => {
    await runTo(300);
    service.isSynchronized = false;
    await runTo(1000);
    assert.equal(readingsOf(house.journal), []);
    set(house, service, 0);
    await runTo(1910);
    assert.equal(readingsOf(house.journal), ['0 900000 reconstructed', '1 900000 reconstructed']);
  }));

test('a clock before the last checkpoint is not believed after a restart', () =>
  guarded({}, async (house, service, runTo) => {
    await runTo(1000);
    assert.ok((service.guard?.status().lastSavedAtMs ?? 0) >= START_MS + 930 * S);
    set(house, service, -7_200 * S);
    await runTo(1010);
    assert.match(service.guard?.status().reason ?? '', /when it last was good/);
  }));

test.run();
