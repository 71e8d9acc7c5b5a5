/** The follower's hand on the battery: commands may fail without harm; the last one is known. */
import type { Log } from '../../host/ports.ts';
import { BusError } from '../../host/ports.ts';
import type { Battery, BatteryState } from '../drivers/battery.ts';
import type { BatteryModel } from '../strategy/battery.ts';

/** Long enough that one lost look does not end the following. */
const DEAD_MAN_LOOKS = 3;
const LEAST_DEAD_MAN_S = 60;

export type BatteryOrder = { kind: 'hold'; powerW: number } | { kind: 'automatic' } | null;

export class BatteryHand {
  readonly limits: BatteryModel;
  readonly #battery: Battery;
  readonly #log: Log;
  readonly #deadManS: number;
  /** What it was told last; null while that is not known. */
  #order: BatteryOrder = null;
  #hasFailed = false;

  constructor(battery: Battery, limits: BatteryModel, pollMs: number, log: Log) {
    this.limits = limits;
    this.#battery = battery;
    this.#log = log;
    this.#deadManS = Math.max(LEAST_DEAD_MAN_S, Math.ceil((DEAD_MAN_LOOKS * pollMs) / 1000));
  }

  get order(): BatteryOrder {
    return this.#order;
  }

  /** Null when it does not answer. */
  read(): Promise<BatteryState | null> {
    return this.#tried(() => this.#battery.read());
  }

  /** Written at every look, also when nothing changed: the dead-man timer starts anew. */
  async hold(powerW: number): Promise<void> {
    const isTold = await this.#tried(async () => {
      await this.#battery.setPoint(powerW, this.#deadManS);
      return true;
    });
    this.#order = isTold === null ? null : { kind: 'hold', powerW };
  }

  async automatic(): Promise<void> {
    if (this.#order?.kind === 'automatic') return;
    const isTold = await this.#tried(async () => {
      await this.#battery.automatic();
      return true;
    });
    this.#order = isTold === null ? null : { kind: 'automatic' };
  }

  async #tried<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      const result = await work();
      if (this.#hasFailed) this.#log.info('the battery answers again');
      this.#hasFailed = false;
      return result;
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      if (!this.#hasFailed) {
        this.#log.warn(
          `the battery does not answer: ${error.message}; it will go automatic itself`,
        );
      }
      this.#hasFailed = true;
      return null;
    }
  }
}
