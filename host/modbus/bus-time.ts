/** Real time and chance as a bus needs them, so that tests need not wait. */
import { sleep } from '../wall-clock.ts';

export interface BusTime {
  /** Monotonic, ms. */
  nowMs(): number;
  /** @throws the signal's reason when aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** In [0, 1), for jitter. */
  uniform(): number;
}

export const realTime: BusTime = {
  nowMs: () => performance.now(),
  sleep,
  uniform: () => Math.random(),
};
