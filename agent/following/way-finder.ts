/**
 * Which way the home goes in an interval (design: when things go wrong): it follows its schedule
 * while clock and disk can be trusted, or did when the interval began; else it runs by itself.
 */
import type { Interval } from '../../market/intervals.ts';
import type { Journal } from '../journal/journal.ts';
import type { TimeReading } from '../proven-time.ts';

export type Way =
  | {
      way: 'following';
      /** What was planned and traded. */
      targetWs: number;
      /** Of it, what final trades bind the home to: bought is positive. */
      tradedWs: number;
    }
  | { way: 'automatic'; reason: string }
  | { way: 'switched-off' };

export class WayFinder {
  readonly #journal: Journal;
  readonly #isEnabled: boolean;
  readonly #intervalSeconds: number;
  /** The last interval that began or ran under a proven clock, and a disk that can be written. */
  #trusted: Interval | null = null;

  constructor(journal: Journal, isEnabled: boolean, intervalSeconds: number) {
    this.#journal = journal;
    this.#isEnabled = isEnabled;
    this.#intervalSeconds = intervalSeconds;
  }

  find(time: TimeReading, interval: Interval): Way {
    const { isWritable } = this.#journal;
    if (time.certainty === 'unknown') {
      return { way: 'automatic', reason: 'the clock is not proven' };
    }
    if (time.certainty === 'proven' && isWritable) this.#trusted = interval;
    if (this.#trusted !== interval) {
      const reason = isWritable ? 'the clock is not proven' : 'the disk cannot be written';
      return { way: 'automatic', reason };
    }
    if (!this.#isEnabled) return { way: 'switched-off' };
    const row = this.#journal.schedule(interval);
    if (row === null) return { way: 'automatic', reason: 'nothing is scheduled' };
    return {
      way: 'following',
      targetWs: (row.committedW + row.untradedW) * this.#intervalSeconds,
      tradedWs: row.committedW * this.#intervalSeconds,
    };
  }
}
