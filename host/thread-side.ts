/** The other side of `threads.ts`: what the program of a thread does with its work. */
import { parentPort, workerData } from 'node:worker_threads';

/** Answers with what `work` makes of the input; an error of it ends the thread. */
export function answerInThread(work: (input: unknown) => unknown): void {
  if (parentPort === null) throw new Error('this program runs in a thread that another one starts');
  parentPort.postMessage(work(workerData));
}
