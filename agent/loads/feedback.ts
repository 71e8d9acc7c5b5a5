/**
 * Whether the meter sees what a relay was told: within some seconds of a switch
 * the home draws more, or less, by what the load is said to draw. Pure.
 */
import type { SteadyMs } from './limits.ts';
import type { FeedbackLimits } from './model.ts';

/** `unclear`: no look in time, or something else of ours changed too. */
export type Verdict = 'seen' | 'missing' | 'unclear';

interface Watch {
  isOn: boolean;
  atMs: SteadyMs;
  /** Without the battery, W, before the switch. */
  beforeW: number;
  looks: number;
  /** Of the look that came nearest, W. */
  nearestW: number | null;
}

/** So often in a row, and the load counts as broken. */
export const MOST_MISSING = 3;

export class Feedback {
  readonly #limits: FeedbackLimits;
  #watch: Watch | null = null;
  #missing = 0;

  constructor(limits: FeedbackLimits) {
    this.#limits = limits;
  }

  /** Missing ones in a row. */
  get missing(): number {
    return this.#missing;
  }

  /** The load was turned. @param beforeW what the home drew without its battery just before */
  turned(isOn: boolean, atMs: SteadyMs, beforeW: number): void {
    this.#watch = { isOn, atMs, beforeW, looks: 0, nearestW: null };
  }

  /** Something else was turned meanwhile: nothing can be told. */
  disturb(): void {
    this.#watch = null;
  }

  /** @param powerW what the home draws without its battery, @returns a verdict when there is one */
  look(atMs: SteadyMs, powerW: number): { verdict: Verdict; sawW: number | null } | null {
    const watch = this.#watch;
    if (watch === null) return null;
    const { expectW, tolerance, withinMs } = this.#limits;
    const isLate = atMs - watch.atMs > withinMs;
    if (!isLate) {
      watch.looks += 1;
      const sawW = (powerW - watch.beforeW) * (watch.isOn ? 1 : -1);
      const off = Math.abs(sawW - expectW);
      if (watch.nearestW === null || off < Math.abs(watch.nearestW - expectW)) {
        watch.nearestW = sawW;
      }
      if (off > tolerance * expectW) return null;
      this.#watch = null;
      this.#missing = 0;
      return { verdict: 'seen', sawW };
    }
    this.#watch = null;
    if (watch.looks === 0) return { verdict: 'unclear', sawW: null };
    this.#missing += 1;
    return { verdict: 'missing', sawW: watch.nearestW };
  }

  forget(): void {
    this.#missing = 0;
    this.#watch = null;
  }
}
