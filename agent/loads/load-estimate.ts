/**
 * What the home draws besides its battery, as expected for the minutes to come: a mean of the last
 * minute, which fades into that of the last half hour, and how far the load strays from it. Fed by
 * the power at each look and by the energy since the look before. Pure.
 */
import type { UnixMs } from '../../host/ports.ts';
import type { Interval } from '../../market/intervals.ts';

export interface LoadLook {
  atMs: UnixMs;
  /** Net power of the home now, W. */
  powerW: number;
  /** What of it is the battery's, W. */
  batteryW: number;
  interval: Interval;
  /** Net energy of that interval so far, Ws; null where it is not known. */
  runningNetWs: number | null;
}

/** Looks so far back count a third of what they counted. */
const MEMORY_S = 60;
const LONG_MEMORY_S = 1800;
/** An appliance that is on now is expected to be on for about so long. */
const PERSISTENCE_S = 90;
/** Over a shorter time the steps of counters are louder than the load. */
const LEAST_SEGMENT_S = 5;

export class LoadEstimate {
  #last: LoadLook | null = null;
  #nowW: number | null = null;
  #meanW: number | null = null;
  #longMeanW = 0;
  #varianceW2 = 0;
  /** How long looks were taken: the long mean begins as that of what was seen. */
  #seenS = 0;

  /** Expected net load without the battery now, W; null before the first look. */
  get loadW(): number | null {
    return this.#meanW;
  }

  /** What the last look saw, W. */
  get nowW(): number | null {
    return this.#nowW;
  }

  /** Expected mean over so many seconds from now, W; null before the first look. */
  meanW(seconds: number): number | null {
    if (this.#meanW === null) return null;
    const fades = PERSISTENCE_S * (1 - Math.exp(-seconds / PERSISTENCE_S));
    const share = seconds > 0 ? fades / seconds : 1;
    return this.#longMeanW + (this.#meanW - this.#longMeanW) * share;
  }

  /** How far the energy of so many seconds may stray from what is expected (one sigma), Ws. */
  strayWs(seconds: number): number {
    const sigmaW = Math.sqrt(this.#varianceW2);
    return sigmaW * Math.min(seconds, Math.sqrt(seconds * PERSISTENCE_S));
  }

  /** @param wasHeld whether the battery held the power that it shows since the look before */
  observe(look: LoadLook, wasHeld: boolean): void {
    const last = this.#last;
    this.#last = look;
    const nowW = look.powerW - look.batteryW;
    this.#nowW = nowW;
    if (last === null || this.#meanW === null || look.atMs <= last.atMs) {
      if (this.#meanW === null) this.#longMeanW = nowW;
      this.#meanW = nowW;
      return;
    }
    const seconds = (look.atMs - last.atMs) / 1000;
    const sinceW = wasHeld && seconds >= LEAST_SEGMENT_S ? segmentW(last, look, seconds) : null;
    const seenW = sinceW === null ? nowW : (nowW + sinceW - look.batteryW) / 2;
    const weight = 1 - Math.exp(-seconds / MEMORY_S);
    this.#meanW += weight * (seenW - this.#meanW);
    this.#seenS += seconds;
    const longS = Math.min(LONG_MEMORY_S, this.#seenS);
    const longWeight = 1 - Math.exp(-seconds / longS);
    const off = seenW - this.#longMeanW;
    this.#longMeanW += longWeight * off;
    this.#varianceW2 += longWeight * (off * off - this.#varianceW2);
  }

  /** A load was switched by us: expected at once, not when it is seen. */
  shift(byW: number): void {
    if (this.#meanW !== null) this.#meanW += byW;
    this.#longMeanW += byW;
    // The energy since the last look is no longer that of the load to come.
    if (this.#last !== null) this.#last = { ...this.#last, runningNetWs: null };
  }
}

/** Mean net power between two looks of one interval; null across its edge. */
function segmentW(from: LoadLook, to: LoadLook, seconds: number): number | null {
  if (from.runningNetWs === null || to.runningNetWs === null) return null;
  if (from.interval !== to.interval) return null;
  return (to.runningNetWs - from.runningNetWs) / seconds;
}
