/**
 * `npm run bench:privacy`: how well an adversary who has the chain and the logs of RPC and network
 * links the one-time addresses of a home, with all countermeasures, with none, and without each.
 */
import { parseArgs } from 'node:util';
import { compileContracts } from '../build/contracts.ts';
import { type BenchSize, runAll } from './privacy/plan.ts';
import { faultsOf, reportOf, sentencesOf } from './privacy/report.ts';
import { RunStore } from './privacy/store.ts';

const USAGE = `npm run bench:privacy -- [options]
  --homes N         40
  --feeders N       4
  --rotations N     24: how many times addresses change
  --seeds N         5, of the agents as they are and of naive ones
  --other-seeds N   2, of the agents that leave out one thing
  --at-once N       2: runs at the same time
  --keep FOLDER     keeps what runs showed; a bench that was broken off goes on from there
  --quick           8 homes on 2 feeders, 6 rotations, one seed: whether it can see at all
  --json            one JSON object on stdout`;

/** @returns the exit code: 1 when the bench is blind, or the goal is missed */
export async function main(argv: readonly string[]): Promise<number> {
  const settings = settingsOf(argv);
  if (typeof settings === 'string') {
    process.stderr.write(`${settings}\n\n${USAGE}\n`);
    return 2;
  }
  const { size, atOnce, keep, isJson, isQuick } = settings;
  await compileContracts();
  const startMs = performance.now();
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => stop.abort(new Error('interrupted')));
  }
  const runs = await runAll(size, {
    store: new RunStore(keep),
    atOnce,
    say: (line) => process.stderr.write(`${line}\n`),
    signal: stop.signal,
  });
  const report = reportOf(size, runs, (performance.now() - startMs) / 1000);
  process.stdout.write(isJson ? `${JSON.stringify(report)}\n` : sentencesOf(report));
  const faults = faultsOf(report, isQuick);
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  return faults.length === 0 ? 0 : 1;
}

interface Settings {
  size: BenchSize;
  atOnce: number;
  keep: string | null;
  isJson: boolean;
  isQuick: boolean;
}

function settingsOf(argv: readonly string[]): Settings | string {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  let values: Record<string, string | boolean | undefined>;
  try {
    const counts = { homes: text, feeders: text, rotations: text, seeds: text };
    const others = { 'other-seeds': text, 'at-once': text, keep: text, quick: flag, json: flag };
    ({ values } = parseArgs({ args: [...argv], options: { ...counts, ...others } }));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const faults: string[] = [];
  const isQuick = values.quick === true;
  const whole = (name: string, least: number, most: number, usual: number, quick = usual) => {
    const value = Number(values[name] ?? (isQuick ? quick : usual));
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    faults.push(`--${name} must be a whole number from ${least} to ${most}`);
    return usual;
  };
  const homes = whole('homes', 4, 1000, 40, 8);
  const size = {
    homes,
    feeders: whole('feeders', 1, homes, 4, 2),
    rotations: whole('rotations', 2, 1000, 24, 6),
    seeds: whole('seeds', 1, 100, 5, 1),
    otherSeeds: whole('other-seeds', 1, 100, 2, 1),
  };
  const atOnce = whole('at-once', 1, 16, 2);
  if (faults.length > 0) return faults.join('\n');
  const keep = typeof values.keep === 'string' ? values.keep : null;
  return { size, atOnce, keep, isJson: values.json === true, isQuick };
}

if (process.argv[1]?.endsWith('bench/privacy.ts')) {
  process.exitCode = await main(process.argv.slice(2));
}
