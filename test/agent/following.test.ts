import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FIRST, type FollowOptions, START_MS, withFollowedHome } from './following-home.ts';

const test = suite('following');

/** A household that fluctuates on a second scale, with kettles, over a wandering mean. */
function noisyLoad(seed: number): (second: number) => number {
  const bits = (n: number) => {
    let x = Math.imul(n ^ (seed * 0x9e3779b9), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
  };
  return (second) => {
    const mean = 600 + 350 * Math.sin(second / 2500 + seed);
    const kettle = bits(Math.floor(second / 180)) > 0.9 ? 1800 : 0;
    const fast = 0.5 * mean * (bits(Math.floor(second / 7)) - 0.5);
    return Math.round(mean + fast + kettle);
  };
}

const INTERVALS = 16;

/** Commitment error over a day part, of a home that trades a third of what it plans. */
async function errorOf(options: Omit<FollowOptions, 'loadW'>, seed: number): Promise<number> {
  let error = Number.NaN;
  await withFollowedHome({ loadW: noisyLoad(seed), ...options }, async (followed) => {
    for (let i = 0; i < INTERVALS; i++) followed.schedule(i, i % 3 === 0 ? -400 : 300, 350);
    await followed.runTo(INTERVALS * 900);
    error = followed.errorPercent(1, INTERVALS);
  });
  return error;
}

test('commitments are held within 5 %, and far off without the follower', async () => {
  for (const seed of [1, 2, 3]) {
    const held = await errorOf({ pollS: 75 }, seed);
    const control = await errorOf({ pollS: 75, isEnabled: false }, seed);
    assert.ok(held <= 5, `with the follower ${held.toFixed(2)} %`);
    assert.ok(control > 20, `without it ${control.toFixed(2)} %`);
  }
});

test('a battery that acts late and slowly holds them too, at any spacing of looks', async () => {
  for (const pollS of [1, 10, 75]) {
    const error = await errorOf({ pollS, delayS: 4, rampWPerS: 200 }, 4);
    assert.ok(error <= 5, `looks every ${pollS} s: ${error.toFixed(2)} %`);
  }
});

test('one late load step is made up for within the interval', () =>
  withFollowedHome({ loadW: (s) => (s < 1500 ? 500 : 3000), pollS: 5 }, async (followed) => {
    for (const i of [0, 1]) followed.schedule(i, 500);
    await followed.runTo(1800);
    assert.ok(followed.errorPercent(1, 2) < 1);
  }));

test('an empty battery is left alone, a full one too', async () => {
  for (const [share, committedW] of [
    [0.1, -2000],
    [0.95, 4000],
  ] as const) {
    await withFollowedHome({ loadW: () => 400, share }, async (followed) => {
      followed.schedule(0, committedW);
      await followed.runTo(890);
      assert.ok(Math.abs(followed.home.share - share) < 0.005, String(followed.home.share));
    });
  }
});

test('without the follower the battery idles and the load runs as planned', () =>
  withFollowedHome({ loadW: () => 500, isEnabled: false, boiler: {} }, async (followed) => {
    followed.schedule(0, 3000);
    followed.planLoads(0, 2000);
    followed.planLoads(1, 0);
    await followed.runTo(1790);
    assert.is(followed.home.share, 0.5);
    assert.equal(followed.home.switches, ['on 0', 'off 900']);
  }));

test('a load runs as planned, for part of an interval too', () =>
  withFollowedHome({ loadW: () => 500, pollS: 10, boiler: {} }, async (followed) => {
    for (const i of [0, 1, 2]) followed.schedule(i, 800);
    followed.planLoads(0, 2000);
    // 1,500 W of 2,000 W: three quarters of the interval.
    followed.planLoads(1, 1500);
    await followed.runTo(2700);
    assert.equal(followed.home.switches, ['on 0', 'off 1580']);
    assert.ok(followed.errorPercent(0, 3) < 2);
    const recorded = followed.journal.switches(START_MS, START_MS + 2_700_000);
    assert.equal(
      recorded.map(({ isOn, why }) => [isOn, why]),
      [
        [true, 'planned'],
        [false, 'planned'],
      ],
    );
  }));

test('when the battery is at its end, the load holds the commitment', () =>
  withFollowedHome({ loadW: () => 500, share: 0.95, boiler: {}, pollS: 10 }, async (followed) => {
    // To draw 2,400 W with a full battery: only the boiler can.
    for (const i of [0, 1]) followed.schedule(i, 2400);
    followed.schedule(2, 500);
    await followed.runTo(2700);
    assert.ok(followed.errorPercent(0, 2) < 5, String(followed.errorPercent(0, 2)));
    assert.equal(followed.home.switches, ['on 0', 'off 1800']);
    const [first] = followed.journal.switches(START_MS, START_MS + 1);
    assert.is(first?.why, 'holds the commitment: 1900 W too little');
  }));

test('a load that is on is shed when the battery runs empty', () =>
  withFollowedHome({ loadW: () => 500, share: 0.157, boiler: {}, pollS: 10 }, async (followed) => {
    for (const i of [0, 1]) followed.schedule(i, 600);
    for (const i of [0, 1]) followed.planLoads(i, 2000);
    await followed.runTo(1800);
    assert.equal(followed.home.switches, ['on 0', 'off 900']);
    assert.match(
      followed.journal.lastSwitch('boiler')?.why ?? '',
      /^holds the commitment: 1\d+ W too much$/,
    );
    assert.ok(followed.errorPercent(0, 2) < 5, String(followed.errorPercent(0, 2)));
  }));

test('a load stays off against the plan when the battery could not make up for it', () =>
  withFollowedHome({ loadW: () => 500, share: 0.1, boiler: {}, pollS: 10 }, async (followed) => {
    followed.schedule(0, 600);
    followed.planLoads(0, 2000);
    await followed.runTo(890);
    assert.equal(followed.home.switches, []);
  }));

test('a day ends with the energy a load needs', () => {
  // FIRST is 00:00 UTC of a day; its last two hours must do.
  assert.is((FIRST * 900) % 86_400, 0);
  return withFollowedHome({ loadW: () => 300, boiler: {}, pollS: 300 }, async (followed) => {
    for (let i = 0; i < 100; i++) followed.schedule(i, 300);
    await followed.runTo(24 * 3600);
    const dayMs = 24 * 3_600_000;
    const onHours = followed.journal.onTimeMs('boiler', START_MS, START_MS + dayMs) / 3_600_000;
    assert.ok(onHours > 1.75 && onHours < 2.3, String(onHours));
  });
});

test('it starts and stops in the safe state', () =>
  withFollowedHome({ loadW: () => 500, boiler: {}, pollS: 10 }, async (followed) => {
    for (const i of [0, 1]) followed.schedule(i, 3000);
    followed.planLoads(0, 2000);
    await followed.runTo(300);
    assert.is(followed.home.mode, 'set-point');
    assert.is(followed.home.isRelayOn, true);
    await followed.following.stop();
    assert.is(followed.home.mode, 'automatic');
    assert.is(followed.home.isRelayOn, false);
    assert.is(followed.journal.lastSwitch('boiler')?.why, 'stopping');
  }));

test.run();
