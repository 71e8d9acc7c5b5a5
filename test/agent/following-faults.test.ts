/**
 * "When things go wrong" of the design, for meter, battery and relays: each row with what battery
 * and relay then do, and the way back.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type FollowedHome, withFollowedHome } from './following-home.ts';

const test = suite('following-faults');

interface Row {
  missing: string;
  break(followed: FollowedHome): void;
  mend(followed: FollowedHome): void;
  /** Soon after the fault, in the same interval. */
  soon: { battery: 'automatic' | 'set-point'; isRelayOn: boolean };
  /** In the next interval. */
  next: { battery: 'automatic' | 'set-point'; isRelayOn: boolean };
  reason: RegExp | null;
}

const HELD = { battery: 'set-point', isRelayOn: true } as const;
const SAFE = { battery: 'automatic', isRelayOn: false } as const;

const ROWS: Row[] = [
  {
    missing: 'a proven clock',
    break: ({ clock }) => {
      clock.isTimeProven = false;
      clock.setApartMs = 5_000_000;
    },
    mend: ({ clock }) => {
      clock.isTimeProven = true;
      clock.setApartMs = 0;
    },
    // The running interval ends on the monotonic clock, then local automatic.
    ...{ soon: HELD, next: SAFE, reason: /clock is not proven/ },
  },
  {
    missing: 'the meter',
    break: ({ home }) => void home.faults.add('meter'),
    mend: ({ home }) => void home.faults.delete('meter'),
    // Battery at once; relays unchanged to the interval's end, then safe.
    ...{ soon: { battery: 'automatic', isRelayOn: true }, next: SAFE, reason: /meter is silent/ },
  },
  {
    missing: 'room on the disk',
    break: ({ disk }) => {
      disk.isFull = true;
    },
    mend: ({ disk }) => {
      disk.isFull = false;
    },
    ...{ soon: HELD, next: SAFE, reason: /disk cannot be written/ },
  },
  {
    missing: 'the battery',
    break: ({ home }) => void home.faults.add('battery'),
    mend: ({ home }) => void home.faults.delete('battery'),
    // Its own dead-man timer leads it to automatic; loads go on as planned.
    ...{
      soon: { battery: 'automatic', isRelayOn: true },
      next: { battery: 'automatic', isRelayOn: true },
    },
    reason: null,
  },
  {
    missing: 'the relay',
    break: ({ home }) => void home.faults.add('relay'),
    mend: ({ home }) => void home.faults.delete('relay'),
    ...{ soon: HELD, next: HELD, reason: null },
  },
];

for (const row of ROWS) {
  test(`without ${row.missing} battery and relay go their ways, and come back`, () =>
    withFollowedHome({ loadW: () => 500, pollS: 10, boiler: {} }, async (followed) => {
      const { home, following, runTo } = followed;
      for (let i = 0; i < 6; i++) {
        followed.schedule(i, 2600);
        followed.planLoads(i, 2000);
      }
      const look = () => ({ battery: home.mode, isRelayOn: home.isRelayOn });
      await runTo(1000);
      assert.equal(look(), HELD);
      row.break(followed);
      await runTo(1150);
      await home.meter.readFast().catch(() => undefined);
      assert.equal(look(), row.soon, 'soon');
      await runTo(1950);
      assert.equal(look(), row.next, 'in the next interval');
      if (row.reason !== null) assert.match(following.status().reason ?? '', row.reason);
      row.mend(followed);
      // Two intervals later: one may pass until minimum times and trust are back.
      await runTo(3700);
      assert.equal(look(), HELD, 'the way back');
      assert.is(following.status().way, 'following');
      await runTo(5400);
      assert.ok(followed.errorPercent(5, 6) < 2);
    }));
}

test('the battery is let go as soon as the meter is called silent', () =>
  withFollowedHome({ loadW: () => 500, pollS: 10 }, async (followed) => {
    followed.schedule(0, 2600);
    await followed.runTo(300);
    followed.home.faults.add('meter');
    await followed.runTo(320);
    assert.is(followed.home.mode, 'set-point');
    // Its own dead-man timer would take a minute.
    await followed.runTo(335);
    assert.is(followed.home.mode, 'automatic');
  }));

test('an interval without a schedule is left to battery and thermostat', () =>
  withFollowedHome({ loadW: () => 500, pollS: 10, boiler: {} }, async (followed) => {
    followed.schedule(0, 2600);
    followed.planLoads(0, 2000);
    followed.schedule(2, 700);
    await followed.runTo(1000);
    assert.is(followed.home.mode, 'automatic');
    assert.is(followed.home.isRelayOn, false);
    assert.match(followed.following.status().reason ?? '', /nothing is scheduled/);
    await followed.runTo(1900);
    assert.is(followed.following.status().targetW, 700);
    assert.is(followed.home.mode, 'set-point');
  }));

test('before the clock was ever proven nothing is followed', () =>
  withFollowedHome({ loadW: () => 500, pollS: 10, boiler: {} }, async (followed) => {
    followed.clock.isTimeProven = false;
    followed.schedule(0, 2600);
    followed.planLoads(0, 2000);
    await followed.runTo(2000);
    assert.is(followed.home.mode, 'automatic');
    assert.equal(followed.home.switches, []);
  }));

test.run();
