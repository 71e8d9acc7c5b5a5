/**
 * A component's side of the stepped clock: market time told by the conductor over a Unix socket,
 * one JSON object a line ("Time" in docs/architecture.md). When the conductor goes away there is no
 * market time any more: the component says so and ends.
 */

import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { type Clock, TransportError } from './ports.ts';
import { SteppedClock } from './stepped-clock.ts';

/** How long the conductor may take to tell the time first, real ms. */
const FIRST_ADVANCE_MS = 30_000;
/** After the polite signal the process gets this long to end, real ms. */
const END_GRACE_MS = 5_000;

/**
 * Connects to the conductor and resolves once it has told the time.
 * @param onLost what to do when the conductor goes away; by default the process logs and ends.
 * @throws Error when there is no conductor, or it does not tell the time.
 */
export async function connectSteppedClock(
  socketPath: string,
  name: string,
  onLost: (reason: string) => void = endProcess,
): Promise<Clock & { close(): void }> {
  const socket = await connectTo(socketPath);
  const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY });
  socket.write(`${JSON.stringify({ hello: name })}\n`);

  const link: Link = { clock: null, isClosing: false };
  try {
    const clock = await followConductor(socket, lines, link, onLost);
    clock.onSettled((settled, next) => {
      if (!link.isClosing && socket.writable) {
        socket.write(`${JSON.stringify({ settled, next })}\n`);
      }
    });
    return clock;
  } catch (error) {
    link.isClosing = true;
    socket.destroy();
    throw error;
  }
}

interface Link {
  clock: SteppedClock | null;
  /** Set by whoever ends the connection first; nothing is reported after that. */
  isClosing: boolean;
}

class ConductedClock extends SteppedClock {
  readonly #socket: Socket;
  readonly #link: Link;

  constructor(startsAtMs: number, socket: Socket, link: Link) {
    super(startsAtMs);
    this.#socket = socket;
    this.#link = link;
  }

  override close(): void {
    this.#link.isClosing = true;
    this.#socket.end();
    this.#socket.unref();
    super.close();
  }
}

function connectTo(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.off('error', onError);
      resolve(socket);
    });
    const onError = (cause: Error): void =>
      reject(
        new TransportError(
          'unreachable',
          `there is no conductor of market time at ${path} ([lab] clock): ${cause.message}`,
          cause,
        ),
      );
    socket.once('error', onError);
  });
}

/** Advances the clock as the conductor says; resolves with the clock at its first word. */
function followConductor(
  socket: Socket,
  lines: NodeJS.EventEmitter,
  link: Link,
  onLost: (reason: string) => void,
): Promise<ConductedClock> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => {
      if (link.isClosing) return;
      link.isClosing = true;
      clearTimeout(timer);
      if (link.clock === null) reject(new Error(reason));
      else onLost(reason);
    };
    const timer = setTimeout(() => fail('the conductor told no time'), FIRST_ADVANCE_MS);
    socket.on('error', (error) => fail(`the conductor's socket failed: ${error.message}`));
    socket.on('close', () => fail('the conductor of market time went away'));
    // readline repeats the socket's errors, and one without a listener would end the process.
    lines.on('error', () => {});
    lines.on('line', (line: string) => {
      if (link.isClosing) return;
      const toMs = parseAdvance(line);
      if (toMs === null || (link.clock !== null && toMs < link.clock.now())) {
        fail(`the conductor sent what is no advance of time: ${line.slice(0, 100)}`);
        socket.destroy();
        return;
      }
      if (link.clock === null) {
        clearTimeout(timer);
        const clock = new ConductedClock(toMs, socket, link);
        link.clock = clock;
        resolve(clock);
      } else {
        void link.clock.advance(toMs);
      }
    });
  });
}

function parseAdvance(line: string): number | null {
  try {
    const message: unknown = JSON.parse(line);
    if (typeof message !== 'object' || message === null || !('advance' in message)) return null;
    const { advance } = message;
    return typeof advance === 'number' && Number.isSafeInteger(advance) ? advance : null;
  } catch {
    return null;
  }
}

function endProcess(reason: string): void {
  process.stderr.write(`${reason}; this process ends\n`);
  setTimeout(() => process.exit(1), END_GRACE_MS).unref();
  process.exitCode = 1;
  process.kill(process.pid, 'SIGTERM');
}
