/** Plays a run before the eyes of people: progress in the terminal, the page, the figures. */
import { accessSync, constants, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../host/system-clock.ts';
import type { GridFacts } from '../market/grid.ts';
import { parseGridFile } from '../market/grid-json.ts';
import type { CommunitySpec } from './homes/community.ts';
import { INTERVAL_SECONDS } from './neighbourhood.ts';
import { Observer } from './observer.ts';
import type { RunOptions } from './options.ts';
import { CommunityRecord } from './page/record.ts';
import { type Page, startPage } from './page/server.ts';
import type { Progress } from './progress.ts';
import { figuresOf, type RunFigures, residentMiB } from './report.ts';
import { prepareRun, type Run } from './run.ts';
import { RunError } from './run-place.ts';
import { type TradedRun, writeTables } from './tables.ts';
import type { TorFigures } from './tor/run-tor.ts';

const ZONE = 'Europe/Berlin';
const USE_MICRO_PER_KWH = 300_000;
const FEED_IN_MICRO_PER_KWH = 80_000;

/**
 * @returns the figures of all intervals that ended; null when none did
 * @throws RunError, AnvilError, ChildError, PageError, RpcError, AuditError
 */
export async function showRun(
  options: RunOptions,
  community: CommunitySpec,
  progress: Progress,
  signal: AbortSignal,
): Promise<(RunFigures & { tor?: TorFigures }) | null> {
  const startedMs = performance.now();
  if (options.outDir !== null) prepareOut(options.outDir);
  progress.say(`a neighbourhood of ${community.homes.length} homes: ${community.source}`);
  const record = new CommunityRecord(recordedRun(options, community));
  const page = await startPage({ state: () => record.state(), port: options.port });
  progress.say(`page: ${page.url}`);
  record.phase('starting', 'The utility deploys the contracts and enrols the meters.');
  let run: Run | null = null;
  try {
    run = await prepareRun(options, community, { say: (line) => progress.say(line), signal });
    const facts = readFacts(run);
    const watch = new Watch(run, facts, record, page, progress);
    let torFigures: TorFigures | null = null;
    try {
      await run.play(signal, () => watch.step(signal));
      torFigures = (await run.tor?.figures()) ?? null;
    } finally {
      await run.stop();
    }
    const endedIntervals = await watch.finish(signal);
    const how = signal.aborted ? 'was stopped by hand' : 'has ended';
    record.phase('ended', `The run ${how} after ${endedIntervals} intervals.`);
    if (endedIntervals === 0) return null;
    const figures = await figuresOf(run, facts, {
      wallSeconds: round((performance.now() - startedMs) / 1000),
      maxRssMiB: Math.round(watch.maxRssMiB),
      endedIntervals,
    });
    if (options.outDir !== null) writeTables(options.outDir, watch.traded(endedIntervals));
    summarise(figures, options.speed, progress);
    if (torFigures === null) return figures;
    summariseTor(torFigures, progress);
    return { ...figures, tor: torFigures };
  } catch (cause) {
    if (run === null && signal.aborted) return null;
    throw cause;
  } finally {
    await page.close();
    await run?.remove();
  }
}

/** @throws RunError when tables could not be written there in the end */
function prepareOut(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new RunError(`--out ${folder} cannot be written: ${(cause as Error).message}`, cause);
  }
}

/** What is looked at again and again while a run plays. */
class Watch {
  readonly #run: Run;
  readonly #facts: GridFacts;
  readonly #record: CommunityRecord;
  readonly #page: Page;
  readonly #progress: Progress;
  readonly #observer: Observer;
  readonly #signal = new AbortController().signal;
  #lastLookMs = 0;
  #lastInterval: number;
  maxRssMiB = 0;

  constructor(run: Run, facts: GridFacts, record: CommunityRecord, page: Page, progress: Progress) {
    this.#run = run;
    this.#facts = facts;
    this.#record = record;
    this.#page = page;
    this.#progress = progress;
    this.#lastInterval = run.firstInterval - 1;
    this.#observer = new Observer(run, facts, record, systemClock(), (address) =>
      run.homeNames.of(address),
    );
  }

  async step(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const interval = Math.floor(this.#run.now() / 1000 / INTERVAL_SECONDS);
    const isEdge = interval > this.#lastInterval;
    if (!isEdge && performance.now() - this.#lastLookMs < 250) return;
    this.#lastInterval = interval;
    this.#lastLookMs = performance.now();
    const ended = await this.#observer.look(this.#signal);
    this.#tellHealth();
    if (interval >= this.#run.firstInterval) {
      this.#record.phase('running', 'Meters are read, offers are made, trades become final.');
    }
    this.#page.notify();
    if (ended !== null) this.#tellInterval(ended);
    this.maxRssMiB = Math.max(this.maxRssMiB, this.#memory());
  }

  /** @returns how many whole intervals were played. @throws RpcError */
  async finish(signal: AbortSignal): Promise<number> {
    const ended = await this.#observer.look(this.#signal);
    this.#observer.close();
    if (this.#observer.problem !== null) throw this.#observer.problem;
    if (ended !== null) this.#tellInterval(ended);
    this.#page.notify();
    const played = this.#lastInterval - this.#run.firstInterval;
    return Math.max(0, signal.aborted ? played : this.#run.options.intervals);
  }

  traded(endedIntervals: number): TradedRun {
    return {
      run: this.#run,
      facts: this.#facts,
      book: this.#observer.book,
      homeOf: (address) => this.#run.homeNames.of(address),
      endedIntervals,
    };
  }

  #tellHealth(): void {
    for (const name of ['dso', 'solver'] as const) {
      const child = this.#run.children.find(name);
      this.#record.health(name, child ? 'ok' : 'down', child ? `process ${child.pid}` : 'ended');
    }
    const agents = this.#run.children.running().length - 2;
    this.#record.health('agents', agents > 0 ? 'ok' : 'down', `${agents} processes`);
    const { tor } = this.#run;
    if (tor === null) return;
    const isUp = tor.network.client().pid !== null;
    this.#record.health('tor', isUp ? 'ok' : 'down', `${tor.log.circuits().size} circuits`);
  }

  #tellInterval(interval: number): void {
    const { homes } = this.#run.neighbourhood;
    const trades = this.#observer.book.finalOf(interval)?.trades ?? [];
    const books = homes.map((home) => home.emulated.interval(interval));
    const meanKw = (energyWs: number) => energyWs / INTERVAL_SECONDS / 1000;
    const sum = (pick: (book: (typeof books)[number]) => number) =>
      books.reduce((total, book) => total + pick(book), 0);
    this.#progress.interval({
      clock: localTime(interval * INTERVAL_SECONDS * 1000),
      number: interval - this.#run.firstInterval + 1,
      of: this.#run.options.intervals,
      trades: trades.length,
      tradedKwh:
        (trades.reduce((total, trade) => total + trade.powerW, 0) * INTERVAL_SECONDS) / 3_600_000,
      loadKw: meanKw(sum((book) => book.loadWs + book.switchedLoadWs)),
      generationKw: meanKw(sum((book) => book.generationWs)),
      limitViolations: this.#record.state().totals.limitViolations,
    });
  }

  #memory(): number {
    const pids = this.#run.children.running().map((child) => child.pid);
    return residentMiB([...pids, this.#run.chain.anvil.pid]);
  }
}

function recordedRun(options: RunOptions, community: CommunitySpec) {
  return {
    name: community.source,
    zone: ZONE,
    currency: 'EUR',
    intervalSeconds: INTERVAL_SECONDS,
    firstInterval: Math.floor(community.startsAtMs / 1000 / INTERVAL_SECONDS),
    intervalCount: options.intervals,
    secondsPerInterval: options.speed,
    isFollowing: options.follow,
    isThroughTor: options.tor,
    feeders: community.feeders.map((feeder, at) => ({
      id: at + 1,
      name: `Feeder ${at + 1}`,
      ...feeder,
    })),
    homes: community.homes.map((home) => ({
      id: home.name,
      name: home.name.replace('home-', 'Home '),
      feeder: home.feeder,
      batteryCapacityWs: home.battery?.capacityWs ?? null,
      hasSwitchedLoad: home.switchedLoad !== null,
    })),
    tariff: () => ({
      useMicroPerKwh: USE_MICRO_PER_KWH,
      feedInMicroPerKwh: FEED_IN_MICRO_PER_KWH,
    }),
  };
}

function readFacts(run: Run): GridFacts {
  const file = join(run.neighbourhood.operatorConfig, '..', 'grid.json');
  return parseGridFile(readFileSync(file, 'utf8')).facts;
}

/** Agents have so many intervals to learn of the market before their first trade. */
const FIRST_TRADES = 3;

function summarise(figures: RunFigures, speed: RunOptions['speed'], progress: Progress): void {
  progress.say(
    `${figures.tradedKwh.toFixed(1)} kWh in ${figures.trades} trades over ` +
      `${figures.finalizedIntervals} final intervals; ${figures.limitViolations} limits broken, ` +
      `${figures.energyCreatedWs} Ws and ${figures.moneyCreatedMicro} millionths created`,
  );
  const error = figures.commitmentErrorPercent;
  if (error !== null) progress.say(`homes kept all but ${error.toFixed(1)} % of what they traded`);
  for (const finding of figures.findings) progress.say(`audit: ${finding}`);
  if (figures.trades === 0 && speed !== 'max' && figures.intervals > FIRST_TRADES) {
    progress.say(
      `nothing was traded: this machine may be too busy for ${speed} s an interval; ` +
        `try --speed ${2 * speed}, or --speed max, which waits for everybody`,
    );
  }
}

function summariseTor(figures: TorFigures, progress: Progress): void {
  const { identities, circuits, sharedCircuits, readBytes, writtenBytes, cpuSeconds } = figures;
  const mb = (bytes: number) => (bytes / 1e6).toFixed(1);
  progress.say(
    `tor: ${identities} identities on ${circuits} circuits, ${sharedCircuits} of them shared; ` +
      `${mb(readBytes)} MB read, ${mb(writtenBytes)} MB written; ${cpuSeconds} s of CPU time, ` +
      `${figures.residentMiB} MiB`,
  );
}

function localTime(ms: number): string {
  const form = { hour: '2-digit', minute: '2-digit', timeZone: ZONE } as const;
  return new Intl.DateTimeFormat('de-DE', form).format(ms);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
