/** What people and the operator say of loads, on a home that is followed. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LoadRefusal } from '../../../agent/following/load-commands.ts';
import { type FollowedHome, START_MS, withFollowedHome } from '../following-home.ts';

const test = suite('following: load commands');

const HOME = { loadW: () => 500, pollS: 10, boiler: {} };

function planned(followed: FollowedHome): void {
  for (let i = 0; i < 6; i++) {
    followed.schedule(i, 2600);
    followed.planLoads(i, 2000);
  }
}

test("a person's word holds against the schedule until its end", () =>
  withFollowedHome(HOME, async (followed) => {
    const { home, following, runTo } = followed;
    planned(followed);
    await runTo(700);
    assert.is(home.isRelayOn, true);
    await following.commands.setMode('boiler', 'off', START_MS + 2_000_000);
    assert.is(home.isRelayOn, false);
    const [said] = following.commands.list();
    assert.equal([said?.mode, said?.rung, said?.why], ['off', 'manual', 'set to off']);
    assert.is(said?.modeUntilMs, START_MS + 2_000_000);
    await runTo(1990);
    assert.is(home.isRelayOn, false);
    await runTo(2010);
    assert.is(home.isRelayOn, true);
    assert.is(following.commands.list()[0]?.mode, 'auto');
  }));

test('a word waits for the minimum time, and says until when', () =>
  withFollowedHome(HOME, async (followed) => {
    const { home, following, runTo } = followed;
    planned(followed);
    await runTo(100);
    await following.commands.setMode('boiler', 'off', null);
    assert.is(home.isRelayOn, true);
    assert.is(following.commands.list()[0]?.keptUntilMs, START_MS + 600_000);
    await runTo(610);
    assert.equal(home.switches, ['on 0', 'off 600']);
  }));

test("the operator's limit sheds a load, and the battery goes below it too", () =>
  withFollowedHome({ ...HOME, loadW: () => 4000 }, async (followed) => {
    const { home, following, runTo } = followed;
    for (let i = 0; i < 4; i++) {
      followed.schedule(i, 7000);
      followed.planLoads(i, 2000);
    }
    await runTo(700);
    assert.is(home.isRelayOn, true);
    await following.commands.setLimit(1000, null);
    await runTo(900);
    assert.is(following.status().limitW, 1000);
    // 4,000 W of load, and the battery gives 5,000 W at most: the boiler is shed.
    assert.is(following.commands.list()[0]?.rung, 'limit');
    assert.is(home.isRelayOn, false);
    assert.ok(home.batteryW <= -2900, String(home.batteryW));
    await following.commands.setLimit(null, null);
    await runTo(1300);
    assert.is(home.isRelayOn, true);
  }));

test('orders and limits outlive a restart', () =>
  withFollowedHome(HOME, async ({ following, journal }) => {
    await following.commands.setMode('boiler', 'on', null);
    await following.commands.setLimit(4200, START_MS + 1000);
    assert.equal(journal.loads.orders().get('boiler')?.mode, 'on');
    assert.is(journal.loads.limit()?.limitW, 4200);
    await following.commands.setMode('boiler', 'auto', null);
    assert.is(journal.loads.orders().size, 0);
  }));

test('what is unknown, or against a minimum time, is refused with a code', () =>
  withFollowedHome({ ...HOME, hasBattery: false }, async (followed) => {
    const { following, runTo } = followed;
    planned(followed);
    await runTo(100);
    const codeOf = async (work: () => Promise<unknown>) => {
      try {
        await work();
      } catch (error) {
        assert.instance(error, LoadRefusal);
        return (error as LoadRefusal).code;
      }
      return null;
    };
    const { commands } = following;
    assert.is(await codeOf(() => commands.setMode('toaster', 'on', null)), 'unknown');
    assert.is(await codeOf(() => commands.test('boiler', 10, false)), 'limit');
    await commands.setLimit(0, null);
    assert.is(await codeOf(() => commands.test('boiler', 10, true)), 'limit');
  }));

test('a load that draws nothing three times counts as broken, and is left alone', () =>
  withFollowedHome(
    {
      ...{ loadW: () => 500, pollS: 5, boilerW: 0, hasBattery: false },
      boiler: {
        ...{ kind: 'interruptible', minimumOnMs: 0, minimumOffMs: 0, need: null },
        feedback: { expectW: 2000, tolerance: 0.3, withinMs: 15_000 },
      },
    },
    async ({ following, home, journal, runTo }) => {
      const { commands } = following;
      for (let n = 0; n < 3; n++) {
        await runTo(60 * n + 10);
        await commands.setMode('boiler', n % 2 === 0 ? 'on' : 'off', null);
      }
      await runTo(200);
      const [said] = commands.list();
      assert.match(said?.fault ?? '', /turned on, the meter saw 0 W instead of 2000 W/);
      assert.is(said?.rung, 'safety');
      assert.is(home.isRelayOn, false);
      assert.is(journal.loads.faults().size, 1);
      commands.clearFault('boiler');
      await runTo(220);
      assert.is(home.isRelayOn, true);
    },
  ));

test('a click is read back and seen by the meter, and mends a fault', () =>
  withFollowedHome({ ...HOME, pollS: 1, hasBattery: false }, async (followed) => {
    const { clock, following, home, journal, runTo } = followed;
    clock.delay = (ms) => clock.runTo(clock.trueMs() + ms);
    journal.loads.setFault('boiler', { atMs: START_MS, reason: 'it was broken' });
    await runTo(700);
    const result = await following.commands.test('boiler', 10, true);
    assert.equal(result, {
      ...{ load: 'boiler', expectedW: 2000, isGood: true },
      ...{ on: { readsOn: true, deltaW: 2000 }, off: { readsOn: false, deltaW: -2000 } },
    });
    assert.equal(home.switches, ['on 700', 'off 710']);
    assert.is(journal.loads.faults().size, 0);
  }));

test('safe is at once, and lasts as long as was said', () =>
  withFollowedHome(HOME, async (followed) => {
    const { home, following, runTo } = followed;
    planned(followed);
    await runTo(100);
    await following.commands.safe(START_MS + 800_000);
    assert.is(home.isRelayOn, false);
    await runTo(790);
    assert.is(home.isRelayOn, false);
    // Too late in this interval: from the next one on.
    await runTo(930);
    assert.is(home.isRelayOn, true);
  }));

test.run();
