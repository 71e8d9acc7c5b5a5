/**
 * Whether to believe a meter's counters. A lower value, or a leap beyond what the fuse allows, is
 * not taken over before it was seen again, still counting, a minute later: one momentary 0 would
 * otherwise book the whole life of the meter into one interval. Pure.
 */
import type { UnixMs } from '../../host/ports.ts';

export type CounterSide = 'importedWs' | 'exportedWs';
export const COUNTER_SIDES: readonly CounterSide[] = ['importedWs', 'exportedWs'];

export interface Counters {
  importedWs: number;
  exportedWs: number;
  /** How finely they are told. */
  stepWs: number;
  /** After this value a counter begins at 0 again; absent or null: not known to. */
  maxWs?: number | null;
}

export interface Judgement {
  /** `rebased`: believed, but the energy since the last believed value is not known. */
  verdict: 'believed' | 'doubted' | 'rebased';
  /** Counters that began anew after their greatest value; what they counted is known. */
  rolled: readonly CounterSide[];
}

/** Above the rated power, for meters and fuses that are not exact. */
const POWER_MARGIN = 1.2;
const CONFIRM_MS = 60_000;
/** What was believed before a restart was kept in whole Ws. */
const ROUNDING_WS = 1;
/** A counter rolls over from the last of these shares of its range into the first. */
const NEAR_END = 0.95;
const NEAR_START = 0.05;

interface Seen {
  atMs: UnixMs;
  counters: Counters;
  /** What was booked before a restart may be beside what the counters showed, by a step. */
  isBooked?: boolean;
}

export class CounterGuard {
  readonly #maxPowerW: number;
  #last: Seen | null;
  /** The first of the values that do not follow on the last believed. */
  #candidate: Seen | null = null;

  /** @param last where booking stood before a restart */
  constructor(maxPowerW: number, last: Omit<Seen, 'isBooked'> | null) {
    this.#maxPowerW = maxPowerW;
    this.#last = last === null ? null : { ...last, isBooked: true };
  }

  judge(counters: Counters, atMs: UnixMs): Judgement {
    const seen = { atMs, counters };
    const last = this.#last;
    const rolled = last === null ? [] : this.#rolled(last, seen);
    if (last === null || this.#follows(unrolled(last, rolled, counters), seen)) {
      this.#last = seen;
      this.#candidate = null;
      return { verdict: 'believed', rolled };
    }
    const candidate = this.#candidate;
    if (candidate === null || !this.#follows(candidate, seen)) {
      this.#candidate = seen;
      return { verdict: 'doubted', rolled: [] };
    }
    const isCounting = COUNTER_SIDES.some(
      (side) => counters[side] > candidate.counters[side] + ROUNDING_WS,
    );
    if (!isCounting || atMs - candidate.atMs < CONFIRM_MS) {
      return { verdict: 'doubted', rolled: [] };
    }
    this.#last = seen;
    this.#candidate = null;
    return { verdict: 'rebased', rolled: [] };
  }

  #rolled(earlier: Seen, later: Seen): CounterSide[] {
    const { maxWs } = later.counters;
    if (maxWs === null || maxWs === undefined) return [];
    return COUNTER_SIDES.filter(
      (side) =>
        earlier.counters[side] > NEAR_END * maxWs && later.counters[side] < NEAR_START * maxWs,
    );
  }

  #follows(earlier: Seen, later: Seen): boolean {
    const seconds = Math.max(0, later.atMs - earlier.atMs) / 1000;
    const { stepWs } = later.counters;
    const mostWs = this.#maxPowerW * POWER_MARGIN * seconds + 2 * stepWs + ROUNDING_WS;
    const leastWs = -ROUNDING_WS - (earlier.isBooked === true ? stepWs : 0);
    return COUNTER_SIDES.every((side) => {
      const countedWs = later.counters[side] - earlier.counters[side];
      return countedWs >= leastWs && countedWs <= mostWs;
    });
  }
}

/** The earlier values on the ground of the later. */
function unrolled(seen: Seen, rolled: readonly CounterSide[], { maxWs }: Counters): Seen {
  const counters = { ...seen.counters };
  for (const side of rolled) counters[side] -= maxWs ?? 0;
  return { ...seen, counters };
}
