/** All runs of the bench, a few at a time, those first that say most. */
import { CONFIGURATIONS, type Configuration } from './configurations.ts';
import { type PrivacyRun, type RunSize, runHomes } from './run.ts';
import type { RunStore } from './store.ts';

export interface BenchSize {
  homes: number;
  feeders: number;
  rotations: number;
  /** Of the protected agents; others are told apart from those by fewer. */
  seeds: number;
  otherSeeds: number;
}

export interface BenchPorts {
  store: RunStore;
  /** Runs at the same time: each keeps about one core busy. */
  atOnce: number;
  say: (line: string) => void;
  signal: AbortSignal;
}

/** @returns the runs of each configuration, in the order of their seeds */
export async function runAll(
  size: BenchSize,
  { store, atOnce, say, signal }: BenchPorts,
): Promise<Map<Configuration, PrivacyRun[]>> {
  const jobs = jobsOf(size);
  const found = new Map<string, PrivacyRun>();
  const waiting = jobs.entries();
  const worker = async () => {
    for (const [at, { configuration, seed }] of waiting) {
      const { homes, feeders, rotations } = size;
      const name = `${configuration.name}-${homes}-${feeders}-${rotations}-${seed}`;
      const startMs = performance.now();
      const run: RunSize = { homes, feeders, rotations, seed };
      const result = store.find(name) ?? (await runHomes(run, configuration.without, signal));
      store.put(name, result);
      found.set(`${configuration.name} ${seed}`, result);
      const seconds = Math.round((performance.now() - startMs) / 1000);
      say(`${at + 1} of ${jobs.length}: ${configuration.name}, seed ${seed}: ${seconds} s`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  const runsOf = ({ name }: Configuration) =>
    Array.from({ length: size.seeds }, (_, at) => found.get(`${name} ${at + 1}`)).filter(isThere);
  return new Map(CONFIGURATIONS.map((each) => [each, runsOf(each)]));
}

function jobsOf({
  seeds,
  otherSeeds,
}: BenchSize): { configuration: Configuration; seed: number }[] {
  const jobs: { configuration: Configuration; seed: number }[] = [];
  for (let seed = 1; seed <= seeds; seed += 1) {
    for (const configuration of CONFIGURATIONS) {
      const isMain = configuration.name === 'protected' || configuration.name === 'naive';
      if (isMain || seed <= otherSeeds) jobs.push({ configuration, seed });
    }
  }
  return jobs;
}

function isThere<T>(value: T | undefined): value is T {
  return value !== undefined;
}
