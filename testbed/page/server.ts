/**
 * The community page's server: static files, `GET /state` as JSON, and `GET /events`, which pushes
 * the state whenever the run says it has changed. It holds no state of its own and changes nothing.
 *
 * It uses node:http itself, not the `HttpListener` port: it needs headers (content security policy,
 * no caching), the Host header against DNS rebinding, and to see when a reader is slow.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { CommunityState } from './state.ts';

export interface PageOptions {
  state: () => CommunityState;
  /** An address of this machine; 127.0.0.1 when not given. */
  host?: string;
  /** 0, the default: a free one. */
  port?: number;
  /** The least time between two pushes, real ms (250); grows when a state takes long to make. */
  gapMs?: number;
}

export interface Page {
  readonly url: string;
  readonly port: number;
  /** Says that the state has changed; pushed soon, the last one always. */
  notify(): void;
  /** Pushes the last state, ends all connections. */
  close(): Promise<void>;
}

export class PageError extends Error {
  readonly code: 'port-taken' | 'not-possible';
  constructor(code: PageError['code'], message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'PageError';
    this.code = code;
  }
}

/** So that a reader knows within seconds when the server is gone without a word. */
const BEAT_MS = 5_000;
/** At the end a reader that has fallen asleep is not waited for. */
const FLUSH_MS = 500;
/** Making states takes at most this part of one core. */
const GAP_PER_WORK = 10;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
} as const;

interface StaticFile {
  type: string;
  bytes: Buffer;
}

/** @throws PageError when the port is taken or the address is not ours. */
export async function startPage(options: PageOptions): Promise<Page> {
  const host = options.host ?? '127.0.0.1';
  const files = staticFiles();
  const push = new Push(options.state, options.gapMs ?? 250);
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const refusal = refusalOf(request, host);
    if (refusal) return answer(response, refusal.status, refusal.sentence);
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    if (path === '/events') return push.welcome(response);
    if (path === '/state') {
      response.setHeader('content-type', 'application/json');
      return void response.end(JSON.stringify(options.state()));
    }
    const file = files.get(path === '/' ? '/index.html' : path);
    if (!file) return answer(response, 404, `There is nothing at ${path}; the page is at /.`);
    response.setHeader('content-type', file.type);
    response.end(file.bytes);
  });
  const port = await listen(server, host, options.port ?? 0);
  const beat = setInterval(() => push.beat(), BEAT_MS);
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}/`,
    port,
    notify: () => push.notify(),
    close: async () => {
      clearInterval(beat);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await push.end();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Pushes states to all readers, at most one per gap, and none to a reader who is behind. */
class Push {
  readonly #state: () => CommunityState;
  readonly #leastGapMs: number;
  readonly #readers = new Set<ServerResponse>();
  #gapMs: number;
  #timer: NodeJS.Timeout | null = null;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(state: () => CommunityState, gapMs: number) {
    this.#state = state;
    this.#leastGapMs = gapMs;
    this.#gapMs = gapMs;
  }

  welcome(response: ServerResponse): void {
    response.setHeader('content-type', 'text/event-stream');
    response.write(`retry: 1000\n\n${this.#message()}`);
    this.#readers.add(response);
    response.on('close', () => this.#readers.delete(response));
    response.on('drain', () => this.notify());
  }

  notify(): void {
    if (this.#timer !== null || this.#readers.size === 0) return;
    const waitMs = Math.max(0, this.#lastMs + this.#gapMs - performance.now());
    this.#timer = setTimeout(() => this.#send(), waitMs);
  }

  beat(): void {
    for (const reader of this.#readers) {
      if (!reader.writableNeedDrain) reader.write('event: beat\ndata:\n\n');
    }
  }

  async end(): Promise<void> {
    this.#send();
    const flushed = [...this.#readers].map(
      (reader) => new Promise<void>((resolve) => reader.on('close', resolve).end(resolve)),
    );
    await Promise.race([Promise.all(flushed), delay(FLUSH_MS)]);
  }

  #send(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const ready = [...this.#readers].filter((reader) => !reader.writableNeedDrain);
    if (ready.length === 0) return;
    const message = this.#message();
    for (const reader of ready) reader.write(message);
  }

  #message(): string {
    const startMs = performance.now();
    const message = `data: ${JSON.stringify(this.#state())}\n\n`;
    this.#lastMs = performance.now();
    this.#gapMs = Math.max(this.#leastGapMs, (this.#lastMs - startMs) * GAP_PER_WORK);
    return message;
  }
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const isTaken = cause.code === 'EADDRINUSE';
      const sentence = isTaken
        ? `port ${port} is taken by another program: choose another, or none for a free one`
        : `the page cannot be served on ${host}:${port} (${cause.code}): choose another address`;
      reject(new PageError(isTaken ? 'port-taken' : 'not-possible', sentence, cause));
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

/** A site that resolves its name to 127.0.0.1 must not read the page with a visitor's browser. */
function refusalOf(
  request: IncomingMessage,
  host: string,
): { status: number; sentence: string } | null {
  if (request.method !== 'GET') {
    return { status: 405, sentence: 'The page can only be read.' };
  }
  const isEverywhere = host === '0.0.0.0' || host === '::';
  const named = (request.headers.host ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  if (isEverywhere || ['127.0.0.1', 'localhost', '::1', host].includes(named)) return null;
  return { status: 421, sentence: `This server is not ${named}.` };
}

function answer(response: ServerResponse, status: number, sentence: string): void {
  response.statusCode = status;
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.end(`${sentence}\n`);
}

/** All files of the page by path, read once: what is not among them cannot be asked for. */
function staticFiles(): ReadonlyMap<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  const add = (path: string, file: string) => {
    const type = TYPES[extname(file)];
    if (type) files.set(path, { type, bytes: readFileSync(file) });
  };
  const folder = join(dirname(fileURLToPath(import.meta.url)), 'static');
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    add(`/${name.replaceAll('\\', '/')}`, join(folder, name));
  }
  const uplot = dirname(createRequire(import.meta.url).resolve('uplot/package.json'));
  add('/uplot/uplot.js', join(uplot, 'dist/uPlot.esm.js'));
  add('/uplot/uplot.css', join(uplot, 'dist/uPlot.min.css'));
  return files;
}
