/**
 * The border to other threads of this process: long computing, so that polling, load control and
 * the watchdog are not held up. Interfaces only, as in `ports.ts`; the implementation is
 * `threads.ts`.
 */

/** One piece of work for a thread that starts with it and ends with it. */
export interface ThreadJob {
  /** A program of this project that ends in `answerInThread`, such as `agent/training/main`. */
  program: string;
  /** Plain data and typed arrays (structured clone). */
  input: unknown;
  /** Buffers of the input that move instead of being copied: they are empty here afterwards. */
  transfer: readonly ArrayBuffer[];
  /** Of the work, without the time that it waited for another job. Real ms. */
  deadlineMs: number;
  /** What the thread may keep in its own heap, MiB; typed arrays lie beside it. */
  mostHeapMib: number;
}

/** Threads of this process, one at a time. */
export interface Threads {
  /**
   * @returns what the thread answered, of its own form: parse it
   * @throws ThreadError
   */
  run(job: ThreadJob, signal: AbortSignal): Promise<unknown>;
}

export class ThreadError extends Error {
  /**
   * `unavailable`: it cannot be started here. `deadline`: no answer in time. `memory`: it needs
   * more than it may. `died`: it ended without an answer. `failed`: its program threw. `aborted`:
   * by the caller.
   */
  readonly code: 'unavailable' | 'deadline' | 'memory' | 'died' | 'failed' | 'aborted';
  constructor(code: ThreadError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ThreadError';
    this.code = code;
  }
}
