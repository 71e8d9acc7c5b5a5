/** The commands as processes: what goes to stdout, exit codes, the end by signal. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AgentStatus } from '../../agent/status.ts';
import { decodeRequestCode } from '../../market/enrolment.ts';
import { hashGrid } from '../../market/grid.ts';
import { domainOf } from '../../market/grid-json.ts';
import { hashEnrolment, isSignedBy } from '../../market/messages.ts';
import { START_MS, withFixture } from '../agent/agent-fixture.ts';

const test = suite('agent: commands');
const MAIN = join(import.meta.dirname, '..', '..', 'agent', 'main.ts');

interface Envelope<T> {
  ok: boolean;
  code: number;
  data: T;
  warnings: string[];
}

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

function start(...args: string[]): {
  child: ChildProcess;
  ended: Promise<Ended>;
  err: () => string;
} {
  const env = { ...process.env, TRANSAX_USER: 'root' };
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: [...stdio] });
  let out = '';
  let err = '';
  child.stdout.on('data', (data) => (out += data));
  child.stderr.on('data', (data) => (err += data));
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => resolve({ code, out, err }));
  });
  return { child, ended, err: () => err };
}

const agent = (...args: string[]) => start(...args).ended;

test('a config with three faults names all three and ends with 2', () =>
  withFixture(
    () => START_MS,
    async ({ config, change }) => {
      change('capacity = "10 kWh"', 'capacity = "10 kW"');
      change('max_power', 'max_powr');
      const { code, err } = await agent('run', '--config', config);
      assert.is(code, 2);
      for (const what of [
        /battery\.capacity/,
        /home\.max_powr .*max_power/,
        /home\.max_power is missing/,
      ]) {
        assert.match(err, what);
      }
    },
  ));

test('enrol prints the code alone, of the same meter each time', () =>
  withFixture(
    () => START_MS,
    async ({ config, grid, gridFile, folder }) => {
      const first = await agent('enrol', gridFile, '--config', config);
      assert.is(first.code, 0, first.err);
      const { meterId, signature } = decodeRequestCode(first.out);
      const digest = hashEnrolment(domainOf(grid.facts), {
        meterId,
        gridHash: hashGrid(grid.facts),
      });
      assert.ok(isSignedBy(digest, signature, meterId));
      assert.is(statSync(join(folder, 'keystore.key')).mode & 0o777, 0o400);
      assert.ok(existsSync(join(folder, 'grid.json')));
      const again = await agent('enrol', gridFile, '--config', config);
      assert.is(decodeRequestCode(again.out).meterId, meterId);
    },
  ));

test('enrol refuses a grid file that was tampered with, and leaves nothing pinned', () =>
  withFixture(
    () => START_MS,
    async ({ config, grid, gridFile, folder }) => {
      const changed = { ...grid, facts: { ...grid.facts, name: 'Another' } };
      writeFileSync(gridFile, JSON.stringify(changed));
      const { code, err, out } = await agent('enrol', gridFile, '--config', config);
      assert.is(code, 1);
      assert.match(err, /not signed by the DSO/);
      assert.is(out, '');
      assert.not(existsSync(join(folder, 'grid.json')));
    },
  ));

test('run serves status, says the lab settings, and ends in the safe state by SIGTERM', () =>
  withFixture(
    () => Date.now(),
    async ({ config, gridFile, home }) => {
      assert.is((await agent('run', '--config', config)).code, 2, 'not enrolled yet');
      await agent('enrol', gridFile, '--config', config);
      assert.is((await agent('status', '--config', config)).code, 3, 'it does not run yet');
      const running = start('run', '--config', config);
      try {
        let status: AgentStatus | null = null;
        // Until it listens; each attempt is a process and takes its time.
        for (let attempt = 0; attempt < 40 && status === null; attempt += 1) {
          const { code, out } = await agent('status', '--json', '--config', config);
          const answer = JSON.parse(out) as Envelope<AgentStatus>;
          assert.is(answer.code, code);
          if (code === 1) status = answer.data;
          else assert.is(code, 3, 'not yet');
        }
        assert.is(status?.format, 'transax-status-1');
        assert.is(status?.state, 'degraded');
        assert.ok((status?.buses[0]?.good ?? 0) > 0, 'it reads the meter');
        const { out } = await agent('status', '--config', config);
        assert.match(out, /^transax-agent .*degraded/);
        assert.match(out, /chain is not read/);
        assert.match(running.err(), /clear net \(lab\)/);
        assert.match(running.err(), /unverified: one endpoint of the chain, .*\(lab\)/);
        const told = performance.now();
        running.child.kill('SIGTERM');
        const { code, err } = await running.ended;
        assert.is(code, 0, err);
        assert.ok(performance.now() - told < 30_000);
        assert.is(home.state().batteryMode, 'automatic');
      } finally {
        running.child.kill('SIGKILL');
      }
    },
  ));

test('what is no command is told with a remedy, in three lines, and ends with 2', async () => {
  const rows: [string[], RegExp][] = [
    [['trade'], /there is no command "trade"/],
    [['statsu'], /do +did you mean status\?/],
    [[], /which command\?\n +do +transax-agent help lists them/],
    [['run', 'now'], /run takes no "now"/],
    [['status', '--jsonn'], /no option --jsonn .*\n +do +did you mean --json\?/],
  ];
  for (const [args, says] of rows) {
    const { code, err, out } = await agent(...args);
    assert.is(code, 2, args.join(' '));
    assert.match(err, says);
    assert.ok(err.trimEnd().split('\n').length <= 3, err);
    assert.is(out, '');
  }
  assert.match((await agent('version')).out, /^transax-agent \d+\.\d+\.\d+\n$/);
});

test.run();
