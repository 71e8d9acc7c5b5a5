/**
 * `load test NAME --kill` on real processes: it kills the agent and sees for itself whether the
 * load gets safe. The test plays systemd, which runs `load safe` after the agent, or does not.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from './processes.ts';
import { isBoilerOn, type RelayHouse, withRelayHouse } from './relay-house.ts';

const test = suite('agent: load test by killing');

/** Its agent meters, and its boiler is off: it needs nothing for the day. */
const withHouse = (by: 'http' | 'coil', work: (house: RelayHouse) => Promise<void>) =>
  withRelayHouse(
    { by, hasBattery: false },
    (text) => text.replace(/minimum_o(n|ff) = .*/g, 'minimum_o$1 = "0 s"'),
    async (house) => {
      await until('it meters', async () => (await house.home.status())?.meter.powerW != null);
      await work(house);
    },
  );

for (const by of ['http', 'coil'] as const) {
  test(`${by}: it passes where the end of the agent makes the load safe`, () =>
    withHouse(by, async (house) => {
      const { home, shelly, agent } = house;
      const isOn = () => (by === 'http' ? shelly.isOn : isBoilerOn(home));
      let wasOn = false;
      // As systemd does with ExecStopPost, without starting the agent again.
      const after = agent.ended.then(() => {
        wasOn = isOn();
        return home.command('load', 'safe');
      });
      const { code, out, err } = await home.command('load', 'test', 'boiler', '--kill', '--yes');
      assert.is(code, 0, out + err);
      assert.match(out, /^boiler: ok, off [\d.]+ s after the agent was killed\n$/);
      assert.is((await after).code, 0);
      assert.ok(wasOn, 'it was on when the agent died');
      assert.is(isOn(), false);
      assert.is((await agent.ended).code, null, 'by a signal');
    }));
}

test('it fails with 6 and what to check where nothing makes the load safe', () =>
  withHouse('http', async ({ home, shelly }) => {
    const words = ['load', 'test', 'boiler', '--kill', '--yes', '--seconds', '4'];
    const { code, out, err } = await home.command(...words);
    assert.is(code, 6, out + err);
    assert.match(out, /boiler: NOT off within 4 s .*\n +cause +last seen on\n +do .*ExecStopPost/);
    assert.is(shelly.isOn, true);
    const ended = await home.command('load', 'test', 'boiler', '--kill', '--yes');
    assert.is(ended.code, 3, ended.out + ended.err);
  }));

test('a load that is not seen to leave its safe state is told, and nothing is killed', () =>
  withHouse('http', async ({ home, shelly, agent }) => {
    shelly.fault = 'stuck';
    const { code, out, err } = await home.command('load', 'test', 'boiler', '--kill', '--yes');
    assert.is(code, 7, out + err);
    assert.match(out, /boiler: was not seen to leave its safe state; nothing was killed/);
    assert.ok((await home.status()) !== null, 'the agent lives');
    const asked = await home.command('load', 'test', 'boiler', '--kill');
    assert.is(asked.code, 2, asked.out + asked.err);
    assert.match(asked.err, /nobody can be asked here/);
    assert.is((await agent.stop()).code, 0);
  }));

test.run();
