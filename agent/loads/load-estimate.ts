/**
 * What the home draws besides its battery, as expected for the minutes to come: a mean that fades
 * with time, fed by the power at each look and by the energy since the look before. Pure.
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
/** Over a shorter time the steps of counters are louder than the load. */
const LEAST_SEGMENT_S = 5;

export class LoadEstimate {
  #last: LoadLook | null = null;
  #meanW: number | null = null;

  /** Expected net load without the battery, W; null before the first look. */
  get loadW(): number | null {
    return this.#meanW;
  }

  /** @param wasHeld whether the battery held the power that it shows since the look before */
  observe(look: LoadLook, wasHeld: boolean): void {
    const last = this.#last;
    this.#last = look;
    const nowW = look.powerW - look.batteryW;
    if (last === null || this.#meanW === null || look.atMs <= last.atMs) {
      this.#meanW = nowW;
      return;
    }
    const seconds = (look.atMs - last.atMs) / 1000;
    const sinceW = wasHeld && seconds >= LEAST_SEGMENT_S ? segmentW(last, look, seconds) : null;
    const seenW = sinceW === null ? nowW : (nowW + sinceW - look.batteryW) / 2;
    const weight = 1 - Math.exp(-seconds / MEMORY_S);
    this.#meanW += weight * (seenW - this.#meanW);
  }

  /** A load was switched by us: expected at once, not when it is seen. */
  shift(byW: number): void {
    if (this.#meanW !== null) this.#meanW += byW;
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
