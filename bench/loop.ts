/** `npm run bench:loop`: how long an agent's main thread is held up on a trading day. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { compileContracts } from '../build/contracts.ts';
import { chooseCommunity } from '../testbed/choose-community.ts';
import { type RunOptions, readOptions } from '../testbed/options.ts';
import { prepareRun, type Run } from '../testbed/run.ts';
import { writeHistory } from './loop/history.ts';
import type { ProbeReport } from './loop/probe.ts';
import { reportOf, sentencesOf } from './loop/report.ts';

const USAGE = `npm run bench:loop -- [options]
  --intervals N    intervals of 15 minutes to trade (96)
  --homes N        homes in the neighbourhood (6); the first with battery and boiler is watched
  --days N         days that stand in its journal (365)
  --speed SECONDS  real seconds per interval (2)
  --json           one JSON object on stdout`;

/** Looks at the meter in an interval. */
const TICKS = 60;
const PROBE = join(import.meta.dirname, 'loop', 'probe.ts');

interface Wanted {
  run: RunOptions;
  days: number;
  json: boolean;
}

export async function main(argv: readonly string[]): Promise<number> {
  const wanted = read(argv);
  if (wanted === null) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  await compileContracts();
  const { rows, probe } = await measure(wanted);
  const { intervals, homes } = wanted.run;
  const report = reportOf(probe, { intervals, homes, historyDays: wanted.days, rows });
  process.stdout.write(wanted.json ? `${JSON.stringify(report)}\n` : sentencesOf(report));
  return 0;
}

function read(argv: readonly string[]): Wanted | null {
  const text = { type: 'string' } as const;
  const options = { intervals: text, homes: text, days: text, speed: text } as const;
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { ...options, json: { type: 'boolean' } },
    });
    const { intervals = '96', homes = '6', days = '365', speed = '2', json = false } = values;
    const words = ['--intervals', intervals, '--homes', homes, '--feeders', '2'];
    const run = readOptions([...words, '--speed', speed, '--ticks-per-interval', String(TICKS)]);
    const count = Number(days);
    if (run === null || !Number.isInteger(count) || count < 0) return null;
    return { run, days: count, json };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return null;
  }
}

async function measure(wanted: Wanted): Promise<{ rows: number; probe: ProbeReport }> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  const community = chooseCommunity(wanted.run);
  const watched = community.homes.find(
    (home) => home.battery !== null && home.switchedLoad !== null,
  );
  if (watched === undefined) throw new Error('no home has battery and boiler: take more homes');
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const folder = mkdtempSync(join(tmpdir(), 'transax-loop-'));
  const out = join(folder, 'probe.json');
  // Every program of the run loads the probe; the agent of this home alone is watched by it.
  Object.assign(process.env, {
    NODE_OPTIONS: `--disable-warning=ExperimentalWarning --import ${pathToFileURL(PROBE)}`,
    TRANSAX_PROBE_OUT: out,
    TRANSAX_PROBE_HOME: watched.name,
  });
  const support = { say, signal: stop.signal };
  const run = await prepareRun(wanted.run, community, support);
  try {
    const rows = fillJournal(run, watched.name, wanted.days);
    say(`journal of ${watched.name}: ${rows} rows; ${wanted.run.intervals} intervals begin`);
    await run.play(stop.signal, async () => {});
    await run.stop();
    stop.signal.throwIfAborted();
    return { rows, probe: JSON.parse(readFileSync(out, 'utf8')) as ProbeReport };
  } finally {
    await run.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns rows written */
function fillJournal(run: Run, name: string, days: number): number {
  const home = run.neighbourhood.homes.find(({ spec }) => spec.name === name);
  if (home === undefined) throw new Error(`${name} did not move in`);
  // One more has begun before the first that is counted.
  return writeHistory(home.directory, run.firstInterval - 1, days);
}

process.exitCode = await main(process.argv.slice(2));
