/**
 * A run of a neighbourhood: set-up, market time, the utility's and the homes' processes, the end.
 *
 * Scaled time: every agent is a process of its own and time runs by the wall. Stepped time
 * (`--speed max`): a few host processes carry all agents and the conductor leads time.
 */
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Clock } from '../host/ports.ts';
import { scaledClock } from '../host/scaled-clock.ts';
import { ChainHost } from './chain-host.ts';
import { type Child, Children } from './children.ts';
import { Conductor } from './conductor.ts';
import { HomeNames } from './home-names.ts';
import type { CommunitySpec } from './homes/community.ts';
import {
  INTERVAL_SECONDS,
  type NeighbourHome,
  type Neighbourhood,
  type Pace,
  removeRun,
  setUp,
} from './neighbourhood.ts';
import type { RunOptions } from './options.ts';
import { paceOf, speedFactor } from './pace.ts';

/** Real time that the processes of scaled time get to start before the first interval, at least. */
const START_MS_PER_PROCESS = 600;
const START_MS = 3_000;
/** Agents per host process in stepped time: two hosts keep two cores busy. */
const AGENTS_PER_HOST = 64;
const STOP_GRACE_MS = 8_000;
const MEMORY_PLACE = '/dev/shm';
const PROJECT = join(import.meta.dirname, '..');

export class RunError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RunError';
  }
}

export interface Run {
  readonly options: RunOptions;
  readonly community: CommunitySpec;
  readonly directory: string;
  readonly chain: ChainHost;
  readonly children: Children;
  readonly neighbourhood: Neighbourhood;
  readonly homeNames: HomeNames;
  readonly pace: Pace;
  readonly firstInterval: number;
  /** Market time, ms. */
  now(): number;
  /**
   * Lets market time run to the end of the last interval or until the signal aborts.
   * @param onStep called after each step of market time, or a few times a real second
   * @throws RunError when a process of the run ends by itself
   */
  play(signal: AbortSignal, onStep: () => Promise<void>): Promise<void>;
  /** Ends all processes; databases stay for the audit. */
  stop(): Promise<void>;
  /** Removes everything that is left. */
  remove(): Promise<void>;
}

/** @param endpoint where everybody but the testbed finds the chain, when not at anvil itself */
export async function prepareRun(
  options: RunOptions,
  community: CommunitySpec,
  say: (line: string) => void,
  endpoint: (anvilUrl: string) => Promise<string> = async (url) => url,
): Promise<Run> {
  const directory = runDirectory(options);
  const logs = join(directory, 'logs');
  mkdirSync(logs);
  const children = new Children(logs, join(PROJECT, '.cache', 'compile'));
  let time: Clock | Conductor | null = null;
  // One interval before the first, so that the first can be traded like any other.
  const beginsAtMs = community.startsAtMs - INTERVAL_SECONDS * 1000;
  const now = () => time?.now() ?? beginsAtMs;
  const pace = paceOf(options);
  say('chain: starts anvil');
  const chain = await ChainHost.start(beginsAtMs);
  let neighbourhood: Neighbourhood | null = null;
  let homeNames: HomeNames | null = null;
  const shutDown = async () => {
    await children.stopAll(STOP_GRACE_MS);
    homeNames?.close();
    await neighbourhood?.close();
    await chain.anvil.stop();
    if (options.keepDir === null) removeRun(directory);
  };
  try {
    neighbourhood = await setUp({
      directory,
      community,
      chain,
      rpcUrl: await endpoint(chain.anvil.url),
      children,
      pace,
      horizonIntervals: 13,
      follow: options.follow,
      seed: options.seed,
      now,
      say,
    });
  } catch (cause) {
    await shutDown();
    throw cause;
  }
  const homes = neighbourhood;
  const names = new HomeNames(homes);
  homeNames = names;
  const places = { directory, neighbourhood: homes, homeNames: names };
  const shared = { options, community, chain, children, pace, ...places };
  return {
    ...shared,
    firstInterval: Math.floor(community.startsAtMs / 1000 / INTERVAL_SECONDS),
    now,
    async play(signal, onStep) {
      const endMs = community.startsAtMs + options.intervals * INTERVAL_SECONDS * 1000;
      if (options.speed === 'max') {
        const blocks = chain.inOrder((address) => names.of(address) ?? '');
        const conductor = new Conductor(beginsAtMs, pace.blockSeconds, blocks);
        time = conductor;
        await playStepped(conductor, shared, endMs, signal, onStep);
      } else {
        const count = homes.homes.length + 2;
        const factor = speedFactor(options.speed);
        const eachMs = Math.max(START_MS_PER_PROCESS, homes.commandMs);
        const startMs = Math.max(START_MS + count * eachMs, options.speed * 1000);
        const originMs = Date.now() + startMs;
        const clock = scaledClock({
          startsAtMs: community.startsAtMs,
          wallOriginMs: originMs,
          factor,
        });
        time = clock;
        homes.useClock(`scaled:${community.startsAtMs}:${originMs}:${factor}`);
        await playScaled(clock, shared, endMs, signal, onStep);
      }
    },
    stop: () => children.stopAll(STOP_GRACE_MS),
    remove: shutDown,
  };
}

/**
 * As fast as it goes, a hundred homes wait mostly for the disk: then the files live in memory, if
 * the system has a place for that. They are synced all the same.
 */
function temporaryPlace(speed: RunOptions['speed']): string {
  if (speed !== 'max') return tmpdir();
  try {
    accessSync(MEMORY_PLACE, constants.W_OK | constants.X_OK);
    return MEMORY_PLACE;
  } catch {
    return tmpdir();
  }
}

/** @throws RunError when the folder to keep is there already */
function runDirectory({ keepDir, speed }: RunOptions): string {
  if (keepDir === null) return mkdtempSync(join(temporaryPlace(speed), 'transax-'));
  const directory = resolve(keepDir);
  if (existsSync(directory)) throw new RunError(`${directory} is there already: name a new folder`);
  mkdirSync(directory, { recursive: true });
  return directory;
}

type Shared = Pick<Run, 'chain' | 'children' | 'neighbourhood' | 'pace' | 'directory'>;

async function playStepped(
  conductor: Conductor,
  run: Shared,
  endMs: number,
  signal: AbortSignal,
  onStep: () => Promise<void>,
): Promise<void> {
  const socket = join(run.directory, 'time.sock');
  await conductor.listen(socket);
  run.neighbourhood.useClock(`stepped:${socket}`);
  const watched = startUtility(run);
  const { homes } = run.neighbourhood;
  for (let first = 0; first < homes.length; first += AGENTS_PER_HOST) {
    const part = homes.slice(first, first + AGENTS_PER_HOST);
    const list = join(run.directory, `agents-${first}.json`);
    writeFileSync(list, JSON.stringify(part.map((home) => home.config)));
    watched.push(run.children.start(`agents-${first}`, ['testbed/agent-host.ts', list, socket]));
  }
  const stop = new AbortController();
  signal.addEventListener('abort', () => stop.abort(signal.reason), { once: true });
  const either = stop.signal;
  const failed = firstToEnd(watched, either);
  try {
    await Promise.race([conductor.gather(watched.length, either), failed]);
    await Promise.race([conductor.runTo(endMs, either, onStep), failed]);
  } finally {
    stop.abort();
    await run.children.stopAll(STOP_GRACE_MS);
    await conductor.close();
  }
}

async function playScaled(
  clock: Clock,
  run: Shared,
  endMs: number,
  signal: AbortSignal,
  onStep: () => Promise<void>,
): Promise<void> {
  const watched = startUtility(run);
  for (const home of run.neighbourhood.homes) watched.push(startHome(run, home));
  const stop = new AbortController();
  signal.addEventListener('abort', () => stop.abort(signal.reason), { once: true });
  const either = stop.signal;
  const failed = firstToEnd(watched, either);
  const miner = run.chain.mineByClock(clock, run.pace.blockSeconds, either);
  try {
    await Promise.race([failed, miner, watchTime(clock, endMs, either, onStep)]);
  } finally {
    stop.abort();
    await miner;
  }
}

/** Looks a few times a real second until the end of market time. */
async function watchTime(
  clock: Clock,
  endMs: number,
  signal: AbortSignal,
  onStep: () => Promise<void>,
): Promise<void> {
  while (clock.now() < endMs && !signal.aborted) {
    await onStep();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

type Places = Pick<Run, 'children' | 'neighbourhood'>;

/** Starts a home's agent as a process of its own, for the first time or again. */
export function startHome(run: Places, home: NeighbourHome): Child {
  return run.children.start(home.spec.name, ['agent/main.ts', 'run', '--config', home.config]);
}

/** Starts one of the utility's processes, for the first time or again. */
export function startOperator(run: Places, command: 'dso' | 'solver'): Child {
  const config = run.neighbourhood.operatorConfig;
  return run.children.start(command, ['operator/main.ts', command, '--config', config]);
}

function startUtility(run: Places): Child[] {
  return [startOperator(run, 'dso'), startOperator(run, 'solver')];
}

/** Rejects when one of them ends although nobody asked it to; else stays pending. */
function firstToEnd(watched: Child[], signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    for (const child of watched) {
      void child.ended.then((code) => {
        if (signal.aborted || child.mayEnd) return;
        const how = code === null ? 'was killed' : `ended with ${code}`;
        reject(new RunError(`${child.name} ${how}: ${child.tail()}`));
      });
    }
  });
}
