/**
 * From looks at the meter to the energy of intervals (design: one interval in the life of a meter,
 * step 1; counters alone are too coarse, power alone drifts). Between two looks power
 * is integrated; the sum of all that was booked is then kept within one step of the meter's
 * counters. So fine counters fix the energy exactly, and with coarse ones it follows the power over
 * hours and never drifts. A correction is taken first from where the power was not watched. Pure.
 */
import type { UnixMs } from '../../host/ports.ts';
import type { Interval } from '../../market/intervals.ts';
import { READING_QUALITIES, type ReadingQuality } from '../../market/messages.ts';
import type { Checkpoint } from '../journal/rows.ts';
import { COUNTER_SIDES, type CounterSide, type Counters } from './counter-guard.ts';
import { type Piece, piecesBetween } from './segments.ts';

export interface Look {
  atMs: UnixMs;
  powerW: number | null;
  /** Believed counters; null where they were not read or not believed. */
  counters: Counters | null;
}

export interface LookHints {
  /** The counters stand on a new ground: they say nothing about the time before. */
  isRebased?: boolean;
  /** The moment was worked out afterwards. */
  isReconstructed?: boolean;
}

/** Energies are null with quality `incomplete`. Whole Ws. */
export interface ClosedInterval {
  interval: Interval;
  importedWs: number | null;
  exportedWs: number | null;
  quality: ReadingQuality;
}

export interface RunningInterval {
  interval: Interval;
  importedWs: number;
  exportedWs: number;
}

/** A longer absence is not filled: nobody wants a thousand guessed rows. */
const MAX_FILL_MS = 7 * 86_400_000;

interface Part {
  importedWs: number;
  exportedWs: number;
  quality: ReadingQuality;
}

export class IntervalEnergy {
  readonly #intervalMs: number;
  readonly #maxGapMs: number;
  #last: Look | null = null;
  /** The last believed counters. */
  #base: Counters | null = null;
  /** What was booked since counters are followed, less what they say: within one step of 0. */
  #ahead = { importedWs: 0, exportedWs: 0 };
  /** Pieces since the counters were last read. */
  #pending: Piece[] = [];
  readonly #parts = new Map<Interval, Part>();

  /** @param maxGapMs looks farther apart leave a gap that only counters can fill */
  constructor(intervalMs: number, maxGapMs: number, resume: Checkpoint | null) {
    this.#intervalMs = intervalMs;
    this.#maxGapMs = maxGapMs;
    if (resume === null) return;
    // Where booking stood, in terms of the counters: a little beside them, by a step at most.
    this.#base = {
      importedWs: resume.importedCounterWs,
      exportedWs: resume.exportedCounterWs,
      stepWs: 0,
    };
    this.#last = { atMs: resume.atMs, powerW: null, counters: this.#base };
    const isWhole = resume.runningImportedWs !== null && resume.runningExportedWs !== null;
    this.#parts.set(resume.interval, {
      importedWs: resume.runningImportedWs ?? 0,
      exportedWs: resume.runningExportedWs ?? 0,
      quality: isWhole ? resume.quality : 'incomplete',
    });
  }

  /** Moment of the last look. */
  get lastMs(): UnixMs | null {
    return this.#last?.atMs ?? null;
  }

  /** Takes a look into account. A look before the last one is ignored. @returns what it closes */
  add(look: Look, hints: LookHints = {}): ClosedInterval[] {
    const last = this.#last;
    if (last === null || look.atMs - last.atMs > MAX_FILL_MS) {
      this.#startAt(look);
      return [];
    }
    if (look.atMs < last.atMs) return [];
    const gapMs = look.atMs - last.atMs;
    const pieces = piecesBetween(last, look, this.#intervalMs, gapMs <= this.#maxGapMs);
    this.#pending.push(...pieces);
    if (hints.isReconstructed)
      for (const { interval } of pieces) this.#lower(interval, 'reconstructed');
    this.#last = look;
    if (hints.isRebased) {
      this.#book(null);
      this.#base = null;
    }
    if (look.counters !== null) this.#book(look.counters);
    return this.#close(look.atMs);
  }

  /** A counter began anew after its greatest value: what is booked keeps its distance from it. */
  rollOver(side: CounterSide, maxWs: number): void {
    if (this.#base !== null) this.#base = { ...this.#base, [side]: this.#base[side] - maxWs };
  }

  /**
   * Time was set back. Within the running interval what was counted stays, with another edge than
   * it was counted to. @returns false where an edge is between: what runs is lost
   */
  setBack(atMs: UnixMs): boolean {
    const last = this.#last;
    if (last === null) return false;
    const interval = Math.floor(atMs / this.#intervalMs);
    if (interval !== Math.floor(last.atMs / this.#intervalMs)) {
      this.forget();
      return false;
    }
    this.#last = { ...last, atMs };
    this.#lower(interval, 'reconstructed');
    return true;
  }

  /** What runs is lost, and counting starts anew at the next look. */
  forget(): void {
    this.#last = null;
    this.#pending = [];
    this.#parts.clear();
  }

  /** The interval under way at the last look; null where its energy so far is not known. */
  running(): RunningInterval | null {
    if (this.#last === null) return null;
    const interval = Math.floor(this.#last.atMs / this.#intervalMs);
    const part = this.#parts.get(interval) ?? emptyPart();
    const pending = this.#pending.filter((piece) => piece.interval === interval);
    if (part.quality === 'incomplete' || pending.some(({ isKnown }) => !isKnown)) return null;
    return {
      interval,
      importedWs: part.importedWs + sumOf(pending, 'importedWs'),
      exportedWs: part.exportedWs + sumOf(pending, 'exportedWs'),
    };
  }

  /** Where metering stands; null while counters and power are not booked together. */
  checkpoint(): Checkpoint | null {
    if (this.#last === null || this.#base === null || this.#pending.length > 0) return null;
    const interval = Math.floor(this.#last.atMs / this.#intervalMs);
    const part = this.#parts.get(interval) ?? emptyPart();
    const isWhole = part.quality !== 'incomplete';
    return {
      atMs: this.#last.atMs,
      importedCounterWs: this.#base.importedWs + this.#ahead.importedWs,
      exportedCounterWs: this.#base.exportedWs + this.#ahead.exportedWs,
      interval,
      runningImportedWs: isWhole ? part.importedWs : null,
      runningExportedWs: isWhole ? part.exportedWs : null,
      quality: part.quality,
    };
  }

  #startAt(look: Look): void {
    this.forget();
    this.#last = look;
    this.#base = look.counters;
    this.#ahead = { importedWs: 0, exportedWs: 0 };
    if (look.atMs % this.#intervalMs === 0) return;
    this.#lower(Math.floor(look.atMs / this.#intervalMs), 'incomplete');
  }

  /** Books the pending pieces into their intervals. @param counters null when there are none */
  #book(counters: Counters | null): void {
    const base = this.#base;
    const unknown = this.#pending.filter((piece) => !piece.isKnown);
    if (counters !== null && base !== null) {
      for (const side of COUNTER_SIDES) this.#reconcile(side, counters, base);
      this.#markGap(unknown);
    } else if (unknown.length > 0 || base === null) {
      for (const { interval } of unknown) this.#lower(interval, 'incomplete');
      this.#ahead = { importedWs: 0, exportedWs: 0 };
    } else {
      // Power alone must do now; when the counters come back they have their say.
      for (const side of COUNTER_SIDES) this.#ahead[side] += sumOf(this.#pending, side);
    }
    for (const piece of this.#pending) {
      const part = this.#part(piece.interval);
      part.importedWs += piece.importedWs;
      part.exportedWs += piece.exportedWs;
    }
    this.#pending = [];
    if (counters !== null || unknown.length > 0) this.#base = counters;
  }

  /** Brings what is pending in line with the counters, and keeps what is still ahead of them. */
  #reconcile(side: CounterSide, counters: Counters, base: Counters): void {
    const known = this.#pending.filter((piece) => piece.isKnown);
    const unknown = this.#pending.filter((piece) => !piece.isKnown);
    const counted = counters[side] - base[side];
    const watched = sumOf(known, side);
    const guessed = sumOf(unknown, side);
    const ahead = this.#ahead[side] + watched + guessed - counted;
    const kept = Math.min(Math.max(ahead, -counters.stepWs), counters.stepWs);
    const totalWs = Math.max(0, watched + guessed + kept - ahead);
    // Power that was seen beside a gap may have changed right after: the counters are right.
    const watchedWs = unknown.length > 0 ? Math.min(watched, totalWs) : totalWs;
    spread(known, side, watchedWs);
    spread(unknown, side, totalWs - watchedWs);
    this.#ahead[side] += totalWs - counted;
  }

  /** The sum over a gap is right; how it falls on intervals is a guess when an edge is in it. */
  #markGap(gap: Piece[]): void {
    const intervals = new Set(gap.map(({ interval }) => interval));
    const gapMs = gap.reduce((sum, { ms }) => sum + ms, 0);
    const isGuess = intervals.size > 1 && gapMs > this.#maxGapMs;
    for (const interval of intervals) {
      this.#lower(interval, isGuess ? 'reconstructed' : 'counter-filled');
    }
  }

  #close(atMs: UnixMs): ClosedInterval[] {
    const running = Math.floor(atMs / this.#intervalMs);
    const oldest = Math.min(...this.#parts.keys(), ...this.#pending.map((piece) => piece.interval));
    // Counters that stay away are waited for a little, then power alone must do.
    const isLate = oldest < running && atMs - (oldest + 1) * this.#intervalMs >= this.#maxGapMs;
    if (this.#pending.length > 0 && isLate) this.#book(null);
    if (this.#pending.length > 0) return [];
    const closed: ClosedInterval[] = [];
    for (const [interval, part] of [...this.#parts].sort(([a], [b]) => a - b)) {
      if (interval >= running) continue;
      this.#parts.delete(interval);
      const isKnown = part.quality !== 'incomplete';
      closed.push({
        interval,
        importedWs: isKnown ? Math.round(part.importedWs) : null,
        exportedWs: isKnown ? Math.round(part.exportedWs) : null,
        quality: part.quality,
      });
    }
    return closed;
  }

  #part(interval: Interval): Part {
    const part = this.#parts.get(interval) ?? emptyPart();
    this.#parts.set(interval, part);
    return part;
  }

  /** Qualities only get worse. */
  #lower(interval: Interval, quality: ReadingQuality): void {
    const part = this.#part(interval);
    const isWorse = READING_QUALITIES.indexOf(quality) > READING_QUALITIES.indexOf(part.quality);
    if (isWorse) part.quality = quality;
  }
}

function emptyPart(): Part {
  return { importedWs: 0, exportedWs: 0, quality: 'measured' };
}

function sumOf(pieces: readonly Piece[], side: CounterSide): number {
  return pieces.reduce((sum, piece) => sum + piece[side], 0);
}

/** Makes the pieces sum up to `totalWs`, in proportion to what they hold, or to their length. */
function spread(pieces: readonly Piece[], side: CounterSide, totalWs: number): void {
  const heldWs = sumOf(pieces, side);
  const lengthMs = pieces.reduce((sum, { ms }) => sum + ms, 0);
  for (const piece of pieces) {
    if (heldWs > 0) piece[side] *= totalWs / heldWs;
    else if (lengthMs > 0) piece[side] = (totalWs * piece.ms) / lengthMs;
  }
}
