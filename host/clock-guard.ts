/**
 * Whether this machine's clock is good enough to sign by: a time service must vouch for it, final
 * blocks must agree with it, it may not be before what was already written down, and when it was
 * set under our hands, the service must have looked at it since. Time and the service are injected.
 */
import type { ClockWatch, ClockWatchStatus, Log, UnixMs } from './ports.ts';
import type { SyncState } from './time-service.ts';

export interface ClockGuardPorts {
  /** The clock on the wall, ms since the epoch. */
  wallMs(): number;
  monotonicMs(): number;
  readService(): Promise<SyncState>;
  log: Pick<Log, 'info' | 'warn'>;
  hasRtc: boolean | null;
}

/** Nothing of this program ran before this moment: an earlier date is a clock that was not set. */
const EARLIEST_POSSIBLE_MS = Date.UTC(2026, 0, 1);
/** More is a step; adjusting the rate moves wall and monotonic clock alike. */
const STEP_MS = 500;
/** A step is seen so much later at most, and the service's own follows on its comparison. */
const STEP_SEEN_MS = 3_000;
const WARN_MS = 200;
const MOST_ERROR_MS = 2_000;
const BLOCKS_KEPT = 11;
/** Fewer say nothing yet. */
const BLOCKS_NEEDED = 3;
const BLOCK_TOLERANCE_S = 30;
/** The service is asked anew after so long, while it is good and while it is not. */
const ASK_MS = 60_000;
const ASK_SOON_MS = 5_000;
/** Two looks at the monotonic clock around one at the wall farther apart tell nothing. */
const SURE_MS = 50;

interface Step {
  wallMs: UnixMs;
  byMs: number;
  monotonicMs: number;
}

export class ClockGuard implements ClockWatch {
  readonly #ports: ClockGuardPorts;
  /** Wall less monotonic time: constant but for steps. */
  #offsetMs: number;
  #service: (SyncState & { askedAtMs: number }) | null = null;
  #asking: Promise<void> | null = null;
  /** A step that the service has not confirmed. */
  #open: Step | null = null;
  /** When the service compared the clock before that. */
  #oldComparison: number | null = null;
  #last: Step | null = null;
  #steps = 0;
  /** Block time less monotonic time at which the block was asked for, ms. */
  #blocks: number[] = [];
  #newestBlock = Number.NEGATIVE_INFINITY;
  #lagSeconds = 0;
  #savedAtMs: UnixMs | null = null;
  /** As it was last said. */
  #saidReason: string | null | undefined;

  constructor(ports: ClockGuardPorts) {
    this.#ports = ports;
    this.#offsetMs = ports.wallMs() - ports.monotonicMs();
  }

  /** To be called each second. Resolves when the service was asked, if that was due. */
  async tick(): Promise<void> {
    this.#look();
    const askedAtMs = this.#service?.askedAtMs ?? Number.NEGATIVE_INFINITY;
    const isGood = this.#reason() === null;
    const isDue = this.#ports.monotonicMs() - askedAtMs >= (isGood ? ASK_MS : ASK_SOON_MS);
    const isStepped = this.#open !== null && askedAtMs < this.#open.monotonicMs;
    if (isDue || isStepped) await this.#ask();
    this.#say();
  }

  isProven(): boolean {
    this.#look();
    return this.#reason() === null;
  }

  observeBlock(timestampSeconds: number, askedAtMonotonicMs: number, lagSeconds: number): void {
    this.#lagSeconds = lagSeconds;
    if (timestampSeconds <= this.#newestBlock) return;
    this.#newestBlock = timestampSeconds;
    this.#blocks.push(timestampSeconds * 1000 - askedAtMonotonicMs);
    if (this.#blocks.length > BLOCKS_KEPT) this.#blocks.shift();
  }

  saved(atMs: UnixMs): void {
    this.#savedAtMs = atMs;
  }

  stepCount(): number {
    this.#look();
    return this.#steps;
  }

  status(): ClockWatchStatus {
    this.#look();
    const reason = this.#reason();
    return {
      source: this.#service?.source ?? 'none',
      isProven: reason === null,
      reason,
      warning: reason === null ? this.#warning() : null,
      offsetMs: this.#service?.offsetMs ?? null,
      steps: {
        count: this.#steps,
        lastAtMs: this.#last?.wallMs ?? null,
        lastByMs: this.#last?.byMs ?? null,
      },
      blockDifferenceS: this.#blockDifferenceS(),
      lastSavedAtMs: this.#savedAtMs,
      hasRtc: this.#ports.hasRtc,
    };
  }

  /** Compares the clocks: between two steps their difference does not change. */
  #look(): void {
    const beforeMs = this.#ports.monotonicMs();
    const wallMs = this.#ports.wallMs();
    const afterMs = this.#ports.monotonicMs();
    if (afterMs - beforeMs > SURE_MS) return;
    const byMs = wallMs - beforeMs - this.#offsetMs;
    if (Math.abs(byMs) <= STEP_MS) return;
    const wasProven = this.#reason(beforeMs + this.#offsetMs) === null;
    this.#offsetMs += byMs;
    this.#steps += 1;
    this.#last = { wallMs, byMs, monotonicMs: beforeMs };
    // What the service said, it said of the clock before.
    if (this.#service?.isSynchronized) {
      this.#open = this.#last;
      this.#oldComparison = this.#service.comparedAtMs;
    }
    this.#ports.log.warn('the clock was set', {
      by: `${byMs > 0 ? '+' : ''}${(byMs / 1000).toFixed(3)} s`,
      wasGood: wasProven,
    });
  }

  #ask(): Promise<void> {
    const askedAtMs = this.#ports.monotonicMs();
    this.#asking ??= this.#ports.readService().then((state) => {
      this.#asking = null;
      this.#service = { ...state, askedAtMs };
      this.#look();
      if (this.#open !== null && this.#isConfirmed(this.#open)) this.#open = null;
    });
    return this.#asking;
  }

  /** A large step needs a new comparison of the service; a leap second does not. */
  #isConfirmed({ wallMs, byMs, monotonicMs }: Step): boolean {
    const service = this.#service;
    if (service === null || service.askedAtMs < monotonicMs || !service.isSynchronized) {
      return false;
    }
    if (Math.abs(byMs) <= MOST_ERROR_MS || service.comparedAtMs === null) return true;
    // One made before the step lies outside, whichever way the clock was set.
    const nowMs = this.#ports.monotonicMs() + this.#offsetMs;
    const isOld =
      service.comparedAtMs < wallMs - STEP_SEEN_MS ||
      service.comparedAtMs > nowMs + MOST_ERROR_MS ||
      service.comparedAtMs === this.#oldComparison;
    if (isOld) this.#oldComparison = service.comparedAtMs;
    return !isOld;
  }

  #reason(nowMs = this.#ports.monotonicMs() + this.#offsetMs): string | null {
    if (nowMs < EARLIEST_POSSIBLE_MS) {
      return `the clock shows ${timeText(nowMs)}: it was never set; waiting for the time service`;
    }
    const service = this.#service;
    if (service === null) return 'the time service was not asked yet';
    if (!service.isSynchronized) return service.detail;
    const errorMs = service.errorMs ?? 0;
    if (errorMs > MOST_ERROR_MS) {
      return `the clock may be wrong by ${seconds(errorMs)}: check the reach of time servers`;
    }
    if (this.#open !== null) {
      const by = seconds(this.#open.byMs);
      return `the clock was set by ${by}; waiting for the time service to compare it`;
    }
    const difference = this.#blockDifferenceS(nowMs);
    if (difference !== null && !this.#isNearBlocks(difference)) {
      return (
        `the clock is ${Math.abs(Math.round(difference))} s ` +
        `${difference > 0 ? 'ahead of' : 'behind'} the chain's blocks: one of the two is wrong`
      );
    }
    if (this.#savedAtMs !== null && nowMs < this.#savedAtMs - MOST_ERROR_MS) {
      // Time service and chain together outweigh what a wrong clock may have written down.
      if (difference !== null && this.#blocks.length >= BLOCKS_KEPT) return null;
      return `the clock is before ${timeText(this.#savedAtMs)}, when it last was good`;
    }
    return null;
  }

  #warning(): string | null {
    const offsetMs = this.#service?.offsetMs ?? 0;
    if (Math.abs(offsetMs) > WARN_MS) return `the clock is off by ${seconds(offsetMs)}`;
    return null;
  }

  #blockDifferenceS(nowMs = this.#ports.monotonicMs() + this.#offsetMs): number | null {
    if (this.#blocks.length < BLOCKS_NEEDED) return null;
    const sorted = [...this.#blocks].sort((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
    return (nowMs - this.#ports.monotonicMs() - median) / 1000;
  }

  #isNearBlocks(differenceS: number): boolean {
    return differenceS >= -BLOCK_TOLERANCE_S && differenceS <= BLOCK_TOLERANCE_S + this.#lagSeconds;
  }

  #say(): void {
    const reason = this.#reason();
    if (reason === this.#saidReason) return;
    const { log } = this.#ports;
    const said = this.#saidReason;
    const isChange = said === undefined || (reason === null) !== (said === null);
    this.#saidReason = reason;
    if (!isChange) return;
    if (reason !== null) {
      log.warn(`the clock is not proven good, nothing is offered or signed: ${reason}`);
    } else {
      log.info('the clock is proven good', { by: this.#service?.detail ?? '' });
    }
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function timeText(ms: UnixMs): string {
  return new Date(ms).toISOString().slice(0, 19);
}
