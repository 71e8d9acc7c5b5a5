/** What goes wrong in a day, and when: every kind of fault in each house, again and again. */
import { LINE_FAULTS } from './house-process.ts';

/**
 * `counter-reset`: the meter's counters start anew. `power-cut`: the whole house is dark, the agent
 * in it too. `agent-killed`: SIGKILL, and it is started again.
 */
export const FAULTS = [...LINE_FAULTS, 'counter-reset', 'power-cut', 'agent-killed'] as const;
export type Fault = (typeof FAULTS)[number];

export interface PlannedFault {
  fault: Fault;
  /** Which house, from 0. */
  house: number;
  /** Shares of an interval since the start of the day. */
  begins: number;
  ends: number;
}

/** Intervals at the start without a fault, in which the houses begin to trade. */
export const QUIET_INTERVALS = 3;
const BEGINS = 0.25;
const LENGTH = 0.4;

/**
 * One fault at a time in a house, within an interval; the next interval is without. The houses
 * take turns, so that each has every kind before one comes again.
 */
export function planFaults(intervals: number, houses: number): PlannedFault[] {
  const planned: PlannedFault[] = [];
  for (let at = QUIET_INTERVALS, index = 0; at < intervals - 1; at += 1, index += 1) {
    const fault = FAULTS[index % FAULTS.length] ?? 'silence';
    const house = (index + Math.floor(index / FAULTS.length)) % houses;
    planned.push({ fault, house, begins: at + BEGINS, ends: at + BEGINS + LENGTH });
  }
  return planned;
}
