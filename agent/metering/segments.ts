/** Energy between two looks at a power, cut at the edges of intervals. Pure. */
import type { UnixMs } from '../../host/ports.ts';
import type { Interval } from '../../market/intervals.ts';

/** The share of one interval in the time between two looks. */
export interface Piece {
  interval: Interval;
  ms: number;
  /** By the trapezoid rule; a guess where `isKnown` is false, 0 without a power at either end. */
  importedWs: number;
  exportedWs: number;
  /** Whether the power was watched; otherwise only counters can tell. */
  isKnown: boolean;
}

interface Look {
  atMs: UnixMs;
  powerW: number | null;
}

/** @param isWatched false when the looks lie too far apart to know what was between them */
export function piecesBetween(
  from: Look,
  to: Look,
  intervalMs: number,
  isWatched: boolean,
): Piece[] {
  const pieces: Piece[] = [];
  const spanMs = to.atMs - from.atMs;
  let startMs = from.atMs;
  while (startMs < to.atMs) {
    const interval = Math.floor(startMs / intervalMs);
    const endMs = Math.min(to.atMs, (interval + 1) * intervalMs);
    const ms = endMs - startMs;
    if (from.powerW !== null && to.powerW !== null) {
      const slope = (to.powerW - from.powerW) / spanMs;
      const firstW = from.powerW + slope * (startMs - from.atMs);
      const lastW = from.powerW + slope * (endMs - from.atMs);
      const importedWs = importOf(firstW, lastW, ms);
      const exportedWs = importOf(-firstW, -lastW, ms);
      pieces.push({ interval, ms, importedWs, exportedWs, isKnown: isWatched });
    } else {
      pieces.push({ interval, ms, importedWs: 0, exportedWs: 0, isKnown: false });
    }
    startMs = endMs;
  }
  return pieces;
}

/** Ws of the positive part of a power that goes straight from one value to another. */
function importOf(firstW: number, lastW: number, ms: number): number {
  const high = Math.max(firstW, lastW);
  const low = Math.min(firstW, lastW);
  if (high <= 0) return 0;
  if (low >= 0) return ((high + low) / 2) * (ms / 1000);
  return (high / 2) * (high / (high - low)) * (ms / 1000);
}
