/**
 * The figures of `npm run bench:follow`.
 *
 * - `batteryErrorPercent`: mean over all intervals, saturated ones included, of the energy by which
 *   metered and committed differ, in per cent of the mean energy of the appliances in an interval.
 *   Metered is what truly flowed between the edges of the interval, not what the meter told.
 * - `relayErrorQuanta`: the same mean for the home with a relay alone, in quanta. A quantum is what
 *   the relay delivers at least once it is on: 2 kW for its minimum on time of 60 s, 120 kWs. An
 *   error below half of one could not be mended by another block.
 * - `uncontrolledErrorPercent`: as the first, of a home that promised its forecast and no more.
 *   What battery or relay were planned to do is left out, which makes it smaller.
 * - `saturatedIntervals`: those in which the battery stood at an end of its charge, of all seeds;
 *   `batteryErrorPercentElsewhere` leaves them out.
 * - `switchesPerDay`: how often the relay was turned, on and off, in a day.
 */
import { RELAY_LOAD, type Run } from './run.ts';

export interface FollowReport {
  batteryErrorPercent: number;
  batteryErrorPercentElsewhere: number;
  /** Of the worst seed. */
  batteryErrorPercentWorst: number;
  relayErrorQuanta: number;
  relayErrorQuantaWorst: number;
  uncontrolledErrorPercent: number;
  forecastErrorPercentLeast: number;
  saturatedIntervals: number;
  switchesPerDay: number;
  intervals: number;
  seeds: number;
  seconds: number;
}

export const GOALS = {
  batteryErrorPercent: 2,
  relayErrorQuanta: 0.5,
  uncontrolledErrorPercent: 15,
} as const;

const QUANTUM_WS = (RELAY_LOAD.powerW * RELAY_LOAD.minimumOnMs) / 1000;
const INTERVALS_PER_DAY = 96;

export function reportOf(
  battery: readonly Run[],
  relay: readonly Run[],
  seconds: number,
): FollowReport {
  const [first] = battery;
  if (first === undefined) throw new RangeError('nothing was run');
  const percent = battery.map(errorPercent);
  const quanta = relay.map((run) => meanErrorWs(run) / QUANTUM_WS);
  const all = battery.flatMap((run) => run.intervals);
  const days = relay.reduce((sum, run) => sum + run.intervals.length / INTERVALS_PER_DAY, 0);
  const switches = relay.reduce((sum, run) => sum + run.switches, 0);
  const elsewhere = all.filter(({ isSaturated }) => !isSaturated);
  const loadWs = mean(all.map((each) => each.loadWs));
  return {
    batteryErrorPercent: round(mean(percent)),
    batteryErrorPercentElsewhere: round((100 * meanOff(elsewhere)) / loadWs),
    batteryErrorPercentWorst: round(Math.max(...percent)),
    relayErrorQuanta: round(mean(quanta)),
    relayErrorQuantaWorst: round(Math.max(...quanta)),
    uncontrolledErrorPercent: round(
      (100 * mean(all.map((each) => Math.abs(each.loadWs - each.forecastWs)))) / loadWs,
    ),
    forecastErrorPercentLeast: round(
      100 * Math.min(...all.map((each) => Math.abs(each.forecastWs / each.loadWs - 1))),
    ),
    saturatedIntervals: all.length - elsewhere.length,
    switchesPerDay: days === 0 ? 0 : Math.round(switches / days),
    intervals: first.intervals.length,
    seeds: battery.length,
    seconds: Math.round(seconds),
  };
}

export function sentencesOf(report: FollowReport): string {
  const { batteryErrorPercent: battery, relayErrorQuanta: relay } = report;
  const uncontrolled = report.uncontrolledErrorPercent;
  const told = (isReached: boolean) => (isReached ? 'reached' : 'missed');
  return `${[
    `${report.seeds} seeds of ${report.intervals} intervals, ${report.seconds} s`,
    `battery        ${battery} % of the load, at most ${GOALS.batteryErrorPercent}: ${told(
      battery <= GOALS.batteryErrorPercent,
    )}`,
    `  elsewhere    ${report.batteryErrorPercentElsewhere} %, without the ${
      report.saturatedIntervals
    } intervals at an end of its charge`,
    `relay          ${relay} quanta, at most ${GOALS.relayErrorQuanta}: ${told(
      relay <= GOALS.relayErrorQuanta,
    )}; turned ${report.switchesPerDay} times a day`,
    `uncontrolled   ${uncontrolled} %, at least ${GOALS.uncontrolledErrorPercent}: ${told(
      uncontrolled >= GOALS.uncontrolledErrorPercent,
    )}`,
  ].join('\n')}\n`;
}

function errorPercent({ intervals }: Run): number {
  return (100 * meanOff(intervals)) / mean(intervals.map((each) => each.loadWs));
}

function meanErrorWs({ intervals }: Run): number {
  return meanOff(intervals);
}

function meanOff(intervals: Run['intervals']): number {
  return mean(intervals.map((each) => Math.abs(each.meteredWs - each.committedWs)));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0) / Math.max(1, values.length);
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
