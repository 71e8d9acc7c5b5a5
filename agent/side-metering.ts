/**
 * The other meters in the house: on the roof, at the battery, before a load. They show what happens
 * there; what the home is held to is the grid meter's alone. Each has a loop of its own, so that a
 * dead one holds up nothing.
 */
import { BusError, type Clock, type Log } from '../host/ports.ts';
import type { Interval } from '../market/intervals.ts';
import type { MeterRole } from './config/meters.ts';
import type { Meter } from './drivers/meter.ts';
import { MeanPower } from './metering/mean-power.ts';

export interface SideMeter {
  name: string;
  role: MeterRole;
  profile: string;
  meter: Pick<Meter, 'readFast'>;
  pollMs: number;
}

export interface SideMeterStatus {
  name: string;
  role: MeterRole;
  profile: string;
  /** Positive into the thing that is metered; null when it is not known. */
  powerW: number | null;
  /** Of the last good look; null when there was none. */
  ageSeconds: number | null;
  /** Of the last look, in words; null when it was good. */
  problem: string | null;
}

interface Seen {
  powerW: number | null;
  monotonicMs: number;
}

export class SideMetering {
  readonly #meters: readonly SideMeter[];
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #seen = new Map<string, Seen>();
  readonly #problems = new Map<string, string>();
  /** Of the meters that count generation, by name. */
  readonly #generation = new Map<string, MeanPower>();
  readonly #stopping = new AbortController();
  #done: Promise<unknown> = Promise.resolve();

  constructor(meters: readonly SideMeter[], clock: Clock, log: Log, intervalSeconds: number) {
    this.#meters = meters;
    for (const { name, role } of meters) {
      if (role === 'pv') this.#generation.set(name, new MeanPower(intervalSeconds));
    }
    this.#clock = clock;
    this.#log = log;
  }

  start(signal: AbortSignal): void {
    signal.addEventListener('abort', () => this.#stopping.abort(signal.reason), { once: true });
    if (signal.aborted) this.#stopping.abort(signal.reason);
    this.#done = Promise.all(this.#meters.map((each) => this.#watch(each)));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
  }

  /** What a meter showed last, and how long ago; null when it never did. */
  last(name: string): { powerW: number | null; ageMs: number } | null {
    const seen = this.#seen.get(name);
    if (seen === undefined) return null;
    return { powerW: seen.powerW, ageMs: this.#clock.monotonicMs() - seen.monotonicMs };
  }

  /** Itself where a meter counts what the home generates; else null. */
  get generation(): SideMetering | null {
    return this.#generation.size > 0 ? this : null;
  }

  /**
   * What all of them saw generated in an interval that is over, a mean in W, never negative; null
   * where one of them was not seen long enough.
   */
  generatedW(interval: Interval): number | null {
    let sumW = 0;
    for (const mean of this.#generation.values()) {
      const intoW = mean.of(interval);
      if (intoW === null) return null;
      // Inverters draw a little at night.
      sumW += Math.max(0, -intoW);
    }
    return sumW;
  }

  status(): SideMeterStatus[] {
    return this.#meters.map(({ name, role, profile }) => {
      const last = this.last(name);
      return {
        name,
        role,
        profile,
        powerW: last?.powerW ?? null,
        ageSeconds: last === null ? null : last.ageMs / 1000,
        problem: this.#problems.get(name) ?? null,
      };
    });
  }

  async #watch(each: SideMeter): Promise<void> {
    const { signal } = this.#stopping;
    const pacer = this.#clock.pacer(`meter ${each.name}`);
    try {
      while (!signal.aborted) {
        await this.#look(each);
        const nowMs = this.#clock.now();
        await pacer.until(nowMs - (nowMs % each.pollMs) + each.pollMs, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      pacer.close();
    }
  }

  async #look({ name, meter }: SideMeter): Promise<void> {
    try {
      const { powerW } = await meter.readFast();
      this.#generation.get(name)?.note(this.#clock.now(), powerW);
      this.#seen.set(name, { powerW, monotonicMs: this.#clock.monotonicMs() });
      if (this.#problems.delete(name)) this.#log.info(`the meter ${name} answers again`);
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      const isNew = !this.#problems.has(name);
      this.#problems.set(name, error.message);
      if (isNew) this.#log.warn(`the meter ${name} cannot be read: ${error.message}`);
    }
  }
}
