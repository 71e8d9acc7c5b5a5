/** Threads that work, and each way in which one can fail: the caller is told, and goes on. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ThreadError, type ThreadJob } from '../../host/thread-port.ts';
import { nodeThreads } from '../../host/threads.ts';

const test = suite('threads');
const never = new AbortController().signal;
const DEADLINE_MS = 60_000;

function job(input: unknown, change: Partial<ThreadJob> = {}): ThreadJob {
  const program = 'test/fixtures/threads/echo';
  return { program, input, transfer: [], deadlineMs: DEADLINE_MS, mostHeapMib: 32, ...change };
}

async function failureOf(work: Promise<unknown>): Promise<ThreadError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ThreadError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

test('work goes out and an answer comes back; what is transferred moves', async () => {
  const values = Float64Array.from({ length: 1000 }, (_, place) => place);
  const sum = await nodeThreads().run(
    job({ what: 'sum', values }, { transfer: [values.buffer] }),
    never,
  );
  assert.is(sum, 499_500);
  assert.is(values.length, 0, 'moved');
});

test('each failure has its own code, and the next job works', async () => {
  const threads = nodeThreads();
  const failed = await failureOf(threads.run(job({ what: 'throw' }), never));
  assert.is(failed.code, 'failed');
  assert.match(failed.message, /no such work/);
  assert.is((await failureOf(threads.run(job({ what: 'exit' }), never))).code, 'died');
  assert.is((await failureOf(threads.run(job({ what: 'fill' }), never))).code, 'memory');
  assert.is((await failureOf(threads.run(job({ what: 'function' }), never))).code, 'failed');
  const hung = failureOf(threads.run(job({ what: 'hang' }, { deadlineMs: 300 }), never));
  const missing = failureOf(threads.run(job({}, { program: 'test/fixtures/no-such' }), never));
  const good = threads.run(job({ what: 'sum', values: Float64Array.of(1, 2) }), never);
  assert.is((await hung).code, 'deadline');
  assert.is((await missing).code, 'failed');
  assert.is(await good, 3);
});

test('what cannot be sent is refused, and nothing is started', async () => {
  const failed = await failureOf(nodeThreads().run(job({ what: () => 1 }), never));
  assert.is(failed.code, 'unavailable');
});

test('a job is ended from outside, one that waits too', async () => {
  const threads = nodeThreads();
  const ending = new AbortController();
  const running = failureOf(threads.run(job({ what: 'hang' }), ending.signal));
  const waiting = failureOf(threads.run(job({ what: 'hang' }), ending.signal));
  setImmediate(() => ending.abort());
  assert.is((await running).code, 'aborted');
  assert.is((await waiting).code, 'aborted');
});

test.run();
