/**
 * What the time service of this machine says of its clock: chrony, systemd-timesyncd, or systemd's
 * word for whatever else sets the kernel's clock. No native code: programs and files.
 */
import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import type { ClockSource, UnixMs } from './ports.ts';

export interface SyncState {
  source: ClockSource;
  isSynchronized: boolean;
  /** This clock less the service's, ms; null where it does not tell. */
  offsetMs: number | null;
  /** How wrong the clock is at most, by the service's own reckoning; null: not told. */
  errorMs: number | null;
  /** When the service last compared the clock with others; null: not told. */
  comparedAtMs: UnixMs | null;
  /** For people. */
  detail: string;
}

/** Runs a program. Null when there is none, it failed, or took too long. */
export type RunProgram = (program: string, args: readonly string[]) => Promise<string | null>;

export const TIMESYNC_FOLDER = '/run/systemd/timesync';
/** Touched by timesyncd at each good comparison (systemd-timesyncd.service(8)). */
export const TIMESYNC_FLAG = `${TIMESYNC_FOLDER}/synchronized`;
const PROGRAM_MS = 3_000;

/** Never fails: a service that does not answer is none. */
export async function readTimeService(
  run: RunProgram = runProgram,
  timesyncFlag: string = TIMESYNC_FLAG,
): Promise<SyncState> {
  const tracking = await run('chronyc', ['-n', '-c', 'tracking']);
  const chrony = tracking === null ? null : parseTracking(tracking);
  if (chrony !== null) return chrony;
  const timesync = readTimesync(timesyncFlag);
  if (timesync !== null) return timesync;
  const shown = await run('timedatectl', ['show', '-p', 'NTPSynchronized', '--value']);
  if (shown !== null) {
    const isSynchronized = shown.trim() === 'yes';
    const detail = isSynchronized
      ? 'the kernel counts the clock as synchronised'
      : 'no time service has synchronised the clock (timedatectl)';
    return stateOf('systemd', isSynchronized, detail);
  }
  return stateOf('none', false, 'there is no time service: install chrony');
}

export function hasRealTimeClock(): boolean {
  return existsSync('/sys/class/rtc/rtc0');
}

/**
 * One line of `chronyc -c tracking`: id, name, stratum, reference time, offset now (positive: the
 * clock is slow), last offset, its mean, frequency, residual, skew, root delay, root dispersion,
 * interval, leap status. Seconds. Null when it is none.
 */
export function parseTracking(line: string): SyncState | null {
  const fields = line.trim().split(',');
  const [reference, slow, delay, dispersion] = [3, 4, 10, 11].map((i) => Number(fields[i]));
  if (fields.length < 14 || reference === undefined || slow === undefined) return null;
  if (delay === undefined || dispersion === undefined) return null;
  if (![reference, slow, delay, dispersion].every(Number.isFinite)) return null;
  const isSynchronized = fields[13] !== 'Not synchronised' && reference > 0;
  return {
    source: 'chrony',
    isSynchronized,
    offsetMs: isSynchronized ? -slow * 1000 : null,
    errorMs: isSynchronized ? (Math.abs(slow) + delay / 2 + dispersion) * 1000 : null,
    comparedAtMs: isSynchronized ? reference * 1000 : null,
    detail: isSynchronized
      ? `synchronised with ${fields[1]}`
      : 'chrony has no time yet: see chronyc sources',
  };
}

function readTimesync(flag: string): SyncState | null {
  if (!existsSync(flag.slice(0, flag.lastIndexOf('/')))) return null;
  const comparedAtMs = statSync(flag, { throwIfNoEntry: false })?.mtimeMs ?? null;
  const isSynchronized = comparedAtMs !== null;
  const detail = isSynchronized
    ? 'synchronised by systemd-timesyncd'
    : 'systemd-timesyncd has no time yet: see timedatectl timesync-status';
  return { ...stateOf('timesyncd', isSynchronized, detail), comparedAtMs };
}

function stateOf(source: ClockSource, isSynchronized: boolean, detail: string): SyncState {
  const unknown = { offsetMs: null, errorMs: null, comparedAtMs: null };
  return { source, isSynchronized, detail, ...unknown };
}

const runProgram: RunProgram = (program, args) =>
  new Promise((resolve) => {
    const env = { ...process.env, LC_ALL: 'C' };
    const options = { timeout: PROGRAM_MS, maxBuffer: 65_536, env };
    execFile(program, args, options, (error, stdout) => resolve(error === null ? stdout : null));
  });
