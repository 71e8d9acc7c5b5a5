/**
 * The conductor of stepped market time (design: two clocks; docs/architecture.md: Time).
 *
 * Time stands still while any component is at work. When all have settled, the conductor looks for
 * the next moment at which something can happen: the earliest wake-up of any component, or the
 * next block if transactions wait. It mines that block, then tells everyone the new time.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** A component of the run: `advance` resolves when it has settled, with its next wake-up (ms). */
export interface Participant {
  readonly name: string;
  advance(toMs: number): Promise<number | null>;
}

export interface BlockMaker {
  /** Whether transactions wait for a block. */
  hasPending(): Promise<boolean>;
  /** Mines one block that carries this market time. */
  mineAt(unixSeconds: number): Promise<void>;
}

export class Conductor {
  #nowMs: number;
  #lastBlockSeconds: number;
  readonly #blockSeconds: number;
  readonly #blocks: BlockMaker;
  readonly #participants = new Map<Participant, number | null>();
  readonly #arrivals: Participant[] = [];
  #server: Server | null = null;
  #wakeStart: (() => void) | null = null;

  constructor(startsAtMs: number, blockSeconds: number, blocks: BlockMaker) {
    this.#nowMs = startsAtMs;
    this.#lastBlockSeconds = Math.floor(startsAtMs / 1000);
    this.#blockSeconds = blockSeconds;
    this.#blocks = blocks;
  }

  now(): number {
    return this.#nowMs;
  }

  /** Takes part from the next step on. */
  add(participant: Participant): void {
    this.#arrivals.push(participant);
    this.#wakeStart?.();
  }

  /** Lets other processes take part through a Unix socket. */
  async listen(path: string): Promise<void> {
    const server = createServer((socket) => this.#welcome(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    this.#server = server;
  }

  /** Waits until `count` components take part. @throws the signal's reason when aborted. */
  async gather(count: number, signal: AbortSignal): Promise<void> {
    while (this.#participants.size + this.#arrivals.length < count) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        const stop = () => resolve();
        this.#wakeStart = stop;
        signal.addEventListener('abort', stop, { once: true });
      });
    }
    this.#wakeStart = null;
  }

  /**
   * Runs market time up to `untilMs`.
   * @param onStep called after each step with the new time, while everything stands still
   */
  async runTo(untilMs: number, signal: AbortSignal, onStep: () => Promise<void>): Promise<void> {
    await this.#advanceAll(this.#nowMs);
    while (this.#nowMs < untilMs && !signal.aborted) {
      let nextMs = untilMs;
      for (const wake of this.#participants.values()) {
        if (wake !== null && wake > this.#nowMs) nextMs = Math.min(nextMs, wake);
      }
      if (await this.#blocks.hasPending()) {
        const blockSeconds = this.#nextBlockSeconds();
        if (blockSeconds * 1000 <= nextMs) {
          nextMs = Math.max(this.#nowMs, blockSeconds * 1000);
          await this.#blocks.mineAt(blockSeconds);
          this.#lastBlockSeconds = blockSeconds;
        }
      }
      await this.#advanceAll(nextMs);
      await onStep();
    }
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #nextBlockSeconds(): number {
    const due = this.#lastBlockSeconds + this.#blockSeconds;
    return Math.max(due, Math.floor(this.#nowMs / 1000));
  }

  async #advanceAll(toMs: number): Promise<void> {
    this.#nowMs = toMs;
    for (const arrival of this.#arrivals.splice(0)) this.#participants.set(arrival, null);
    const present = [...this.#participants.keys()];
    await Promise.all(
      present.map(async (participant) => {
        const next = await participant.advance(toMs);
        if (this.#participants.has(participant)) this.#participants.set(participant, next);
      }),
    );
  }

  #welcome(socket: Socket): void {
    let settled: ((next: number | null) => void) | null = null;
    let participant: Participant | null = null;
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (participant) this.#participants.delete(participant);
      settled?.(null);
    });
    const lines = createInterface({ input: socket });
    lines.on('error', () => socket.destroy());
    lines.on('line', (line) => {
      const message = JSON.parse(line) as {
        hello?: string;
        settled?: number;
        next?: number | null;
      };
      if (message.hello !== undefined) {
        participant = {
          name: message.hello,
          advance: (toMs) => {
            if (socket.destroyed) return Promise.resolve(null);
            return new Promise((resolve) => {
              settled = resolve;
              socket.write(`${JSON.stringify({ advance: toMs })}\n`);
            });
          },
        };
        socket.write(`${JSON.stringify({ advance: this.#nowMs })}\n`);
        this.add(participant);
      } else if (message.settled !== undefined && message.settled === this.#nowMs) {
        const resolve = settled;
        settled = null;
        resolve?.(message.next ?? null);
      }
    });
  }
}
