/** What a `Bus` tells of itself (host/ports.ts), for `status`, `doctor` and the support bundle. */

/** Since the bus was opened. `failed` is the sum of the five kinds of failure that follow it. */
export interface BusCounters {
  good: number;
  failed: number;
  /** Nothing came in time. */
  timeouts: number;
  /** Answers with a wrong checksum: noise, a missing termination, two units that speak at once. */
  crcErrors: number;
  /** Bytes came, and no answer that fits among them. */
  framingErrors: number;
  /** Requests that the device refused. */
  exceptions: number;
  /** Requests without a connection: refused, lost, or the port is not there. */
  closed: number;
  reconnects: number;
  /** Bytes that belonged to no request under way: late, duplicate, noise. */
  staleBytes: number;
  /** Reads that were not sent, because their unit had stopped answering and others had not. */
  skipped: number;
}

export interface BusFrame {
  direction: 'out' | 'in';
  /** Monotonic, ms. */
  atMs: number;
  /** As on the wire, at most 300 of them; an answer may come in several pieces. */
  bytes: Uint8Array;
}
