/**
 * The HTTP server of the DSO, the status socket and the pages: one handler, small bodies, answers
 * in one piece or as a stream of text (server-sent events).
 */

import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import {
  type HttpLimit,
  type HttpListener,
  type HttpRequest,
  type HttpResponse,
  type Log,
  TransportError,
} from './ports.ts';

const MAX_BODY_BYTES = 1024 * 1024;
/** Of sun_path in Linux, less the final zero. */
const MAX_SOCKET_PATH_BYTES = 107;
/** A whole request must have arrived within this, real ms. */
const REQUEST_MS = 30_000;
const HEAD_MS = 15_000;
/** How often Node looks for connections whose time is over; its own default is 30 s. */
const CHECK_MS = 1_000;
/** Then a connection is closed, and its client makes a new one. */
const REQUESTS_OF_A_CONNECTION = 10_000;

type Handler = (request: HttpRequest) => Promise<HttpResponse>;
type Place = { host: string; port: number } | { path: string; mode: number };

/** @param log told of handlers that throw; the client gets 500 without details. */
export function nodeHttpListener(log?: Log): HttpListener {
  return {
    async listen(at, handle, limits = {}) {
      const server = createServer(timesOf(limits), (request, response) => {
        serve(request, response, handle, limits.maxBodyBytes ?? MAX_BODY_BYTES).catch(
          (error: unknown) => {
            log?.error('a request could not be answered', {
              path: request.url ?? '',
              error: `${error}`,
            });
            if (response.headersSent) response.destroy();
            else refuse(response, 500, 'internal error');
          },
        );
      });
      server.maxRequestsPerSocket = REQUESTS_OF_A_CONNECTION;
      if (limits.maxConnections !== undefined) server.maxConnections = limits.maxConnections;
      try {
        await listenAt(server, at);
      } catch (cause) {
        throw cannotListen(at, cause);
      }
      const address = server.address();
      return {
        port: typeof address === 'object' && address !== null ? address.port : null,
        close: () => closeServer(server),
      };
    },
  };
}

/** Slow clients: a head, or a request, that does not come is not waited for. */
function timesOf({ requestMs = REQUEST_MS, headMs = HEAD_MS }: Partial<Record<HttpLimit, number>>) {
  return {
    requestTimeout: requestMs,
    headersTimeout: Math.min(headMs, requestMs),
    connectionsCheckingInterval: CHECK_MS,
  };
}

async function listenAt(server: Server, at: Place): Promise<void> {
  if ('path' in at) {
    // A longer one would be cut short without a word.
    if (Buffer.byteLength(at.path) > MAX_SOCKET_PATH_BYTES) {
      const most = `the path of a socket may have ${MAX_SOCKET_PATH_BYTES} bytes at most`;
      throw new TransportError('refused', `${most}: cannot listen at ${at.path}`);
    }
    await removeStaleSocket(at.path);
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    const done = (): void => {
      server.off('error', reject);
      resolve();
    };
    if ('host' in at) {
      server.listen(at.port, at.host, done);
      return;
    }
    // The socket file is made during `listen`: nobody may connect before its mode is set.
    const old = process.umask(0o777 & ~at.mode);
    try {
      server.listen(at.path, done);
    } finally {
      process.umask(old);
    }
  });
  if ('path' in at) chmodSync(at.path, at.mode);
}

/** A socket file that nobody answers at is left from a process that was killed. */
function removeStaleSocket(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      reject(new TransportError('refused', `${path} is in use by another process`));
    });
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') rmSync(path, { force: true });
      resolve();
    });
  });
}

/** The typed error of a place that cannot be listened at, with a sentence for people. */
function cannotListen(at: Place, cause: unknown): unknown {
  if (cause instanceof TransportError || !(cause instanceof Error) || !('code' in cause)) {
    return cause;
  }
  const place = 'path' in at ? at.path : `${at.host}:${at.port}`;
  const reasons: Record<string, string> = {
    EADDRINUSE: 'the port is in use by another process',
    EACCES: 'not permitted, or its folder does not exist',
    EADDRNOTAVAIL: 'this machine does not have that address',
    ENOENT: 'its folder does not exist',
  };
  const reason = reasons[String(cause.code)] ?? cause.message;
  return new TransportError('refused', `${reason}: cannot listen at ${place}`, cause);
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  handle: Handler,
  maxBodyBytes: number,
): Promise<void> {
  const body = await readBody(request, maxBodyBytes);
  if (body === null) {
    response.setHeader('connection', 'close');
    refuse(response, 413, `the body is over ${maxBodyBytes} bytes`);
    return;
  }
  let url: URL;
  try {
    url = new URL(`http://listener${request.url ?? '/'}`);
  } catch {
    refuse(response, 400, 'the path is not valid');
    return;
  }
  const gone = new AbortController();
  response.once('close', () => gone.abort(new Error('the client went away')));
  const answer = await handle({
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    body,
    signal: gone.signal,
    connection: request.socket,
  });
  if (!gone.signal.aborted) await send(response, answer, gone.signal);
}

async function send(
  response: ServerResponse,
  answer: HttpResponse,
  signal: AbortSignal,
): Promise<void> {
  const headers: Record<string, string | number> = {
    'content-type': answer.contentType ?? 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  };
  const { body } = answer;
  if (typeof body === 'string' || body instanceof Uint8Array) {
    headers['content-length'] = Buffer.byteLength(body);
    response.writeHead(answer.status, headers).end(body);
    return;
  }
  response.writeHead(answer.status, headers);
  response.flushHeaders();
  for await (const piece of body) {
    if (signal.aborted) return;
    if (!response.write(piece)) await drained(response);
  }
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.once('drain', done);
    response.once('close', done);
  });
}

/** Null when the body is too long; what follows is then not read. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | null> {
  // Said at the head: nothing of it is read then.
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return null;
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request.iterator({ destroyOnReturn: false })) {
    length += piece.length;
    if (length > maxBytes) return null;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function refuse(response: ServerResponse, status: number, error: string): void {
  const body = JSON.stringify({ error });
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': body.length })
    .end(body);
}
