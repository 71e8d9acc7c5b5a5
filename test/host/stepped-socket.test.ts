import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openClock } from '../../host/lab-clock.ts';
import { connectSteppedClock } from '../../host/stepped-socket.ts';
import { temporaryFolder } from './temporary-folder.ts';

const test = suite('stepped-socket');

/** The smallest conductor: it keeps what it was told, and says what the test says. */
class ToldConductor {
  readonly path: string;
  readonly #server: Server;
  readonly #folder = temporaryFolder();
  readonly #messages: unknown[] = [];
  #waiter: (() => void) | null = null;
  socket: Socket | null = null;

  constructor(firstTime: number | null) {
    this.path = join(this.#folder.path, 'clock.sock');
    this.#server = createServer((socket) => {
      this.socket = socket;
      socket.on('error', () => socket.destroy());
      const lines = createInterface({ input: socket });
      lines.on('error', () => {});
      lines.on('line', (line) => {
        this.#messages.push(JSON.parse(line));
        this.#waiter?.();
      });
      if (firstTime !== null) this.say({ advance: firstTime });
    });
  }

  async listen(): Promise<void> {
    this.#server.listen(this.path);
    await once(this.#server, 'listening');
  }

  say(message: object): void {
    this.socket?.write(`${JSON.stringify(message)}\n`);
  }

  async next(): Promise<unknown> {
    while (this.#messages.length === 0) {
      await new Promise<void>((resolve) => {
        this.#waiter = resolve;
      });
    }
    return this.#messages.shift();
  }

  close(): void {
    this.socket?.destroy();
    this.#server.close();
    this.#folder.dispose();
  }
}

test('says hello, learns the time, and answers each advance once settled', async () => {
  const conductor = new ToldConductor(1_000);
  await conductor.listen();
  const stop = new AbortController();
  try {
    const clock = await openClock(`stepped:${conductor.path}`, 'agent-1');
    assert.equal(await conductor.next(), { hello: 'agent-1' });
    assert.is(clock.now(), 1_000);
    assert.ok(clock.isProven());
    const pacer = clock.pacer('meter');
    const woken = pacer.until(1_500, stop.signal);
    assert.equal(await conductor.next(), { settled: 1_000, next: 1_500 });
    conductor.say({ advance: 1_200 });
    assert.equal(await conductor.next(), { settled: 1_200, next: 1_500 });
    conductor.say({ advance: 1_200 });
    assert.equal(await conductor.next(), { settled: 1_200, next: 1_500 }, 'the same time again');
    conductor.say({ advance: 1_500 });
    await woken;
    pacer.until(Number.POSITIVE_INFINITY, stop.signal).catch(() => {});
    assert.equal(await conductor.next(), { settled: 1_500, next: null });
    if ('close' in clock && typeof clock.close === 'function') clock.close();
  } finally {
    conductor.close();
  }
});

test('a pacer that comes later settles the component anew', async () => {
  const conductor = new ToldConductor(0);
  await conductor.listen();
  try {
    const clock = await connectSteppedClock(conductor.path, 'dso');
    const signal = new AbortController().signal;
    await conductor.next();
    void clock.pacer('one').until(100, signal);
    assert.equal(await conductor.next(), { settled: 0, next: 100 });
    void clock.pacer('two').until(50, signal);
    assert.equal(await conductor.next(), { settled: 0, next: 50 });
    clock.close();
  } finally {
    conductor.close();
  }
});

test('a conductor that goes away, or sends rubbish, is told to the process once', async () => {
  for (const rubbish of [null, 'no json', '{"advance":"x"}', '{"advance":-5}']) {
    const conductor = new ToldConductor(0);
    await conductor.listen();
    try {
      const lost: string[] = [];
      const isLost = new Promise<void>((resolve) => {
        void connectSteppedClock(conductor.path, 'x', (reason) => {
          lost.push(reason);
          resolve();
        }).then(() => {
          if (rubbish === null) conductor.socket?.destroy();
          else conductor.socket?.write(`${rubbish}\n`);
        });
      });
      await isLost;
      await new Promise((done) => setTimeout(done, 20));
      assert.is(lost.length, 1, String(rubbish));
    } finally {
      conductor.close();
    }
  }
});

test('closing is not losing', async () => {
  const conductor = new ToldConductor(0);
  await conductor.listen();
  try {
    const lost: string[] = [];
    const clock = await connectSteppedClock(conductor.path, 'x', (reason) => lost.push(reason));
    clock.close();
    conductor.close();
    await new Promise((done) => setTimeout(done, 20));
    assert.equal(lost, []);
  } finally {
    conductor.close();
  }
});

test('no conductor is one clear error', async () => {
  try {
    await connectSteppedClock('/nowhere/clock.sock', 'x');
    assert.unreachable();
  } catch (error) {
    assert.match(String(error), 'no conductor of market time at /nowhere/clock.sock');
  }
});

test('a process whose conductor goes away says so and ends', async () => {
  const conductor = new ToldConductor(0);
  await conductor.listen();
  const module = new URL('../../host/stepped-socket.ts', import.meta.url).href;
  const script = `const { connectSteppedClock } = await import(${JSON.stringify(module)});
    const clock = await connectSteppedClock(${JSON.stringify(conductor.path)}, 'child');
    await clock.pacer('p').until(1e12, new AbortController().signal);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  try {
    let said = '';
    child.stderr.on('data', (piece) => {
      said += piece;
    });
    await conductor.next();
    assert.equal(await conductor.next(), { settled: 0, next: 1e12 });
    const ended = once(child, 'close');
    conductor.socket?.destroy();
    const [code, signal] = await ended;
    assert.ok(code === 1 || signal === 'SIGTERM');
    assert.match(said, 'the conductor of market time went away; this process ends');
  } finally {
    child.kill('SIGKILL');
    conductor.close();
  }
});

test.run();
