/**
 * A TCP port that is named in files before the process that listens there is started. Until then it
 * is held, and it is none of those that systems give to outgoing connections (from 32768 on).
 */
import { once } from 'node:events';
import { createServer } from 'node:net';

const FIRST = 20_000;
const COUNT = 12_000;
const ATTEMPTS = 100;

export interface ReservedPort {
  readonly port: number;
  /** Lets go of it, for the process that is started next. */
  release(): void;
}

export async function reservePort(): Promise<ReservedPort> {
  for (let attempt = 1; ; attempt += 1) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    const server = createServer();
    server.unref();
    server.listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
      return { port, release: () => void server.close() };
    } catch (cause) {
      if (attempt === ATTEMPTS) throw cause;
    }
  }
}
