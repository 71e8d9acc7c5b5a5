/**
 * A real neighbourhood in scaled time whose agents are ended, or have their disks fail, at one call
 * after another; then it runs on in peace to the end, and what is left of it is collected.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileContracts } from '../../build/contracts.ts';
import { chooseCommunity } from '../../testbed/choose-community.ts';
import { INTERVAL_SECONDS } from '../../testbed/neighbourhood.ts';
import { readOptions } from '../../testbed/options.ts';
import { prepareRun, type Run } from '../../testbed/run.ts';
import { collectRemains, type Remains } from '../system/kill-run.ts';
import { tapEndpoint } from '../system/tapped-endpoint.ts';
import { counted, countsIn } from './faults.ts';
import { type Dealt, Lives } from './lives.ts';
import { type Blow, planBlows } from './plan.ts';

export interface CrashOptions {
  homes: number;
  /** Real seconds of an interval. */
  secondsPerInterval: number;
  /** What is dealt: given, or so many spread over what a clean run calls. */
  blows: Blow[] | { injections: number; skip: number };
  /** Longest time for dealing, in intervals. */
  mostIntervals: number;
  /** The run goes on so long after the last blow, in intervals. */
  quietIntervals: number;
  /** ISO, the first moment of market time. */
  start: string;
  say?: (line: string) => void;
}

export interface CrashRun {
  /** Calls on state files from a start to the end of an interval, in a clean run. */
  counts: Map<string, number>;
  dealt: Dealt[];
  /** Blows that there was no time for. */
  left: number;
  fallen: string[];
  remains: Remains;
}

/** Intervals of the clean run, the one before the first included. */
const CLEAN_INTERVALS = 2.5;
const PATIENCE_INTERVALS = 3;
/** Books and chain get so long after the agents' end to come to rest, in intervals. */
const REST_INTERVALS = 1;

export async function playCrashes(options: CrashOptions): Promise<CrashRun> {
  const { secondsPerInterval, say = () => {} } = options;
  const runOptions = readOptions([
    ...['--homes', `${options.homes}`, '--feeders', '1', '--speed', `${secondsPerInterval}`],
    ...['--intervals', '90', '--seed', '1', '--start', options.start],
  ]);
  if (runOptions === null) throw new Error('no options');
  await compileContracts();
  const logs = mkdtempSync(join(tmpdir(), 'transax-crash-'));
  const base = join(logs, 'clean');
  const tap = { current: null as Awaited<ReturnType<typeof tapEndpoint>> | null };
  const endpoint = async (url: string) => {
    tap.current = await tapEndpoint(url);
    return tap.current.url;
  };
  const support = { say, signal: new AbortController().signal, endpoint };
  const within = Array.isArray(options.blows) ? {} : { within: counted(base) };
  const run = await prepareRun(runOptions, chooseCommunity(runOptions), { ...support, ...within });
  try {
    const dealing = new Dealing(run, options, base);
    const ending = new AbortController();
    const done = { at: Number.POSITIVE_INFINITY };
    await run.play(ending.signal, async () => {
      dealing.step();
      if (dealing.isOver && done.at === Number.POSITIVE_INFINITY) {
        done.at = run.now() + options.quietIntervals * INTERVAL_SECONDS * 1000;
        say('all blows are dealt; it runs on in peace');
      }
      if (run.now() >= done.at) dealing.finish();
      if (run.now() >= done.at + REST_INTERVALS * INTERVAL_SECONDS * 1000) ending.abort();
    });
    const ended = Math.floor(run.now() / 1000 / INTERVAL_SECONDS) - run.firstInterval;
    await run.stop();
    if (tap.current === null) throw new Error('the run asked for no endpoint');
    return {
      ...dealing.result(),
      remains: await collectRemains(run, ended, tap.current),
    };
  } finally {
    await run.remove();
    await tap.current?.close();
    rmSync(logs, { recursive: true, force: true });
  }
}

/** Begins when the clean run is over, and ends when nothing is left to deal, or time is up. */
class Dealing {
  isOver = false;
  readonly #run: Run;
  readonly #o: CrashOptions;
  readonly #base: string;
  readonly #stop = new AbortController();
  #lives: Lives[] | null = null;
  #counts = new Map<string, number>();
  #blows: Blow[] = [];
  #failure: unknown = null;

  constructor(run: Run, options: CrashOptions, base: string) {
    this.#run = run;
    this.#o = options;
    this.#base = base;
  }

  step(): void {
    if (this.#failure !== null) throw this.#failure;
    const { blows, mostIntervals } = this.#o;
    const intervals = this.#run.now() / 1000 / INTERVAL_SECONDS - this.#run.firstInterval;
    if (intervals > mostIntervals) this.#stop.abort();
    const clean = Array.isArray(blows) ? 0 : CLEAN_INTERVALS - 1;
    if (this.#lives !== null || intervals < clean) return;
    this.#blows = Array.isArray(blows) ? [...blows] : this.#plan(blows);
    this.#begin();
  }

  /** The agents end; the utility goes on. */
  finish(): void {
    for (const lives of this.#lives ?? []) void lives.finish();
  }

  result(): Pick<CrashRun, 'counts' | 'dealt' | 'left' | 'fallen'> {
    const lives = this.#lives ?? [];
    return {
      counts: this.#counts,
      dealt: lives.flatMap(({ dealt }) => dealt),
      left: this.#blows.length,
      fallen: lives.flatMap(({ fallen }) => fallen),
    };
  }

  #plan({ injections, skip }: { injections: number; skip: number }): Blow[] {
    const { children, neighbourhood } = this.#run;
    const seconds = (1 + 1 / 4) * this.#o.secondsPerInterval;
    for (const { spec } of neighbourhood.homes) {
      const pid = children.find(spec.name)?.pid;
      for (const [call, number] of countsIn(`${this.#base}.${pid}`, seconds)) {
        this.#counts.set(call, Math.max(number, this.#counts.get(call) ?? 0));
      }
    }
    this.#o.say?.(`calls of an interval: ${JSON.stringify([...this.#counts])}`);
    return planBlows(this.#counts, skip + injections).slice(planBlows(this.#counts, skip).length);
  }

  #begin(): void {
    const run = this.#run;
    // What is started from now on is traced in a way of its own, or not at all.
    const untraced: Run = { ...run, neighbourhood: { ...run.neighbourhood, within: [] } };
    const intervalMs = this.#o.secondsPerInterval * 1000;
    this.#lives = run.neighbourhood.homes.map(
      (home) =>
        new Lives({
          ...{ run: untraced, home, blows: this.#blows },
          patienceMs: PATIENCE_INTERVALS * intervalMs,
          afterMs: intervalMs / 4,
        }),
    );
    for (const child of run.children.running()) {
      if (run.neighbourhood.homes.some(({ spec }) => spec.name === child.name)) {
        child.mayEnd = true;
      }
    }
    Promise.all(this.#lives.map((lives) => lives.play(this.#stop.signal))).then(
      () => {
        this.isOver = true;
      },
      (failure: unknown) => {
        this.#failure = failure;
      },
    );
  }
}
