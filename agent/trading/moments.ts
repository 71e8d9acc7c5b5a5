/**
 * When the steps of own offers are taken: at random moments, each drawn anew from the system's
 * source of chance, so that no step betrays another, nor whose it is (design: wallet, privacy,
 * borders). A moment is drawn when its step becomes possible. After an outage all are drawn again:
 * what had to wait must not leave the house at one moment.
 */
import type { Random } from '../../host/ports.ts';

export type Step = 'ask' | 'post' | 'close' | 'deposit';

export interface MomentsOptions {
  random: Random;
  /** A longer silence between two looks counts as an outage, s. */
  silenceSeconds: number;
  /**
   * Null: random moments. Else a share from 0 to 1: every step comes that far into its span, as a
   * home with habits of its own would do it (a lab's).
   */
  habit: number | null;
  /** Moments are rounded up to whole multiples, so that stepped time takes few steps; 0: not. s */
  gridSeconds: number;
}

export class Moments {
  readonly #o: MomentsOptions;
  readonly #dueAt = new Map<string, number>();
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: MomentsOptions) {
    this.#o = options;
  }

  /** Before own offers are looked at, whenever something could be done. @param now unix s */
  look(now: number): void {
    if (now - this.#lookedAt > this.#o.silenceSeconds) this.#dueAt.clear();
    this.#lookedAt = now;
  }

  /**
   * The moment of a step, uniform over the span; drawn once.
   * @param from when the step became possible: no earlier than now, or it would come at once
   */
  of(index: number, step: Step, from: number, spanSeconds: number): number {
    const key = keyOf(index, step);
    const known = this.#dueAt.get(key);
    if (known !== undefined) return known;
    const due = this.drawn(key, from, spanSeconds);
    this.#dueAt.set(key, due);
    return due;
  }

  /** A moment of a span that begins at `from`, unix s. @param what it is drawn for */
  drawn(what: string, from: number, spanSeconds: number): number {
    const { habit, random, gridSeconds } = this.#o;
    const at = from + Math.max(0, spanSeconds) * (habit ?? random.uniform(what));
    return gridSeconds > 0 ? Math.ceil(at / gridSeconds) * gridSeconds : at;
  }

  /** Drawn anew when it is asked for next. */
  redraw(index: number, step: Step): void {
    this.#dueAt.delete(keyOf(index, step));
  }

  /** Of a retired address. */
  forget(index: number): void {
    for (const step of ['ask', 'post', 'close', 'deposit'] as const) this.redraw(index, step);
  }

  /** The next moment after `now`, unix s; null when there is none. */
  next(now: number): number | null {
    let earliest: number | null = null;
    for (const due of this.#dueAt.values()) {
      if (due > now && (earliest === null || due < earliest)) earliest = due;
    }
    return earliest;
  }
}

function keyOf(index: number, step: Step): string {
  return `${step} ${index}`;
}
