/** What all commands print alike: the JSON envelope, errors, colours, quantities for people. */
import type { Log } from '../../host/ports.ts';
import type { ExitCode, Outcome } from './command.ts';
import { CliError, EXIT } from './command.ts';

/** What a clock has to tell is in what the command shows. */
export const QUIET: Log = { info() {}, warn() {}, error() {} };

/** `--json`: one object, with these keys always and no other. */
export function envelope(outcome: Pick<Outcome, 'code' | 'data' | 'warnings'>): string {
  const { code, data, warnings } = outcome;
  return JSON.stringify(
    { ok: code === EXIT.good, code, data: data ?? null, warnings: warnings ?? [] },
    (_, value) => (typeof value === 'bigint' ? value.toString() : value),
  );
}

/** The data of an envelope that tells of an error. */
export function errorData(error: Error, faults: readonly unknown[] = []) {
  const isOurs = error instanceof CliError;
  return {
    error: {
      message: error.message,
      cause: isOurs ? error.why : null,
      remedy: isOurs ? error.remedy : null,
      faults,
    },
  };
}

/** Three lines at most: what, why, what to do. */
export function errorLines(error: CliError): string[] {
  const lines = [error.message];
  if (error.why !== null) lines.push(`  cause  ${error.why}`);
  if (error.remedy !== null) lines.push(`  do     ${error.remedy}`);
  return lines;
}

export type Mark = 'ok' | 'WARN' | 'FAIL';
const COLOURS: Readonly<Record<Mark, string>> = { ok: '32', WARN: '33', FAIL: '31' };

/** Padded to four columns; ASCII, for serial consoles. */
export function mark(kind: Mark, colour: boolean): string {
  const text = kind.padEnd(4);
  return colour ? `\u001b[${COLOURS[kind]}m${text}\u001b[0m` : text;
}

/** `2 min 10 s`; a day and more without seconds. */
export function durationText(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function ageText(ms: number | null): string {
  return ms === null ? 'never' : `${durationText(Math.max(0, ms))} ago`;
}

/** `1 204.3`, with spaces by three. */
export function numberText(value: number, decimals = 0): string {
  const [whole = '', fraction] = Math.abs(value).toFixed(decimals).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ' ');
  const isNothing = Number(value.toFixed(decimals)) === 0;
  const sign = value < 0 && !isNothing ? '-' : '';
  return `${sign}${grouped}${fraction === undefined ? '' : `.${fraction}`}`;
}

export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes / 1024;
  let at = 0;
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024;
    at += 1;
  }
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[at]}`;
}

/** Columns of equal width, two spaces between; the last is not padded. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function good(data: unknown, text: string, warnings: readonly string[] = []): Outcome {
  return { code: EXIT.good, data, text, warnings };
}

export function ended(code: ExitCode, data: unknown, text: string): Outcome {
  return { code, data, text };
}
