/**
 * Listens to what the follower reads of the battery: its mean power by interval (which forecasts
 * must leave out of the net load) and what it holds now.
 */
import type { UnixMs } from '../host/ports.ts';
import type { Interval } from '../market/intervals.ts';
import type { Battery, BatteryState } from './drivers/battery.ts';
import { MeanPower } from './metering/mean-power.ts';

export class BatteryTap implements Battery {
  readonly #battery: Battery;
  readonly #now: () => UnixMs;
  readonly #mean: MeanPower;
  #last: { atMs: UnixMs; state: BatteryState } | null = null;

  constructor(battery: Battery, now: () => UnixMs, intervalSeconds: number) {
    this.#battery = battery;
    this.#now = now;
    this.#mean = new MeanPower(intervalSeconds);
  }

  async read(): Promise<BatteryState> {
    const state = await this.#battery.read();
    const atMs = this.#now();
    // Set-points change right after a look.
    this.#mean.note(atMs, state.powerW);
    this.#last = { atMs, state };
    return state;
  }

  setPoint(powerW: number, deadManSeconds: number): Promise<void> {
    return this.#battery.setPoint(powerW, deadManSeconds);
  }

  automatic(): Promise<void> {
    return this.#battery.automatic();
  }

  /** The last state read, and when; null before the first. */
  last(): { atMs: UnixMs; state: BatteryState } | null {
    return this.#last;
  }

  /** Mean power of an interval, W; null when too little of it was seen. */
  meanW(interval: Interval): number | null {
    return this.#mean.of(interval);
  }
}
