/** The figures of `npm run bench:loop`, and whom they name. */
import type { ProbeReport } from './probe.ts';

export interface LoopReport {
  /** CPU time of the longest stall of the main thread, ms; the goal is 20. */
  worstStallMs: number;
  goalMs: number;
  isReached: boolean;
  over5Ms: number;
  over10Ms: number;
  over20Ms: number;
  /** By the wall, other programs' time included. */
  delayMs: ProbeReport['delayMs'];
  /** Longest stall before market time: programs are loaded, the journal is read. */
  startStallMs: number;
  cpuSeconds: number;
  realSeconds: number;
  intervals: number;
  homes: number;
  historyDays: number;
  journalRows: number;
  culprits: { cpuMs: number; wallMs: number; functions: string[] }[];
}

const GOAL_MS = 20;

export function reportOf(
  probe: ProbeReport,
  size: { intervals: number; homes: number; historyDays: number; rows: number },
): LoopReport {
  const worstStallMs = round(probe.worst[0]?.cpuMs ?? 0);
  const { rows, ...others } = size;
  return {
    worstStallMs,
    goalMs: GOAL_MS,
    isReached: worstStallMs <= GOAL_MS,
    over5Ms: probe.over['5'],
    over10Ms: probe.over['10'],
    over20Ms: probe.over['20'],
    delayMs: {
      p50: round(probe.delayMs.p50),
      p99: round(probe.delayMs.p99),
      max: round(probe.delayMs.max),
    },
    startStallMs: round(probe.startStallCpuMs),
    cpuSeconds: round(probe.cpuSeconds),
    realSeconds: round(probe.realSeconds),
    ...others,
    journalRows: rows,
    culprits: probe.worst.map(({ cpuMs, wallMs, functions }) => ({
      cpuMs: round(cpuMs),
      wallMs: round(wallMs),
      functions: functions.map(({ name, share }) => `${Math.round(share * 100)} % ${name}`),
    })),
  };
}

export function sentencesOf(report: LoopReport): string {
  const { worstStallMs, goalMs, isReached, intervals, homes, historyDays } = report;
  const lines = [
    `${intervals} intervals among ${homes} homes, ${historyDays} days in the journal`,
    `worst stall of the main thread: ${worstStallMs} ms of CPU (goal ${goalMs} ms: ` +
      `${isReached ? 'reached' : 'missed'})`,
    `turns above 5, 10, 20 ms: ${report.over5Ms}, ${report.over10Ms}, ${report.over20Ms}`,
    `delay by the wall: p50 ${report.delayMs.p50}, p99 ${report.delayMs.p99}, ` +
      `max ${report.delayMs.max} ms`,
    `at the start: ${report.startStallMs} ms`,
    `CPU: ${report.cpuSeconds} s in ${report.realSeconds} s`,
    ...report.culprits.flatMap(({ cpuMs, wallMs, functions }) => [
      `${cpuMs} ms (${wallMs} ms by the wall)`,
      ...functions.map((name) => `    ${name}`),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
