/** Loads by hand, as commands to a running agent; the relay of the emulated house says what is. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GENERATED_START_MS } from '../../testbed/homes/community.ts';
import { temporaryFolder } from '../host/temporary-folder.ts';
import { installHome, steadyHome } from './installed-home.ts';
import { labGrid } from './lab-grid.ts';
import { until } from './processes.ts';

const test = suite('agent: cli, loads');
const NOON_MS = GENERATED_START_MS + 12 * 3_600_000;

test('on, off, override and auto reach the relay; a test is refused where it is on', async () => {
  const folder = temporaryFolder();
  const home = await installHome(folder.path, steadyHome({ hasBoiler: true }), () => NOON_MS);
  const cli = async (line: string, code: number, says: RegExp) => {
    const ended = await home.command(...line.split(' '));
    assert.is(ended.code, code, `${line}: ${ended.out}${ended.err}`);
    assert.match(ended.out + ended.err, says, line);
  };
  const isOn = () => home.emulated.state().relayOn;
  try {
    home.configure({ pollSeconds: 1, clock: `scaled:${NOON_MS}:${Date.now()}:1` }, (text) =>
      text.replace(/minimum_o(n|ff) = .*/g, 'minimum_o$1 = "0 s"'),
    );
    const gridFile = join(folder.path, 'offered.json');
    writeFileSync(gridFile, labGrid());
    assert.is((await home.command('enrol', gridFile)).code, 0);
    const agent = home.start();
    try {
      await until('it meters', async () => (await home.status())?.meter.powerW != null);
      await cli('load on boiler', 0, /boiler: on; it is on now/);
      assert.is(isOn(), true);
      await cli('load list', 0, /boiler +ON/);
      await cli('load test boiler --yes', 7, /boiler is not tested: it is on/);
      await cli('load test boiler', 2, /nobody can be asked here\n +do +use --yes/);
      await cli('load off boiler', 0, /boiler: off; it is off now/);
      assert.is(isOn(), false);
      await cli('load override boiler on 2h', 0, /boiler: on; it is on now/);
      assert.is(isOn(), true);
      await cli('load auto boiler', 0, /boiler: auto/);
      await cli('load on stove', 2, /no load "stove"\n +do +loads: boiler/);
      await cli('load safe', 7, /the agent runs and holds the devices/);
    } finally {
      assert.is((await agent.stop()).code, 0, agent.lines.join('\n'));
    }
    assert.is(isOn(), false, 'it ends safe');
    await cli('load on boiler', 3, /does not run/);
    await cli('load safe', 0, /boiler is off, its safe state/);
  } finally {
    await home.close();
    folder.dispose();
  }
});

test.run();
