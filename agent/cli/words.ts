/** Numbers, durations and ranges of the command line. */
import { parseDurationMs, QuantityError } from '../../market/settings/quantities.ts';
import { UsageError } from './command.ts';

/** A whole number from 1. @throws UsageError */
export function countOf(
  what: string,
  text: string | undefined,
  otherwise: number,
  most: number,
): number {
  if (text === undefined) return otherwise;
  const count = /^\d{1,7}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= 1 && count <= most) return count;
  throw new UsageError(`${what} ${text} must be a whole number from 1 to ${most}`);
}

/** `2 s`, `500ms`, `15m` for minutes. @returns ms. @throws UsageError */
export function durationOf(what: string, text: string, leastMs: number): number {
  try {
    const ms = parseDurationMs(text.replace(/^(\d+)m$/, '$1 min'));
    if (ms >= leastMs) return ms;
  } catch (error) {
    if (error instanceof QuantityError) throw new UsageError(`${what}: ${error.message}`);
    throw error;
  }
  throw new UsageError(`${what} must be at least ${leastMs} ms`);
}

/** Decimal, or hexadecimal with 0x. @throws UsageError */
export function numberOf(what: string, text: string, most: number): number {
  const value = /^(\d{1,5}|0x[0-9a-fA-F]{1,4})$/.test(text) ? Number(text) : Number.NaN;
  if (value <= most) return value;
  throw new UsageError(`${what} "${text}" must be a number from 0 to ${most}`);
}

/** `1..32` or `7`. @throws UsageError */
export function rangeOf(
  what: string,
  text: string,
  limits: { most: number; count: number },
): { first: number; last: number } {
  const [from = '', to = from, ...more] = text.split('..');
  const first = numberOf(what, from, limits.most);
  const last = numberOf(what, to, limits.most);
  if (more.length === 0 && last >= first && last - first < limits.count) return { first, last };
  throw new UsageError(`${what} ${text} must be FIRST..LAST, ${limits.count} at most`);
}
