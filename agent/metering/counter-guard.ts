/**
 * Whether to believe a meter's counters. A lower value, or a leap beyond what the fuse allows, is
 * not taken over before it was seen again, still counting, a minute later: one momentary 0 would
 * otherwise book the whole life of the meter into one interval. Pure.
 */
import type { UnixMs } from '../../host/ports.ts';

export interface Counters {
  importedWs: number;
  exportedWs: number;
  /** How finely they are told. */
  stepWs: number;
}

/** `rebased`: believed, but the energy since the last believed value is not known. */
export type Verdict = 'believed' | 'doubted' | 'rebased';

/** Above the rated power, for meters and fuses that are not exact. */
const POWER_MARGIN = 1.2;
const CONFIRM_MS = 60_000;
/** What was believed before a restart was kept in whole Ws. */
const ROUNDING_WS = 1;

interface Seen {
  atMs: UnixMs;
  counters: Counters;
}

export class CounterGuard {
  readonly #maxPowerW: number;
  #last: Seen | null;
  /** The first of the values that do not follow on the last believed. */
  #candidate: Seen | null = null;

  /** @param last what was believed before a restart */
  constructor(maxPowerW: number, last: Seen | null) {
    this.#maxPowerW = maxPowerW;
    this.#last = last;
  }

  judge(counters: Counters, atMs: UnixMs): Verdict {
    const seen = { atMs, counters };
    if (this.#last === null || this.#follows(this.#last, seen)) {
      this.#last = seen;
      this.#candidate = null;
      return 'believed';
    }
    const candidate = this.#candidate;
    if (candidate === null || !this.#follows(candidate, seen)) {
      this.#candidate = seen;
      return 'doubted';
    }
    const isCounting =
      counters.importedWs > candidate.counters.importedWs ||
      counters.exportedWs > candidate.counters.exportedWs;
    if (!isCounting || atMs - candidate.atMs < CONFIRM_MS) return 'doubted';
    this.#last = seen;
    this.#candidate = null;
    return 'rebased';
  }

  #follows(earlier: Seen, later: Seen): boolean {
    const seconds = Math.max(0, later.atMs - earlier.atMs) / 1000;
    const { stepWs } = later.counters;
    const mostWs = this.#maxPowerW * POWER_MARGIN * seconds + 2 * stepWs + ROUNDING_WS;
    const importedWs = later.counters.importedWs - earlier.counters.importedWs;
    const exportedWs = later.counters.exportedWs - earlier.counters.exportedWs;
    return (
      Math.min(importedWs, exportedWs) >= -ROUNDING_WS && Math.max(importedWs, exportedWs) <= mostWs
    );
  }
}
