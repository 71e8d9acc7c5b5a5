/** The tools of an installer as processes, with the agent running, stopped, killed, and hung. */
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type CliHome, hangAt, withCliHome } from './cli-home.ts';
import { KEYS, keysOf } from './json-keys.ts';
import type { Ended } from './processes.ts';

const test = suite('agent: cli');

function ends({ code, out, err }: Ended, expected: number, says: RegExp): void {
  assert.is(code, expected, out + err);
  assert.match(out + err, says);
  if (code !== 0 && out === '') assert.ok(err.trimEnd().split('\n').length <= 3, err);
}

/** What each command says, whether the agent runs or not. */
async function checkMeters(home: CliHome, throughAgent: boolean): Promise<void> {
  const { cli, json } = home;
  ends(await cli('meter list'), 0, /house +grid +eastron-sdm630 +unit 1 +house \(tcp:/);
  ends(
    await cli('meter read house'),
    0,
    /voltage +L1 2\d\d\.\d[\s\S]*check +ok +\|P\| <= \|V\*I\|/,
  );
  const read = await json('meter read house');
  assert.is(read.data.throughAgent, throughAgent);
  assert.ok(read.data.values.voltage_l1 > 200);
  ends(await cli('meter raw house 1 0..3 --fc 4'), 0, /0x0000 +0x43/);
  ends(await cli('meter raw house 9 0..3 --fc 4'), 5, /unit 9 gives no good answer\n +cause/);
  ends(await cli('meter read roof'), 2, /no meter "roof"\n +do +one of: house, battery/);
  const scan = await json('meter scan house --units 1..3');
  assert.is(scan.data.throughAgent, throughAgent);
  // Models of one maker share a map: several may fit, the surest comes first.
  assert.is(scan.data.found[0].unit, 1);
  assert.is(scan.data.found[0].matches[0].profile, 'eastron-sdm630');
  ends(await cli('meter scan house --units 3..3'), 0, /unit 3 +answers, unknown .*raw house 3/);
  ends(await cli('meter scan house --units 20..21'), 5, /nobody answers on house/);
  ends(await cli('meter scan house --baud 9600'), 2, /--baud and --parity are of no use here/);
  const watched = await cli('meter watch house --count 2 --every 200ms --json');
  assert.is(watched.out.trimEnd().split('\n').length, 3);
  ends(await cli('meter test house 2s'), 0, /power summed up[\s\S]*counters/);
}

test('without an agent: devices are read directly, data from the files, and no file is made', () =>
  withCliHome(async (home) => {
    const agent = await home.start();
    assert.is((await agent.stop()).code, 0);
    const before = home.looks();
    await checkMeters(home, false);
    ends(await home.cli('status'), 3, /does not run[\s\S]*cause +nobody answers at/);
    ends(await home.cli('market status'), 3, /does not run/);
    ends(await home.cli('load on boiler'), 3, /does not run/);
    for (const line of ['readings export', 'forecast show', 'schedule show', 'market history']) {
      ends(await home.cli(line), 0, /note: the agent does not run: this is what its journal holds/);
    }
    ends(await home.cli('wallet status'), 0, /wallet +can be used/);
    ends(await home.cli('clock --utc'), 0, /proven good[\s\S]*\+00:00/);
    ends(await home.cli('load list'), 0, /no loads/);
    const doctor = await home.cli('doctor --offline');
    ends(doctor, 1, /WARN agent +does not run/);
    assert.match(doctor.out, /ok +meter house +eastron-sdm630 unit 1/);
    assert.match(doctor.out, /ok +wallet +can be used/);
    ends(await home.cli('doctor'), 2, /FAIL chain +does not answer: .*\n +do /);
    assert.equal(home.looks(), before);
  }));

test('beside a running agent: its bus is asked for, and it goes on', () =>
  withCliHome(async (home) => {
    const agent = await home.start();
    try {
      await checkMeters(home, true);
      ends(await home.cli('status'), 1, /2 problems\. Run "transax-agent doctor"/);
      ends(await home.cli('market status'), 5, /chain +http/);
      for (const line of ['readings export', 'forecast show', 'schedule show', 'market history']) {
        const { code, err } = await home.cli(line);
        assert.is(code, 0, err);
        assert.not.match(err, /note/);
      }
      ends(await home.cli('wallet status'), 0, /can be used/);
      ends(await home.cli('clock'), 0, /proven good/);
      ends(await home.cli('doctor'), 2, /ok +agent +runs[\s\S]*FAIL chain/);
      ends(await home.cli('load on boiler'), 2, /no load "boiler"/);
      const { good } = (await home.json('status')).data.buses[0];
      assert.ok(good > 0);
    } finally {
      assert.is((await agent.stop()).code, 0, agent.lines.join('\n'));
    }
  }));

test('keys of --json are those that were promised', () =>
  withCliHome(async (home) => {
    const agent = await home.start();
    try {
      for (const [line, keys] of Object.entries(KEYS)) {
        const found = keysOf((await home.json(line)).data);
        assert.equal(
          keys.filter((key) => !found.includes(key)),
          [],
          line,
        );
      }
      const { data, code } = await home.json('meter read roof');
      assert.is(code, 2);
      assert.equal(keysOf(data), [
        'error',
        'error.cause',
        'error.faults',
        'error.message',
        'error.remedy',
      ]);
    } finally {
      await agent.stop();
    }
  }));

test('an agent that hangs is unknown: exit code 4 within the deadline', () =>
  withCliHome(async ({ cli, folder }) => {
    const release = await hangAt(join(folder, 'agent.sock'));
    try {
      const startedMs = performance.now();
      ends(await cli('status'), 4, /does not answer, though it runs\n +cause.*\n +do /);
      assert.ok(performance.now() - startedMs < 15_000);
      ends(await cli('meter read house'), 4, /does not answer/);
      ends(await cli('readings export'), 4, /does not answer/);
    } finally {
      release();
    }
  }));

test('after kill -9 the write-ahead log is read too, from a folder nobody may write', () =>
  withCliHome(async (home) => {
    const agent = await home.start();
    agent.kill('SIGKILL');
    await agent.ended;
    assert.ok(existsSync(join(home.folder, 'journal.db-wal')));
    chmodSync(home.folder, 0o555);
    try {
      const before = home.looks();
      ends(await home.cli('schedule show'), 0, /nothing is scheduled/);
      ends(await home.cli('wallet status'), 0, /can be used/);
      ends(await home.cli('status'), 3, /does not run/);
      assert.equal(home.looks(), before);
    } finally {
      chmodSync(home.folder, 0o755);
    }
  }));

test('settings are checked, shown and explained', () =>
  withCliHome(async ({ cli, json, change, config }) => {
    ends(await cli('config check'), 0, /is good: 1 buses, 1 meters, 0 loads/);
    ends(await cli('config show'), 0, /meters\.house\.invert = false +# by default/);
    ends(await cli('config explain meters.house.invert'), 0, /wrong way round/);
    ends(await cli('config explain home.zoen'), 2, /did you mean home\.zone\?/);
    change('unit = 1', 'unit = 700');
    const { code, data } = await json('config check');
    assert.is(code, 2);
    assert.is(data.faults[0].key, 'meters.house.unit');
    assert.type(data.faults[0].line, 'number');
    ends(await cli('doctor'), 2, /FAIL config +.*1 fault/);
    rmSync(config);
    ends(await cli('status'), 2, /it does not exist/);
  }));

test('a scan of an address needs no settings, and a meter of an unknown make is told', () =>
  withCliHome(async ({ cli, config }) => {
    const place = /tcp:[^)\s]+/.exec((await cli('meter list')).out)?.[0] ?? '';
    rmSync(config);
    ends(await cli(`meter scan ${place} --units 1..1`), 0, /eastron-/);
    ends(await cli('meter scan tcp://127.0.0.1:1 --units 1..1'), 5, /gives no good answer/);
    ends(await cli('meter scan tcp://meter.local:502'), 2, /names a host/);
  }));

test('a profile of one’s own is checked with lines', () =>
  withCliHome(async ({ cli, folder }) => {
    const file = join(folder, 'own.toml');
    writeFileSync(file, 'profile = "own"\nversion = "one"\n');
    ends(await cli(`meter lint ${file}`), 2, /version must be/);
    ends(await cli('meter lint /nowhere.toml'), 1, /it does not exist/);
    ends(await cli('meter models'), 0, /eastron-sdm630/);
  }));

test.run();
