/** Who may do what: root becomes the agent's user, members of its group may ask, others may not. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withFixture } from '../agent/agent-fixture.ts';
import { AGENT, type Program, run, Started, until } from './processes.ts';

const test = suite('agent: users');
const USER = 'transax-test';
/** The relay is not there. */
const LOAD = `[loads.boiler]
power = "2 kW"
relay = { driver = "modbus-coil", bus = "house", unit = 3, coil = 0 }
energy_per_day = "4 kWh"

[home]`;
/** Somebody else. */
const NOBODY = '65534';

interface Ids {
  user: number;
  group: number;
}

async function withUser(work: (ids: Ids) => Promise<void>): Promise<void> {
  spawnSync('userdel', [USER]);
  const made = spawnSync('useradd', ['--system', '--user-group', '--no-create-home', USER]);
  assert.is(made.status, 0, String(made.stderr));
  const id = (flag: string) => Number(spawnSync('id', [flag, USER], { encoding: 'utf8' }).stdout);
  try {
    await work({ user: id('-u'), group: id('-g') });
  } finally {
    spawnSync('userdel', [USER]);
  }
}

const asRoot: Program = { ...AGENT, env: { ...AGENT.env, TRANSAX_USER: USER } };

/** As nobody, in these groups. */
function asNobody(groups: string): Program {
  const become = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, groups] as const;
  return { ...asRoot, command: [...become, ...AGENT.command] };
}

const isRoot = process.getuid?.() === 0;

(isRoot ? test : test.skip)('root is its user from the start; members ask; others learn how', () =>
  withUser((ids) =>
    withFixture(
      () => Date.now(),
      async ({ folder, config, gridFile, change }) => {
        change('[home]', LOAD);
        chownSync(folder, ids.user, ids.group);
        chmodSync(folder, 0o755);
        const end = ['--config', config];
        const enrolled = await run(asRoot, 'enrol', gridFile, ...end);
        assert.is(enrolled.code, 0, enrolled.err);
        for (const name of ['keystore.key', 'wallet.db', 'grid.json']) {
          assert.is(statSync(join(folder, name)).uid, ids.user, name);
        }
        const agent = new Started(asRoot, 'run', ...end);
        try {
          await until('it runs', () => agent.lines.some((line) => line.includes('the agent runs')));
          const socket = statSync(join(folder, 'agent.sock'));
          assert.equal([socket.gid, socket.mode & 0o777], [ids.group, 0o660]);
          const status = readStatus(agent.pid);
          assert.equal(status.uids, [...new Set([ids.user])]);
          assert.not.ok(status.groups.includes(0), 'nothing of root is left');

          const stranger = await run(asNobody('--clear-groups'), 'status', ...end);
          assert.is(stranger.code, 9, stranger.err);
          assert.match(stranger.err, /is not in the group transax-test/);
          assert.match(stranger.err, /sudo usermod -aG transax-test nobody, then log in anew/);

          const member = asNobody(`--groups=${ids.group}`);
          assert.is((await run(member, 'status', ...end)).code, 1, 'chain and DSO are down');
          assert.is((await run(member, 'readings', 'export', ...end)).code, 0);
          const kill = await run(member, 'load', 'test', 'boiler', '--kill', '--yes', ...end);
          assert.is(kill.code, 9, kill.err);
          assert.match(kill.err, /may not be killed\n.* than nobody\n +do +use sudo/);
        } finally {
          assert.is((await agent.stop()).code, 0, agent.lines.join('\n'));
        }
        const before = readdirSync(folder).sort();
        const member = asNobody(`--groups=${ids.group}`);
        const dead = await run(member, 'readings', 'export', ...end);
        assert.is(dead.code, 9, 'the files are those of the user alone');
        assert.match(dead.err, /journal\.db: not permitted\n.*\n +do +use sudo/);
        assert.is((await run(asRoot, 'readings', 'export', ...end)).code, 0);
        assert.equal(readdirSync(folder).sort(), before);
      },
    ),
  ),
);

function readStatus(pid: number): { uids: number[]; groups: number[] } {
  const text = spawnSync('cat', [`/proc/${pid}/status`], { encoding: 'utf8' }).stdout;
  const line = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(text)?.[1] ?? '';
  const numbers = (name: string) => line(name).split(/\s+/).filter(Boolean).map(Number);
  return { uids: [...new Set(numbers('Uid'))], groups: numbers('Groups') };
}

test.run();
