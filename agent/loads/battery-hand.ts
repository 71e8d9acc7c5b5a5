/**
 * The follower's hand on the battery: commands may fail without harm; the last one is known. A
 * set-point is written when it changes, and again at a third of the dead-man time. Where writing
 * wears out the battery's memory, it is written rarely instead, and the dead-man time is long.
 */
import type { Log } from '../../host/ports.ts';
import { BusError } from '../../host/ports.ts';
import type { Battery, BatteryState } from '../drivers/battery.ts';
import type { BatteryModel } from '../strategy/battery.ts';
import type { LoadTime } from './load-hand.ts';

/** Settings that keep a battery from harm. */
export interface BatteryCare {
  deadManMs: number;
  /** False: each set-point is a write to a memory that wears out. */
  isVolatile: boolean;
  /** Of a memory that wears out. */
  writesPerDay: number;
}

export type BatteryOrder = { kind: 'hold'; powerW: number } | { kind: 'automatic' } | null;

export const USUAL_CARE: BatteryCare = { deadManMs: 60_000, isVolatile: true, writesPerDay: 48 };

/** Long enough that one lost look does not end the following. */
const DEAD_MAN_LOOKS = 3;
const DAY_MS = 86_400_000;
/** A memory that wears out is not written for less. */
const LEAST_CHANGE_W = 100;

export class BatteryHand {
  readonly limits: BatteryModel;
  readonly #battery: Battery;
  readonly #log: Log;
  readonly #care: BatteryCare;
  readonly #deadManMs: number;
  /** What it was told last; null while that is not known. */
  #order: BatteryOrder = null;
  #writtenAtMs = Number.NEGATIVE_INFINITY;
  #hasFailed = false;

  constructor(
    battery: Battery,
    limits: BatteryModel,
    pollMs: number,
    log: Log,
    care: BatteryCare = USUAL_CARE,
  ) {
    this.limits = limits;
    this.#battery = battery;
    this.#log = log;
    this.#care = care;
    const spacingMs = DAY_MS / care.writesPerDay;
    this.#deadManMs = care.isVolatile
      ? Math.max(care.deadManMs, DEAD_MAN_LOOKS * pollMs)
      : Math.max(care.deadManMs, DEAD_MAN_LOOKS * spacingMs);
  }

  get order(): BatteryOrder {
    return this.#order;
  }

  /** Null when it does not answer. */
  read(): Promise<BatteryState | null> {
    return this.#tried(() => this.#battery.read());
  }

  async hold(powerW: number, { steadyMs }: Pick<LoadTime, 'steadyMs'>): Promise<void> {
    if (!this.#isDue(powerW, steadyMs)) return;
    const isTold = await this.#tried(async () => {
      await this.#battery.setPoint(powerW, Math.ceil(this.#deadManMs / 1000));
      return true;
    });
    if (isTold !== null) this.#writtenAtMs = steadyMs;
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

  #isDue(powerW: number, steadyMs: number): boolean {
    const sinceMs = steadyMs - this.#writtenAtMs;
    const order = this.#order;
    if (this.#care.isVolatile) {
      const isSame = order?.kind === 'hold' && order.powerW === powerW;
      return !isSame || sinceMs >= this.#deadManMs / 3;
    }
    // The first after a start waits as long as any: a restart must not spend more.
    if (sinceMs === Number.POSITIVE_INFINITY) this.#writtenAtMs = steadyMs;
    if (steadyMs - this.#writtenAtMs < DAY_MS / this.#care.writesPerDay) return false;
    const isNear = order?.kind === 'hold' && Math.abs(order.powerW - powerW) < LEAST_CHANGE_W;
    return !isNear || sinceMs >= this.#deadManMs / 3;
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
