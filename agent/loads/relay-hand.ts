/**
 * The follower's hand on one relay: minimum times, safe state, and a record of every switch. A
 * relay that cannot be reached is tried again at the next look.
 */
import { type Log, type Relay, SqlError, type UnixMs } from '../../host/ports.ts';
import type { Journal } from '../journal/journal.ts';
import type { TimeReading } from '../proven-time.ts';
import type { LoadLimits } from './switching.ts';

export interface SwitchedLoadSettings extends LoadLimits {
  name: string;
  safe: 'on' | 'off';
}

export class RelayHand {
  readonly load: SwitchedLoadSettings;
  readonly #relay: Relay;
  readonly #journal: Journal;
  readonly #log: Log;
  /** Null while it is not known. */
  #isOn: boolean | null = null;
  /** Last switch; null when only a time that was not proven is known: then it counts from now. */
  #sinceMs: UnixMs | null = null;
  #hasFailed = false;

  constructor(load: SwitchedLoadSettings, relay: Relay, journal: Journal, log: Log) {
    this.load = load;
    this.#relay = relay;
    this.#journal = journal;
    this.#log = log;
  }

  get isOn(): boolean | null {
    return this.#isOn;
  }

  get sinceMs(): UnixMs | null {
    return this.#sinceMs;
  }

  /** After a start: what the relay does, and since when by the journal. */
  async recall(time: TimeReading): Promise<void> {
    this.#isOn = await this.#tried(() => this.#relay.read());
    const last = this.#journal.lastSwitch(this.load.name);
    if (time.certainty !== 'proven' || this.#isOn === null) return;
    if (last === null) this.#sinceMs = 0;
    // A switch of which the journal knows nothing, or in the future: the whole time is waited.
    else this.#sinceMs = last.isOn === this.#isOn && last.atMs <= time.atMs ? last.atMs : time.atMs;
  }

  /** Whether the minimum time of the present state is over. */
  mayTurn(time: TimeReading): boolean {
    if (time.certainty === 'unknown') return false;
    this.#sinceMs ??= time.atMs;
    const leastMs = this.#isOn === true ? this.load.minimumOnMs : this.load.minimumOffMs;
    return time.atMs - this.#sinceMs >= leastMs;
  }

  /** Switches if that changes anything and the minimum times allow it. @returns whether it did */
  async turn(on: boolean, why: string, time: TimeReading): Promise<boolean> {
    if (this.#isOn === on || (this.#isOn !== null && !this.mayTurn(time))) return false;
    return this.#set(on, why, time);
  }

  /** To the safe state, whatever the minimum times. */
  async toSafe(why: string, time: TimeReading): Promise<boolean> {
    const isSafeOn = this.load.safe === 'on';
    return this.#isOn === isSafeOn ? false : this.#set(isSafeOn, why, time);
  }

  async #set(on: boolean, why: string, time: TimeReading): Promise<boolean> {
    const isDone = await this.#tried(async () => {
      await this.#relay.set(on);
      return true;
    });
    this.#isOn = isDone === null ? null : on;
    if (isDone === null) return false;
    this.#sinceMs = time.certainty === 'unknown' ? null : time.atMs;
    this.#record(on, why, time.atMs);
    return true;
  }

  #record(isOn: boolean, why: string, atMs: UnixMs): void {
    try {
      this.#journal.recordSwitch({ atMs: Math.round(atMs), load: this.load.name, isOn, why });
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
