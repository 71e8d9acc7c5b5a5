/** The agent as one file: built, put alone into an empty folder, and used there. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type BuiltBinary, buildBinary } from '../../build/binary.ts';
import { ROOT } from '../../build/project-root.ts';
import { NOWHERE } from '../fixtures/example-grid.ts';
import { temporaryFolder } from '../host/temporary-folder.ts';
import { labGrid } from './lab-grid.ts';

const test = suite('binary');

const PLATFORM = `${process.platform}-${process.arch}`;

let built: Promise<BuiltBinary> | null = null;

/** Built once for all tests of this file. */
function binary(): Promise<BuiltBinary> {
  built ??= buildBinary(PLATFORM, join(ROOT, '.cache', 'binary-test'));
  return built;
}

interface Place {
  path: string;
  /** Where the binary may unpack its addons. */
  temporary: string;
  start(...args: string[]): ChildProcess;
  run(...args: string[]): Promise<Ended>;
  dispose(): void;
}

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** A folder with the binary and nothing else, far from any node_modules. */
async function emptyPlace(): Promise<Place> {
  const { path: file } = await binary();
  const folder = temporaryFolder();
  const temporary = join(folder.path, 'tmp');
  mkdirSync(temporary);
  copyFileSync(file, join(folder.path, 'transax-agent'));
  const start = (...args: string[]): ChildProcess =>
    spawn('./transax-agent', args, {
      cwd: folder.path,
      env: { PATH: '/nowhere', TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  return {
    path: folder.path,
    temporary,
    start,
    run: (...args) => toEnd(start(...args)),
    dispose: () => folder.dispose(),
  };
}

async function toEnd(child: ChildProcess): Promise<Ended> {
  const ended: Ended = { code: null, out: '', err: '' };
  child.stdout?.on('data', (piece) => {
    ended.out += piece;
  });
  child.stderr?.on('data', (piece) => {
    ended.err += piece;
  });
  const [code] = await once(child, 'close');
  return { ...ended, code };
}

const CONFIG = `[buses.cabinet]
connection = "tcp://${NOWHERE}"
[meters.house]
role = "grid"
profile = "eastron-sdm630"
bus = "cabinet"
unit = 1
poll = "1 s"
[home]
zone = "Europe/Berlin"
max_power = "11 kW"
[state]
wallet = "wallet.db"
journal = "journal.db"
key = "keystore.key"
grid = "grid.json"
socket = "agent.sock"
[trading]
poll = "5 s"
ahead = 1
block = "15 s"
[following]
enabled = true
[lab]
clear_net = true
single_endpoint = true
unproven_clock = true
`;

test('runs alone in an empty folder, and says its version', async () => {
  const place = await emptyPlace();
  try {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    assert.equal(await place.run('version'), {
      code: 0,
      out: `transax-agent ${version}\n`,
      err: '',
    });
    assert.is((await place.run('frobnicate')).code, 2);
    assert.is((await place.run('status')).code, 2);
  } finally {
    place.dispose();
  }
});

test('a config with three faults is told with all three', async () => {
  const place = await emptyPlace();
  try {
    const config = CONFIG.replace('unit = 1', 'unit = 700')
      .replace('"11 kW"', '"eleven"')
      .replace('poll = "5 s"', 'poll = "5 parsecs"');
    writeFileSync(join(place.path, 'agent.toml'), config);
    const { code, err } = await place.run('run', '--config', 'agent.toml');
    assert.is(code, 2);
    for (const word of ['unit', 'eleven', 'parsecs']) assert.match(err, word);
  } finally {
    place.dispose();
  }
});

test('enrols: key, encrypted wallet, the same code again; no addon is left on disk', async () => {
  const place = await emptyPlace();
  try {
    writeFileSync(join(place.path, 'agent.toml'), CONFIG);
    writeFileSync(join(place.path, 'offered.json'), labGrid());
    const first = await place.run('enrol', 'offered.json', '--config', 'agent.toml');
    assert.is(first.code, 0, first.err);
    assert.match(first.out, /^[0-9A-Za-z\s-]{100,}$/, 'the code stands alone on stdout');
    const again = await place.run('enrol', 'offered.json', '--config', 'agent.toml');
    assert.is(again.out, first.out);
    assert.is(statSync(join(place.path, 'keystore.key')).mode & 0o777, 0o400);
    const header = readFileSync(join(place.path, 'wallet.db')).subarray(0, 16).toString('latin1');
    assert.not.match(header, 'SQLite format 3');
    assert.equal(readdirSync(place.temporary), []);
  } finally {
    place.dispose();
  }
});

test('calls the kernel for a relay on GPIO; no addon is left on disk', async () => {
  const place = await emptyPlace();
  try {
    const relay = '{ driver = "gpio", chip = "of no computer", line = 1 }';
    const load = `[loads.boiler]\npower = "2 kW"\nenergy_per_day = "4 kWh"\nrelay = ${relay}\n`;
    writeFileSync(join(place.path, 'agent.toml'), `${CONFIG}${load}`);
    const { code, err } = await place.run('load', 'safe', '--config', 'agent.toml');
    assert.is(code, 5);
    assert.match(err, /no \/dev\/gpiochip|no chip has the label "of no computer"/);
    assert.equal(readdirSync(place.temporary), []);
  } finally {
    place.dispose();
  }
});

test('runs without meter and chain, says so in its status, and ends when told', async () => {
  const place = await emptyPlace();
  let agent: ChildProcess | null = null;
  try {
    writeFileSync(join(place.path, 'agent.toml'), CONFIG);
    writeFileSync(join(place.path, 'offered.json'), labGrid());
    await place.run('enrol', 'offered.json', '--config', 'agent.toml');
    agent = place.start('run', '--config', 'agent.toml');
    const ended = toEnd(agent);
    const status = await firstStatus(place);
    assert.is(status.state, 'degraded');
    assert.ok(status.problems.length > 0);
    agent.kill('SIGTERM');
    const { code, err } = await ended;
    assert.is(code, 0, err);
    assert.match(err, 'clear');
  } finally {
    agent?.kill('SIGKILL');
    place.dispose();
  }
});

/** Asks until the agent answers. */
async function firstStatus(place: Place): Promise<{ state: string; problems: string[] }> {
  for (;;) {
    const { code, out } = await place.run('status', '--json', '--config', 'agent.toml');
    if (code !== 3) return JSON.parse(out).data;
  }
}

/** The exact clearing's linear program: max x + 2y, x + y <= 5, y <= 3. */
const PROGRAM = `
  import { LinearProgram, maximize } from './solver/clearing/linear-program.ts';
  const program = new LinearProgram();
  const row = program.row(0, 5);
  program.column(1, 10, [[row, 1]]);
  program.column(2, 3, [[row, 1]]);
  maximize(program).then(({ values }) => console.log(values.join()));
`;

test('HiGHS runs inside the binary, with no file beside it', async () => {
  const folder = temporaryFolder();
  try {
    const { path } = await buildBinary(PLATFORM, folder.path, PROGRAM);
    const { out, err } = await toEnd(spawn(path, { cwd: folder.path, env: { PATH: '/nowhere' } }));
    assert.is(out, '8\n', err);
  } finally {
    folder.dispose();
  }
});

test('the same sources give the same bytes', async () => {
  const { sha256 } = await binary();
  const folder = temporaryFolder();
  try {
    assert.is((await buildBinary(PLATFORM, folder.path)).sha256, sha256);
  } finally {
    folder.dispose();
  }
});

test.run();
