/** A grid that Tor cannot carry, Tor that is not there, and the lab's way: what is said of each. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { socksServer } from '../host/socks-server.ts';
import { type CliHome, withCliHome } from './cli-home.ts';

const test = suite('agent: the way out');

interface Check {
  name: string;
  result: string;
  sentence: string;
}

async function torFinding({ json }: CliHome, words = ''): Promise<Check | undefined> {
  const { data } = await json(`doctor --offline${words}`);
  return (data.checks as Check[]).find(({ name }) => name === 'tor');
}

/** Whatever the grid file says; it is not signed any more, and nobody asks for that here. */
function configure({ config }: CliHome, socks: string): void {
  const text = readFileSync(config, 'utf8').replace('clear_net = true', '');
  writeFileSync(config, `${text}\n[tor]\nsocks = "${socks}"\n`);
}

test('with the lab setting it is said at the start that Tor is not used', () =>
  withCliHome(async (home) => {
    assert.match((await torFinding(home))?.sentence ?? '', /^not used \(\[lab\] clear_net\)/);
    const agent = await home.start();
    const { out } = await home.cli('status');
    await agent.stop();
    assert.ok(agent.lines.some((line) => /warn .*clear net \(lab\): chain and DSO see/.test(line)));
    assert.match(out, /^outside +\S+ +without Tor \(lab\)/m);
  }));

test('a grid that Tor cannot carry: enrol warns, doctor fails, run refuses', () =>
  withCliHome(async (home) => {
    configure(home, '/nowhere/socks');
    const enrolled = await home.cli(`enrol ${home.gridFile}`);
    assert.is(enrolled.code, 0);
    assert.match(enrolled.err, /warning: http:.* cannot be reached through Tor: .*will not start/);
    const { code, err } = await home.cli('run');
    assert.is(code, 2);
    assert.match(err, /cannot be reached through Tor: .*onion service, or https/);
    assert.is((await torFinding(home))?.result, 'FAIL');
  }));

test('doctor greets Tor', () =>
  withCliHome(async (home) => {
    const path = join(home.folder, 'socks');
    configure(home, path);
    // Not enrolled: the settings alone.
    writeFileSync(join(home.folder, 'grid.json'), '');
    assert.match((await torFinding(home))?.sentence ?? '', /^Tor does not answer at .*\(ENOENT\)$/);
    const socks = await socksServer(path, {});
    assert.is((await torFinding(home))?.sentence, `answers at ${path}`);
    socks.lie = 'garbage';
    assert.match((await torFinding(home))?.sentence ?? '', /^what listens at .* is not Tor/);
    await socks.close();
  }));

test.run();
