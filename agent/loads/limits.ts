/**
 * When a load may be turned: minimum times, starts per hour, longest time on. Times are of the
 * steady clock (agent/following/steady-time.ts), which no step of the market clock touches. Pure.
 */
import type { SwitchLimits } from './model.ts';

/** A time of the steady clock, ms. */
export type SteadyMs = number;

export interface SwitchTimes {
  /** Null while it is not known. */
  isOn: boolean | null;
  /** Of the last change of `isOn`. */
  changedAtMs: SteadyMs;
  /** Starts within the last hour, ascending. */
  starts: readonly SteadyMs[];
}

const HOUR_MS = 3_600_000;

/** From when on a load may be turned the other way, as far as its limits go. */
export function mayTurnFromMs(limits: SwitchLimits, times: SwitchTimes): SteadyMs {
  if (times.isOn === null) return times.changedAtMs + limits.minimumOffMs;
  if (times.isOn) return times.changedAtMs + limits.minimumOnMs;
  const { startsPerHour } = limits;
  const offMs = times.changedAtMs + limits.minimumOffMs;
  const counted = startsPerHour === null ? undefined : times.starts.at(-startsPerHour);
  return counted === undefined ? offMs : Math.max(offMs, counted + HOUR_MS);
}

/** Starts that still count at a moment. */
export function recentStarts(starts: readonly SteadyMs[], nowMs: SteadyMs): SteadyMs[] {
  return starts.filter((at) => nowMs - at < HOUR_MS);
}

export function isOnTooLong(limits: SwitchLimits, times: SwitchTimes, nowMs: SteadyMs): boolean {
  const { maximumOnMs } = limits;
  return times.isOn === true && maximumOnMs !== null && nowMs - times.changedAtMs >= maximumOnMs;
}
