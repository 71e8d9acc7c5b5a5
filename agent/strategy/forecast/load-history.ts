/**
 * What a home drew, interval by interval: one typed array, a year of quarter hours in 140 kB.
 * Unknown is NaN, never 0. Pure.
 */
import type { Interval } from '../../../market/intervals.ts';

/** Enough for a year of quarter hours; of shorter intervals it holds less time. */
const MOST_VALUES = 40_000;

export class LoadHistory {
  readonly intervalSeconds: number;
  readonly slotsPerDay: number;
  readonly #limitW: number;
  #first: Interval = 0;
  #values = new Float32Array(0);
  #length = 0;
  #known = 0;

  /**
   * @param intervalSeconds length of an interval; need not divide a day
   * @param limitW what no meter of this home can show, either way
   */
  constructor(intervalSeconds: number, limitW = Number.POSITIVE_INFINITY) {
    this.intervalSeconds = intervalSeconds;
    this.slotsPerDay = Math.max(1, Math.round(86_400 / intervalSeconds));
    this.#limitW = limitW;
  }

  /**
   * The mean power of an interval that is over, W.
   * @returns false where the value is impossible, or older than what is kept
   */
  observe(interval: Interval, powerW: number): boolean {
    if (!Number.isFinite(powerW) || Math.abs(powerW) > this.#limitW) return false;
    if (this.#length === 0) this.#first = interval;
    if (interval < this.#first) return this.#known > 0 && this.#prepend(interval, powerW);
    this.#reach(interval);
    const place = interval - this.#first;
    if (Number.isNaN(this.#values[place])) this.#known += 1;
    this.#values[place] = powerW;
    return true;
  }

  /** W; NaN where it is not known. */
  at(interval: Interval): number {
    return this.#values[interval - this.#first] ?? Number.NaN;
  }

  /** The first interval known. */
  get first(): Interval {
    return this.#first;
  }

  /** The interval after the last one known; equal to `first` while nothing is known. */
  get end(): Interval {
    return this.#first + this.#length;
  }

  /** How many intervals are known. */
  get known(): number {
    return this.#known;
  }

  /** Room for an interval, the oldest going where there are too many. */
  #reach(interval: Interval): void {
    const wanted = interval - this.#first + 1;
    if (wanted > MOST_VALUES) this.#drop(wanted - Math.floor(MOST_VALUES * 0.9));
    const length = Math.max(this.#length, interval - this.#first + 1);
    if (length > this.#values.length) {
      const larger = new Float32Array(Math.min(MOST_VALUES, length * 2)).fill(Number.NaN);
      larger.set(this.#values.subarray(0, this.#length));
      this.#values = larger;
    }
    this.#length = length;
  }

  #drop(count: number): void {
    const kept = this.#values.slice(Math.min(count, this.#length), this.#length);
    this.#values = kept;
    this.#first += count;
    this.#length = kept.length;
    this.#known = kept.reduce((sum, value) => sum + (Number.isNaN(value) ? 0 : 1), 0);
  }

  #prepend(interval: Interval, powerW: number): boolean {
    const more = this.#first - interval;
    if (more + this.#length > MOST_VALUES) return false;
    const larger = new Float32Array(more + this.#length).fill(Number.NaN);
    larger.set(this.#values.subarray(0, this.#length), more);
    larger[0] = powerW;
    this.#values = larger;
    this.#first = interval;
    this.#length = larger.length;
    this.#known += 1;
    return true;
  }
}
