/** Watches over the process that meets the hostile endpoints: its memory, and its loop. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const MIB = 1024 * 1024;
const TICK_MS = 5;

export interface Watched {
  /** Longest time that the loop was held: real ms, of which this process computed. */
  heldMs: number;
  /** Longest delay of the loop in real time, with what other programs took from it. */
  delayMs: number;
  /** Of heap and buffers after collecting garbage, over what it was before, MiB. */
  grownMiB: number;
  /** Of the process's memory likewise. */
  rssGrownMiB: number;
  /** The most that heap and buffers took meanwhile, over what they took before, MiB. */
  peakMiB: number;
}

export class Watch {
  readonly #before = settled();
  readonly #histogram = monitorEventLoopDelay({ resolution: TICK_MS });
  readonly #timer: NodeJS.Timeout;
  #tickedAt = performance.now();
  #cpuMs = cpuMs();
  #heldMs = 0;
  #peak = 0;

  constructor() {
    this.#histogram.enable();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  end(): Watched {
    this.#tick();
    clearInterval(this.#timer);
    this.#histogram.disable();
    const after = settled();
    return {
      heldMs: round(this.#heldMs),
      delayMs: round(this.#histogram.max / 1e6),
      grownMiB: round((after.used - this.#before.used) / MIB),
      rssGrownMiB: round((after.rss - this.#before.rss) / MIB),
      peakMiB: round((this.#peak - this.#before.used) / MIB),
    };
  }

  /**
   * A tick that comes late was held up by this process as far as it computed meanwhile; the rest
   * the machine gave to others.
   */
  #tick(): void {
    const now = performance.now();
    const cpu = cpuMs();
    const late = now - this.#tickedAt - TICK_MS;
    this.#heldMs = Math.max(this.#heldMs, Math.min(late, cpu - this.#cpuMs));
    this.#tickedAt = now;
    this.#cpuMs = cpu;
    this.#peak = Math.max(this.#peak, used());
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function used(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function settled(): { used: number; rss: number } {
  for (let round = 0; round < 3; round += 1) globalThis.gc?.();
  return { used: used(), rss: process.memoryUsage.rss() };
}

const round = (value: number) => Math.round(value * 10) / 10;
