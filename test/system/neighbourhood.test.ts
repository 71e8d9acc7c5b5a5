/** `npm start` as people and programs use it: the command itself, from the outside. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT } from '../../build/project-root.ts';
import { temporaryFolder } from '../host/temporary-folder.ts';

const test = suite('neighbourhood');

/** Around noon, when four homes have something to trade. */
const COMMUNITY = ['--homes', '4', '--feeders', '2', '--start', '2026-06-12T10:00:00Z'];
const STEPPED = [...COMMUNITY, '--intervals', '6', '--speed', 'max', '--json'];

const KEYS = [
  ...['homes', 'intervals', 'finalizedIntervals', 'trades', 'tradedKwh', 'importedKwh'],
  ...['exportedKwh', 'homesThatNeverTraded', 'limitViolations', 'physicalOverloads'],
  ...['energyCreatedWs', 'moneyCreatedMicro', 'commitmentErrorPercent', 'relaySwitches'],
  ...['rejectedSolutions', 'p90PostToTradeBlocks', 'gasPerTrade', 'modbusReads'],
  ...['ticksPerInterval', 'processes', 'wallSeconds', 'maxRssMiB'],
];

interface Started {
  child: ChildProcess;
  out: string;
  err: string;
  ended: Promise<number | null>;
}

/** Temporary files go to a folder of the test's own, so that what is left can be seen. */
function start(args: string[], temporary: string): Started {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(ROOT, 'testbed', 'main.ts'), ...args],
    { cwd: ROOT, env: { ...process.env, TMPDIR: temporary }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const started: Started = { child, out: '', err: '', ended };
  child.stdout?.on('data', (part) => {
    started.out += part;
  });
  child.stderr?.on('data', (part) => {
    started.err += part;
  });
  return started;
}

async function toEnd(args: string[]): Promise<Started & { code: number | null }> {
  const folder = temporaryFolder();
  try {
    const run = start(args, folder.path);
    return { ...run, code: await run.ended, out: run.out, err: run.err };
  } finally {
    folder.dispose();
  }
}

/** A stepped run and the tables that it wrote. */
async function withTables() {
  const folder = temporaryFolder();
  try {
    const place = join(folder.path, 'tables');
    const ended = await toEnd([...STEPPED, '--out', place]);
    assert.is(ended.code, 0, ended.err);
    return { ...ended, files: filesOf(place) };
  } finally {
    folder.dispose();
  }
}

let played: ReturnType<typeof withTables> | null = null;

/** One run that several claims look at. */
function firstRun() {
  played ??= withTables();
  return played;
}

test('figures on stdout, one object with all of them; everything is final', async () => {
  const { out } = await firstRun();
  assert.is(out.trim().split('\n').length, 1, out);
  const figures = JSON.parse(out);
  for (const key of KEYS) assert.ok(key in figures, key);
  assert.is(figures.homes, 4);
  assert.is(figures.intervals, 6);
  assert.is(figures.finalizedIntervals, 6);
  // The first has no trades, and the run ends with the last.
  assert.ok(figures.settledIntervals >= 3, `${figures.settledIntervals} are settled`);
  assert.ok(figures.trades > 0);
  assert.is(figures.limitViolations, 0);
  assert.is(figures.energyCreatedWs, 0);
  assert.is(figures.moneyCreatedMicro, 0);
  assert.is(figures.moneyLostMicro, 0);
  assert.is(figures.scheduleFaults, 0);
  assert.equal(figures.findings, []);
  assert.ok(figures.commitmentErrorPercent <= 5, `${figures.commitmentErrorPercent} %`);
  // Each meter is polled at least 12 times an interval, and so are battery and relay.
  assert.ok(figures.modbusReads >= 4 * 6 * 12, `${figures.modbusReads} reads`);
});

test('homes that do not follow their commitments are found out', async () => {
  // In the morning batteries take part in most trades: without them these are broken.
  const morning = [...STEPPED, '--start', '2026-06-12T06:00:00Z'];
  const errors: number[] = [];
  for (const more of [[], ['--no-follow']]) {
    const { code, out, err } = await toEnd([...morning, ...more]);
    assert.is(code, 0, err);
    const figures = JSON.parse(out);
    assert.is(figures.limitViolations, 0);
    assert.ok(figures.trades > 0);
    errors.push(figures.commitmentErrorPercent);
  }
  const [followed = Number.NaN, left = Number.NaN] = errors;
  assert.ok(left > Math.max(5, 4 * followed), `${left} %, ${followed} % with it`);
});

test('the same run twice gives the same manifest and the same tables, byte by byte', async () => {
  const { files: first } = await firstRun();
  const names = ['feeders.csv', 'homes.csv', 'intervals.csv', 'manifest.json', 'trades.csv'];
  assert.equal([...first.keys()], names);
  assert.ok((first.get('trades.csv') ?? '').split('\n').length > 3);
  const { files: second } = await withTables();
  assert.equal(second, first);
});

test('Ctrl-C ends a run of processes cleanly, and nothing is left of it', async () => {
  const folder = temporaryFolder();
  try {
    const run = start([...COMMUNITY, '--intervals', '50', '--speed', '3'], folder.path);
    await said(run, /interval +1\/50/);
    const mine = processesIn(folder.path);
    assert.ok(mine.length >= 8, `${mine.length} processes`);
    const at = performance.now();
    run.child.kill('SIGINT');
    assert.is(await run.ended, 0, run.err);
    assert.ok(performance.now() - at < 60_000, `${performance.now() - at} ms`);
    assert.is(run.err, '');
    assert.match(run.out, /final intervals/);
    assert.equal(processesIn(folder.path), []);
    assert.equal(readdirSync(folder.path), []);
  } finally {
    folder.dispose();
  }
});

test('Ctrl-C ends the set-up as well', async () => {
  const folder = temporaryFolder();
  try {
    for (const moment of [/chain: starts/, /deploys the market/, /enrols/]) {
      const run = start(COMMUNITY, folder.path);
      await said(run, moment);
      run.child.kill('SIGINT');
      assert.is(await run.ended, 0, run.err);
      assert.is(run.err, '');
      assert.equal(processesIn(folder.path), []);
      assert.equal(readdirSync(folder.path), []);
    }
  } finally {
    folder.dispose();
  }
});

test('no process outlives a run that is killed', async () => {
  const folder = temporaryFolder();
  try {
    const run = start([...COMMUNITY, '--intervals', '50', '--speed', '3'], folder.path);
    await said(run, /interval +1\/50/);
    const mine = processesIn(folder.path).length;
    assert.ok(mine >= 8, `${mine} processes`);
    run.child.kill('SIGKILL');
    await run.ended;
    const endsAt = performance.now() + 30_000;
    while (processesIn(folder.path).length > 0 && performance.now() < endsAt) await aMoment();
    assert.equal(processesIn(folder.path), []);
  } finally {
    folder.dispose();
  }
});

test('wrong options are told all at once, with exit code 2', async () => {
  const faulty = ['--homes', '1', '--speed', 'fast', '--intervals', '1.5', '--start', 'noon'];
  const { code, out, err } = await toEnd([...faulty, '--lookalike', '--data', 'somewhere']);
  assert.is(code, 2);
  assert.is(out, '');
  for (const word of ['--homes 1', '--speed fast', '--intervals 1.5', '--start noon', 'exclude']) {
    assert.match(err, word);
  }
  assert.is((await toEnd(['--frobnicate'])).code, 2);
  assert.is((await toEnd(['--help'])).code, 0);
});

test('what cannot be is told in one line, with exit code 1', async () => {
  const folder = temporaryFolder();
  try {
    const cases: [string[], RegExp][] = [
      [['--data', join(folder.path, 'nowhere')], /nowhere/],
      [['--data', folder.path], new RegExp(folder.path)],
      [['--keep', folder.path], /is there already/],
    ];
    for (const [args, words] of cases) {
      const { code, err } = await toEnd([...COMMUNITY, '--json', ...args]);
      assert.is(code, 1, args.join(' '));
      assert.match(err, words);
      assert.not.match(err, /\n\s+at /, 'no stack');
    }
  } finally {
    folder.dispose();
  }
});

/** Resolves when the run has said it; rejects when it ends before. */
async function said(run: Started, words: RegExp): Promise<void> {
  const isOver = run.ended.then((code) => {
    throw new Error(`it ended with ${code} before it said ${words}: ${run.out}${run.err}`);
  });
  const isSaid = new Promise<void>((resolve) => {
    const look = () => words.test(run.out) && resolve();
    run.child.stdout?.on('data', look);
    look();
  });
  await Promise.race([isSaid, isOver]);
}

/** Processes whose temporary files are there, those of the run and what it started. */
function processesIn(temporary: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`TMPDIR=${temporary}\0`);
    } catch {
      return false;
    }
  });
}

function aMoment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}

function filesOf(folder: string): Map<string, string> {
  const names = readdirSync(folder).sort();
  return new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

test.run();
