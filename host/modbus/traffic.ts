/** What an installer sees of a bus: counters, and the last raw frames. */
import type { BusCounters, BusFrame } from '../bus-traffic.ts';
import type { BusError } from '../ports.ts';

const MAX_FRAMES = 2_000;
/** Longer than any Modbus frame; what comes in beyond is noise. */
const MAX_FRAME_BYTES = 300;

export class Traffic {
  readonly #counters: BusCounters = {
    ...{ good: 0, failed: 0, timeouts: 0, crcErrors: 0, framingErrors: 0, exceptions: 0 },
    ...{ closed: 0, reconnects: 0, staleBytes: 0, skipped: 0 },
  };
  readonly #frames: BusFrame[] = [];
  /** Place of the oldest frame, once all places are taken. */
  #next = 0;

  answered(): void {
    this.#counters.good += 1;
  }

  failed(code: BusError['code']): void {
    this.#counters.failed += 1;
    if (code === 'timeout') this.#counters.timeouts += 1;
    if (code === 'crc') this.#counters.crcErrors += 1;
    if (code === 'framing') this.#counters.framingErrors += 1;
    if (code === 'exception') this.#counters.exceptions += 1;
    if (code === 'closed') this.#counters.closed += 1;
  }

  reconnected(): void {
    this.#counters.reconnects += 1;
  }

  skipped(): void {
    this.#counters.skipped += 1;
  }

  stale(bytes: number): void {
    this.#counters.staleBytes += bytes;
  }

  frame(direction: BusFrame['direction'], atMs: number, bytes: Uint8Array): void {
    const frame = { direction, atMs, bytes: new Uint8Array(bytes.subarray(0, MAX_FRAME_BYTES)) };
    if (this.#frames.length < MAX_FRAMES) {
      this.#frames.push(frame);
      return;
    }
    this.#frames[this.#next] = frame;
    this.#next = (this.#next + 1) % MAX_FRAMES;
  }

  counters(): BusCounters {
    return { ...this.#counters };
  }

  frames(): BusFrame[] {
    return [...this.#frames.slice(this.#next), ...this.#frames.slice(0, this.#next)];
  }
}
