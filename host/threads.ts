/**
 * Threads by `node:worker_threads`: from a checkout a file that Node runs as it is, in the one-file
 * binary a bundle among its assets. A thread gets its work as it starts, answers once and is gone,
 * with all its memory; one that hangs is ended at its deadline.
 */
import { Worker } from 'node:worker_threads';
import { threadCode } from './resources.ts';
import { ThreadError, type ThreadJob, type Threads } from './thread-port.ts';

/** Of new objects; the rest of the heap is the job's to say. MiB. */
const YOUNG_MIB = 4;
const STACK_MIB = 2;

/** @param codeOf where the code of a program is; by default beside that of this one */
export function nodeThreads(codeOf = threadCode): Threads {
  let last: Promise<unknown> = Promise.resolve();
  return {
    run(job, signal) {
      // One at a time: a board has one core to spare, and memory for one.
      const own = last.then(() => runOne(codeOf, job, signal));
      last = own.catch(() => undefined);
      return own;
    },
  };
}

async function runOne(
  codeOf: typeof threadCode,
  job: ThreadJob,
  signal: AbortSignal,
): Promise<unknown> {
  if (signal.aborted) throw aborted();
  const worker = start(codeOf, job);
  try {
    return await answerOf(worker, job, signal);
  } finally {
    await worker.terminate();
  }
}

/** @throws ThreadError `unavailable` */
function start(codeOf: typeof threadCode, job: ThreadJob): Worker {
  const { program, input, transfer, mostHeapMib } = job;
  try {
    const code = codeOf(program);
    return new Worker('text' in code ? code.text : code.path, {
      eval: 'text' in code,
      workerData: input,
      transferList: [...transfer],
      env: {},
      resourceLimits: {
        maxOldGenerationSizeMb: mostHeapMib,
        maxYoungGenerationSizeMb: YOUNG_MIB,
        stackSizeMb: STACK_MIB,
      },
    });
  } catch (cause) {
    throw new ThreadError('unavailable', `no thread can be started: ${textOf(cause)}`, cause);
  }
}

async function answerOf(
  worker: Worker,
  { deadlineMs }: ThreadJob,
  signal: AbortSignal,
): Promise<unknown> {
  let cleanUp = (): void => {};
  try {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new ThreadError('deadline', `no answer within ${deadlineMs / 1000} s`));
      }, deadlineMs);
      const onAbort = (): void => reject(aborted());
      signal.addEventListener('abort', onAbort, { once: true });
      cleanUp = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      worker.once('message', resolve);
      worker.once('messageerror', (error) => {
        reject(new ThreadError('failed', `its answer cannot be read: ${error.message}`, error));
      });
      // Stays: an error that comes while it ends must not end the process.
      worker.on('error', (error) => reject(failure(error)));
      worker.once('exit', (code) => {
        reject(new ThreadError('died', `it ended with code ${code} and without an answer`));
      });
    });
  } finally {
    cleanUp();
  }
}

function failure(error: unknown): ThreadError {
  const isOfMemory =
    error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
  return isOfMemory
    ? new ThreadError('memory', 'it needs more memory than it may have', error)
    : new ThreadError('failed', `it failed: ${textOf(error)}`, error);
}

function aborted(): ThreadError {
  return new ThreadError('aborted', 'it was ended from outside');
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
