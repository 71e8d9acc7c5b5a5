/**
 * Collects the facts of a run as they come and reports them as the page's `CommunityState`.
 *
 * Facts may come in any order and more than once; what is said of the same thing again replaces
 * what was said before. Facts of intervals that have left the window are kept only as sums.
 */
import {
  type Cell,
  type Column,
  emptyCell,
  emptyColumn,
  type LiveHome,
  type RecordedRun,
} from './facts.ts';
import { feederOf, homeOf, neighbourhoodOf } from './series.ts';
import {
  COMPONENTS,
  type CommunityState,
  type Component,
  type ComponentState,
  type HealthState,
  type RunState,
  STAGES,
  type Stage,
  type StageState,
  type Totals,
  type TradeState,
} from './state.ts';
import { addSums, errorPercent, noSums, type Sums, sumsOf } from './sums.ts';

/** Intervals that the plots show, at most: a day of quarter hours. */
export const WINDOW_INTERVALS = 96;
/** Trades that are listed, at most. */
export const LISTED_TRADES = 60;

export class RecordError extends Error {
  readonly code: 'unknown-home' | 'unknown-feeder';
  constructor(code: RecordError['code'], message: string) {
    super(message);
    this.name = 'RecordError';
    this.code = code;
  }
}

export class CommunityRecord {
  readonly #run: RecordedRun;
  readonly #homeIds: ReadonlySet<string>;
  readonly #columns = new Map<number, Column>();
  readonly #live = new Map<string, LiveHome>();
  readonly #stages = new Map<Stage, StageState>();
  readonly #health = new Map<Component, HealthState>();
  /** Of intervals before the window. */
  readonly #past: Sums = noSums();
  #phase: RunState['phase'] = 'starting';
  #sentence = '';
  #marketNowMs: number;
  #rejectedSolutions: number | null = null;
  /** First interval of the window. */
  #floor: number;

  /** @throws RecordError when a home hangs on a feeder that is not listed. */
  constructor(run: RecordedRun) {
    this.#run = run;
    this.#homeIds = new Set(run.homes.map((home) => home.id));
    this.#marketNowMs = run.firstInterval * run.intervalSeconds * 1000;
    this.#floor = run.firstInterval;
    const feeders = new Set(run.feeders.map((feeder) => feeder.id));
    for (const home of run.homes) {
      if (feeders.has(home.feeder)) continue;
      const where = `${home.id} hangs on feeder ${home.feeder}`;
      throw new RecordError('unknown-feeder', `${where}, which is not among the feeders`);
    }
  }

  /** @param sentence what is being done now, or how the run ended, for people */
  phase(phase: RunState['phase'], sentence: string): void {
    this.#phase = phase;
    this.#sentence = sentence;
  }

  /** Market time, ms since the epoch; intervals that fall out of the window become sums. */
  time(marketNowMs: number): void {
    this.#marketNowMs = marketNowMs;
    const end = this.#run.firstInterval + this.#run.intervalCount;
    const floor = Math.min(this.#current() + 2, end) - WINDOW_INTERVALS;
    for (; this.#floor < floor; this.#floor++) {
      const column = this.#columns.get(this.#floor);
      if (!column) continue;
      addSums(this.#past, sumsOf(column, this.#run));
      this.#columns.delete(this.#floor);
    }
  }

  /** A closed reading: what the home drew and gave through its meter in an interval, Ws. */
  reading(homeId: string, interval: number, importedWs: number, exportedWs: number): void {
    const cell = this.#cell(homeId, interval);
    if (cell) cell.reading = { importedWs, exportedWs };
  }

  /** Behind the meter: what the home used (its battery apart) and generated in an interval, Ws. */
  physics(homeId: string, interval: number, loadWs: number, generationWs: number): void {
    const cell = this.#cell(homeId, interval);
    if (cell) cell.physics = { loadWs, generationWs };
  }

  /** What the battery holds at the end of an interval, 0 to 1. */
  stored(homeId: string, interval: number, share: number): void {
    const cell = this.#cell(homeId, interval);
    if (cell) cell.storedShare = share;
  }

  /** The schedule of a home: its commitment, and the untraded part of its plan, W. */
  schedule(homeId: string, interval: number, committedW: number, untradedW: number): void {
    const cell = this.#cell(homeId, interval);
    if (cell) cell.schedule = { committedW, untradedW };
  }

  /** An interval became final with these trades (none: it became final empty). */
  finalized(interval: number, trades: readonly TradeState[]): void {
    const column = this.#column(interval);
    if (column) column.trades = trades;
  }

  /** The home as it is at this moment. */
  live(homeId: string, live: LiveHome): void {
    this.#expectHome(homeId);
    this.#live.set(homeId, live);
  }

  /** How far a step of the interval's life has come; `done` of `of` homes (`clear`: intervals). */
  stage(stage: Stage, interval: number | null, done: number, of: number): void {
    this.#stages.set(stage, { stage, interval, done, of });
  }

  health(component: Component, state: ComponentState, sentence: string): void {
    this.#health.set(component, { component, state, sentence });
  }

  /** Solutions that the contract refused since the start. */
  rejected(solutions: number): void {
    this.#rejectedSolutions = solutions;
  }

  state(): CommunityState {
    const run = this.#run;
    const intervals = this.#intervals();
    const window = intervals.map((interval) => this.#columns.get(interval) ?? null);
    const sums = noSums();
    addSums(sums, this.#past);
    for (const column of this.#columns.values()) addSums(sums, sumsOf(column, run));
    return {
      version: 1,
      run: this.#runState(),
      totals: this.#totals(sums),
      life: STAGES.map((stage) => this.#stages.get(stage) ?? noStage(stage)),
      intervals,
      neighbourhood: neighbourhoodOf(run, window),
      feeders: run.feeders.map((feeder) => feederOf(run, feeder, window)),
      homes: run.homes.map((home) =>
        homeOf(run, home, window, this.#live.get(home.id), sums.homes.get(home.id)),
      ),
      trades: window
        .flatMap((column) => column?.trades ?? [])
        .reverse()
        .slice(0, LISTED_TRADES),
      health: COMPONENTS.filter(
        (component) => component !== 'tor' || this.#run.isThroughTor === true,
      ).map((component) => this.#health.get(component) ?? notUp(component)),
    };
  }

  #current(): number {
    return Math.floor(this.#marketNowMs / 1000 / this.#run.intervalSeconds);
  }

  /** From the start of the window to the last interval of which something is known. */
  #intervals(): number[] {
    const { firstInterval, intervalCount } = this.#run;
    const known = Math.max(this.#current(), ...this.#columns.keys());
    const last = Math.min(known, firstInterval + intervalCount - 1);
    const length = Math.max(0, last - this.#floor + 1);
    return Array.from({ length }, (_, at) => this.#floor + at);
  }

  #runState(): RunState {
    const { tariff: _, feeders: __, homes: ___, isThroughTor: ____, ...facts } = this.#run;
    return {
      ...facts,
      phase: this.#phase,
      sentence: this.#sentence,
      marketNowMs: this.#marketNowMs,
      currentInterval: this.#current(),
    };
  }

  #totals(sums: Sums): Totals {
    const { homes, ...rest } = sums;
    return {
      ...rest,
      savedMicro: this.#run.tariff ? Math.round(sums.savedMicro) : null,
      rejectedSolutions: this.#rejectedSolutions,
      commitmentErrorPercent: errorPercent(homes.values()),
    };
  }

  #column(interval: number): Column | null {
    if (interval < this.#floor) return null;
    let column = this.#columns.get(interval);
    if (!column) {
      column = emptyColumn(interval);
      this.#columns.set(interval, column);
    }
    return column;
  }

  /** Null when the interval has left the window: its sums are made. */
  #cell(homeId: string, interval: number): Cell | null {
    this.#expectHome(homeId);
    const column = this.#column(interval);
    if (!column) return null;
    let cell = column.cells.get(homeId);
    if (!cell) {
      cell = emptyCell();
      column.cells.set(homeId, cell);
    }
    return cell;
  }

  #expectHome(homeId: string): void {
    if (this.#homeIds.has(homeId)) return;
    throw new RecordError('unknown-home', `there is no home ${homeId} in this run`);
  }
}

function noStage(stage: Stage): StageState {
  return { stage, interval: null, done: 0, of: 0 };
}

function notUp(component: Component): HealthState {
  return { component, state: 'starting', sentence: 'not up yet' };
}
