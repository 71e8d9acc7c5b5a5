/**
 * A run of a neighbourhood: set-up, market time, the utility's and the homes' processes, the end.
 *
 * Scaled time: every agent is a process of its own and time runs by the wall. Stepped time
 * (`--speed max`): a few host processes carry all agents and the conductor leads time.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
  setUp,
} from './neighbourhood.ts';
import type { RunOptions } from './options.ts';
import { paceOf, speedFactor } from './pace.ts';
import { Place, RunError } from './run-place.ts';
import { type OnionTarget, RunTor } from './tor/run-tor.ts';

/** Real time that the processes of scaled time get to start before the first interval, at least. */
const START_MS_PER_PROCESS = 600;
const START_MS = 3_000;
/** Agents per host process in stepped time: two hosts keep two cores busy. */
const AGENTS_PER_HOST = 64;
const STOP_GRACE_MS = 8_000;
/** After a failure, how long the end of anvil may take to be noticed. */
const END_NOTICE_MS = 300;
const PROJECT = join(import.meta.dirname, '..');

export interface Run {
  readonly options: RunOptions;
  readonly community: CommunitySpec;
  readonly directory: string;
  readonly chain: ChainHost;
  readonly children: Children;
  readonly neighbourhood: Neighbourhood;
  /** Through which the homes reach chain and DSO; null: not through Tor. */
  readonly tor: RunTor | null;
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

/** What a run is prepared with, beside what it is about. */
export interface RunSupport {
  say: (line: string) => void;
  /** Ends the set-up when it aborts. */
  signal: AbortSignal;
  /** Where everybody but the testbed finds the chain, when not at anvil itself. */
  endpoint?: (anvilUrl: string) => Promise<string>;
  /** Where each of the chain's onion services leads to, when not to anvil itself. */
  onionTarget?: (anvilUrl: string, service: string) => Promise<OnionTarget>;
  /** See `SetupOptions`. */
  within?: readonly string[];
  /** What keeps addresses apart and the agents leave out; see `agent/countermeasures.ts`. */
  without?: readonly string[];
  /**
   * Stepped time: offers that wait for a block come in an order of chance, not in that of their
   * homes, which nobody could see.
   */
  isOrderSecret?: boolean;
  /** Meters are enrolled by one process, which takes less time. */
  isShared?: boolean;
}

/** @throws RunError, AnvilError, ChildError; the signal's reason when it aborts */
export async function prepareRun(
  options: RunOptions,
  community: CommunitySpec,
  support: RunSupport,
): Promise<Run> {
  const { say, signal } = support;
  const place = new Place(options);
  try {
    const { directory } = place;
    const children = new Children(join(directory, 'logs'), join(PROJECT, '.cache', 'compile'));
    place.toClose(() => children.stopAll(STOP_GRACE_MS));
    signal.addEventListener('abort', () => void children.stopAll(STOP_GRACE_MS), { once: true });
    say('chain: starts anvil');
    // One interval before the first, so that the first can be traded like any other.
    const beginsAtMs = community.startsAtMs - INTERVAL_SECONDS * 1000;
    const chain = await ChainHost.start(beginsAtMs);
    place.toClose(() => chain.anvil.stop());
    signal.throwIfAborted();
    const pace = paceOf(options);
    const time: RunTime = { beginsAtMs, source: null };
    const tor = options.tor ? await RunTor.at(join(directory, 'tor'), { support, chain }) : null;
    if (tor !== null) place.toClose(() => tor.close());
    const neighbourhood = await setUp({
      ...{ directory, community, chain, children, pace, horizonIntervals: 13, say },
      rpcUrl: (await support.endpoint?.(chain.anvil.url)) ?? chain.anvil.url,
      follow: options.follow,
      seed: options.seed,
      without: support.without ?? [],
      isShared: support.isShared === true,
      now: () => nowOf(time),
      ...(support.within ? { within: support.within } : {}),
      ...(tor ? { outside: (dsoPort: number) => tor.open(dsoPort) } : {}),
    });
    place.toClose(() => neighbourhood.close());
    const homeNames = new HomeNames(neighbourhood);
    place.toClose(async () => homeNames.close());
    const parts = { options, community, directory, chain, children, neighbourhood, tor, pace };
    const isOrderSecret = support.isOrderSecret === true;
    return {
      ...{ ...parts, homeNames, firstInterval: intervalOf(community.startsAtMs) },
      now: () => nowOf(time),
      play: (ending, onStep) => play({ ...parts, homeNames, isOrderSecret }, time, ending, onStep),
      stop: () => children.stopAll(STOP_GRACE_MS),
      remove: () => place.close(),
    };
  } catch (cause) {
    await place.close();
    signal.throwIfAborted();
    throw cause;
  }
}

/** Market time: stands still until the run plays. */
interface RunTime {
  readonly beginsAtMs: number;
  source: { now(): number } | null;
}

function nowOf({ source, beginsAtMs }: RunTime): number {
  return source?.now() ?? beginsAtMs;
}

function intervalOf(atMs: number): number {
  return Math.floor(atMs / 1000 / INTERVAL_SECONDS);
}

async function play(
  run: Shared,
  time: RunTime,
  signal: AbortSignal,
  onStep: () => Promise<void>,
): Promise<void> {
  const { options, community, chain, homeNames, neighbourhood, pace } = run;
  const endMs = community.startsAtMs + options.intervals * INTERVAL_SECONDS * 1000;
  try {
    if (options.speed === 'max') {
      // An order by the address is one of chance.
      const nameOf = (address: string) => (run.isOrderSecret ? address : homeNames.of(address));
      const blocks = chain.inOrder((address) => nameOf(address) ?? '');
      const conductor = new Conductor(time.beginsAtMs, pace.blockSeconds, blocks);
      time.source = conductor;
      await playStepped(conductor, run, endMs, signal, onStep);
    } else {
      const { clock, setting } = scaledTime(options.speed, community, neighbourhood);
      time.source = clock;
      neighbourhood.useClock(setting);
      await playScaled(clock, run, endMs, signal, onStep);
    }
  } catch (cause) {
    if (signal.aborted) return;
    // Whoever noticed it first: without its chain everybody fails, each with words of its own.
    if (await hasEnded(chain)) throw new RunError('the chain of this run (anvil) has ended', cause);
    throw cause;
  }
}

/** Market time from the first interval on, as soon as all processes can have started. */
function scaledTime(
  secondsPerInterval: number,
  { startsAtMs }: CommunitySpec,
  { homes, commandMs }: Neighbourhood,
): { clock: Clock; setting: string } {
  const factor = speedFactor(secondsPerInterval);
  const eachMs = Math.max(START_MS_PER_PROCESS, commandMs);
  const startMs = Math.max(START_MS + (homes.length + 2) * eachMs, secondsPerInterval * 1000);
  const wallOriginMs = Date.now() + startMs;
  const clock = scaledClock({ startsAtMs, wallOriginMs, factor });
  return { clock, setting: `scaled:${startsAtMs}:${wallOriginMs}:${factor}` };
}

async function hasEnded(chain: ChainHost): Promise<boolean> {
  const aWhile = new Promise<boolean>((resolve) => setTimeout(resolve, END_NOTICE_MS, false));
  return await Promise.race([chain.anvil.ended.then(() => true), aWhile]);
}

type Shared = Omit<Run, 'firstInterval' | 'now' | 'play' | 'stop' | 'remove'> & {
  isOrderSecret: boolean;
};

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
    watched.push(
      run.children.start(`agents-${first}`, [
        'testbed/agent-host.ts',
        list,
        socket,
        String(run.options.seed),
      ]),
    );
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
  const { within } = run.neighbourhood;
  const args = ['agent/main.ts', 'run', '--config', home.config];
  return run.children.start(home.spec.name, args, within);
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
