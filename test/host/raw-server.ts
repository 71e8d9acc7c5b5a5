/** Servers of raw bytes, good and hostile, for the tests of the transports. */

import { createServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { type PostOptions, TransportError } from '../../host/ports.ts';

export interface RawServer {
  origin: string;
  /** Connections so far. */
  connections: number;
  /** Requests as they came, head and body. */
  requests: string[];
  close(): void;
}

/**
 * A server of raw bytes. `answer` gets each whole request (all of ours are small and come with a
 * content-length) and the number of its connection.
 */
export async function rawServer(
  answer: (socket: Socket, request: string, connection: number) => void,
): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const raw: RawServer = { origin: '', connections: 0, requests: [], close: () => {} };
  const server = createServer((socket) => {
    raw.connections += 1;
    const connection = raw.connections;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    let text = '';
    socket.on('data', (piece) => {
      text += piece;
      const length = Number(/content-length: (\d+)/.exec(text)?.[1] ?? Number.NaN);
      const bodyAt = text.indexOf('\r\n\r\n') + 4;
      if (bodyAt < 4 || text.length < bodyAt + length) return;
      const request = text;
      text = '';
      raw.requests.push(request);
      answer(socket, request, connection);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  raw.origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  raw.close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return raw;
}

export const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}';

export function options(change: Partial<PostOptions> = {}): PostOptions {
  return { identity: 'a', deadlineMs: 5_000, maxBytes: 1_000, ...change };
}

export async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.catch((reason: unknown) => reason);
  return error instanceof TransportError ? error.code : `no TransportError: ${error}`;
}

/** What it is, its bytes, the code that it is refused with. */
export const HOSTILE: [string, string | Buffer, string][] = [
  ['a redirect', 'HTTP/1.1 302 Found\r\nlocation: http://example.org/\r\n\r\n', 'refused'],
  [
    'a compressed answer',
    Buffer.concat([
      Buffer.from('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n'),
      gzipSync('{}'),
    ]),
    'protocol',
  ],
  ['an answer said to be too long', 'HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n', 'too-large'],
  [
    'an answer that turns out too long',
    `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7d0\r\n${'x'.repeat(2_000)}\r\n`,
    'too-large',
  ],
  ['an answer cut off', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{}', 'unreachable'],
  ['what is no HTTP', 'hello\r\n\r\n', 'protocol'],
  [
    'bytes that are no text',
    Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n\xff', 'latin1'),
    'protocol',
  ],
  ['headers without end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(40_000)}`, 'protocol'],
];
