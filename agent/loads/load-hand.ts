/**
 * The follower's hand on one load: its output, its limits, and a record of every switch. An output
 * that cannot be reached is looked at again, and tried again, at the next look.
 */
import { type Log, SqlError, type UnixMs } from '../../host/ports.ts';
import type { Journal } from '../journal/journal.ts';
import type { SwitchRow } from '../journal/rows.ts';
import type { TimeReading } from '../proven-time.ts';
import { isOnTooLong, mayTurnFromMs, recentStarts, type SteadyMs } from './limits.ts';
import type { Level, LoadModel } from './model.ts';
import type { Output } from './output.ts';

/** Market time for records, steady time for limits. */
export interface LoadTime extends TimeReading {
  steadyMs: SteadyMs;
}

const HOUR_MS = 3_600_000;
/** A block, as SG-Ready has it, is not held longer; then the pump runs at least so long. */
const MOST_BLOCK_MS = 2 * HOUR_MS;
const HOLD_MS = 10 * 60_000;

export class LoadHand {
  readonly load: LoadModel;
  readonly #output: Output;
  readonly #journal: Journal;
  readonly #log: Log;
  /** Null while it is not known. */
  #level: Level | null = null;
  /** The last that was known. */
  #known: Level | null = null;
  #changedAtMs: SteadyMs = 0;
  #levelAtMs: SteadyMs = Number.NEGATIVE_INFINITY;
  /** By market time, for people; null while only a time that was not proven is known. */
  #sinceMs: UnixMs | null = null;
  #why = '';
  #starts: SteadyMs[] = [];
  readonly #unwritten: SwitchRow[] = [];
  #cycles = 0;
  #hasFailed = false;
  /** The last turn that failed: it may have been done all the same. */
  #attempt: { level: Level; why: string } | null = null;

  constructor(load: LoadModel, output: Output, journal: Journal, log: Log) {
    this.load = load;
    this.#output = output;
    this.#journal = journal;
    this.#log = log;
  }

  /** Null while it is not known. */
  get isOn(): boolean | null {
    return this.#level === null ? null : this.#level === 'on';
  }

  get level(): Level | null {
    return this.#level;
  }

  get sinceMs(): UnixMs | null {
    return this.#sinceMs;
  }

  /** Why it was turned last, in words. */
  get why(): string {
    return this.#why;
  }

  /** How often it was turned on, ever. */
  get cycles(): number {
    return this.#cycles;
  }

  /** After a start: what the output does, and since when by the journal. */
  async recall(time: LoadTime): Promise<void> {
    this.#level = await this.#tried(() => this.#output.read());
    this.#known = this.#level;
    this.#cycles = this.#journal.loads.cycles(this.load.name);
    const last = this.#journal.lastSwitch(this.load.name);
    this.#why = last?.why ?? '';
    this.#changedAtMs = time.steadyMs;
    if (time.certainty !== 'proven') return;
    const back = (atMs: UnixMs) => time.steadyMs - Math.max(0, time.atMs - atMs);
    this.#starts = this.#journal
      .switches(time.atMs - HOUR_MS, time.atMs)
      .filter(({ load, isOn }) => load === this.load.name && isOn)
      .map(({ atMs }) => back(atMs));
    // A switch of which the journal knows nothing, or in the future: the whole time is waited.
    const isKnown = last !== null && last.isOn === this.isOn && last.atMs <= time.atMs;
    if (isKnown) this.#changedAtMs = back(last.atMs);
    else if (last === null && this.isOn === false) this.#changedAtMs = Number.NEGATIVE_INFINITY;
    this.#sinceMs = isKnown ? last.atMs : time.atMs;
  }

  /** When it is not known what the output does, it is asked. */
  async look(time: LoadTime): Promise<void> {
    if (this.#unwritten.length > 0 && this.#journal.isWritable) this.#write();
    if (this.#level !== null) return;
    const level = await this.#tried(() => this.#output.read());
    this.#level = level;
    if (level === null || level === this.#known) return;
    // It was turned by the call that failed, or by hand.
    const why = this.#attempt?.level === level ? this.#attempt.why : 'found so';
    this.#note(level, (this.#known === 'on') !== (level === 'on'), why, time);
  }

  /** What the output does, asked of it; null: it does not answer. */
  async readBack(): Promise<boolean | null> {
    const level = await this.#tried(() => this.#output.read());
    return level === null ? null : level === 'on';
  }

  /** From when on its limits let it be turned, steady ms. */
  mayTurnFromMs(): SteadyMs {
    const isOn = (this.#level ?? this.#known) === 'on';
    return mayTurnFromMs(this.load, {
      isOn,
      changedAtMs: this.#changedAtMs,
      starts: this.#starts,
    });
  }

  mayTurn({ steadyMs }: LoadTime): boolean {
    return steadyMs >= this.mayTurnFromMs();
  }

  isOnTooLong({ steadyMs }: LoadTime): boolean {
    const times = { isOn: this.isOn, changedAtMs: this.#changedAtMs, starts: [] };
    return isOnTooLong(this.load, times, steadyMs);
  }

  /** Goes to a level if that changes anything and its limits allow it. @returns whether it did */
  async turn(level: Level, why: string, time: LoadTime): Promise<boolean> {
    const goal = this.#within(level, time);
    const from = this.#level;
    // While it is not known what it does, turning it might cut a minimum time.
    if (from === goal || from === null) return false;
    const turns = (from === 'on') !== (goal === 'on');
    if (turns && !this.mayTurn(time)) return false;
    if (!turns && time.steadyMs - this.#levelAtMs < HOLD_MS) return false;
    return this.#set(goal, why, time);
  }

  /** Goes to a level at once, whatever its limits: for a fuse. */
  async force(level: Level, why: string, time: LoadTime): Promise<boolean> {
    const goal = this.#possible(level);
    this.#write();
    return this.#level === goal ? false : this.#set(goal, why, time);
  }

  /** As `force`, and told even if it is so already: somebody else may have turned it meanwhile. */
  async assure(level: Level, why: string, time: LoadTime): Promise<boolean> {
    this.#write();
    return this.#set(this.#possible(level), why, time);
  }

  /** A plain relay knows no block. */
  #possible(level: Level): Level {
    return this.load.kind === 'sg-ready' || level !== 'block' ? level : 'off';
  }

  /** A plain relay knows no block; a heat pump is not blocked for longer than it may be. */
  #within(level: Level, { steadyMs }: LoadTime): Level {
    if (level !== 'block') return level;
    if (this.load.kind !== 'sg-ready') return 'off';
    const isOver = this.#level === 'block' && steadyMs - this.#levelAtMs >= MOST_BLOCK_MS;
    return isOver ? 'off' : 'block';
  }

  async #set(level: Level, why: string, time: LoadTime): Promise<boolean> {
    const isDone = await this.#tried(async () => {
      await this.#output.set(level);
      return true;
    });
    if (isDone === null) {
      this.#level = null;
      this.#attempt = { level, why };
      // Perhaps only the answer was lost: asked at once, so that it is on record before a stop.
      await this.look(time);
      return this.#level === level;
    }
    const turns = (this.#known === 'on') !== (level === 'on') || this.#known === null;
    this.#level = level;
    this.#note(level, turns, why, time);
    return turns;
  }

  #note(level: Level, turns: boolean, why: string, time: LoadTime): void {
    this.#known = level;
    this.#levelAtMs = time.steadyMs;
    this.#why = why;
    if (!turns) return;
    const isOn = level === 'on';
    this.#changedAtMs = time.steadyMs;
    this.#sinceMs = time.certainty === 'unknown' ? null : time.atMs;
    if (isOn) {
      this.#cycles += 1;
      this.#starts = [...recentStarts(this.#starts, time.steadyMs), time.steadyMs];
    }
    this.#unwritten.push({ atMs: Math.round(time.atMs), load: this.load.name, isOn, why });
    this.#write();
  }

  /** What the disk does not take now is kept: minimum times after a restart stand on it. */
  #write(): void {
    try {
      for (let row = this.#unwritten[0]; row !== undefined; row = this.#unwritten[0]) {
        this.#journal.recordSwitch(row);
        this.#unwritten.shift();
      }
    } catch (error) {
      // The journal itself shows that it cannot be written; the load is switched all the same.
      if (!(error instanceof SqlError)) throw error;
    }
  }

  async #tried<T>(work: () => Promise<T>): Promise<T | null> {
    const load = this.load.name;
    try {
      const result = await work();
      if (this.#hasFailed) this.#log.info('the relay answers again', { load });
      this.#hasFailed = false;
      return result;
    } catch (error) {
      if (!this.#hasFailed) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#log.warn(`the relay does not answer: ${reason}`, { load });
      }
      this.#hasFailed = true;
      return null;
    }
  }
}
