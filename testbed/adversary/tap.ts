/**
 * What the owner of an RPC endpoint, or who sits in the network before it, writes down: a proxy
 * before the chain that logs every request with its connection and its moment of market time. It
 * changes nothing and tells nobody.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** One call of a request; a batch is several with the same connection and moment. */
export interface SeenCall {
  /** Tells connections apart; nothing says where one comes from. */
  readonly connection: number;
  /** Market time, ms. */
  readonly atMs: number;
  readonly method: string;
  readonly params: readonly unknown[];
  /** Of the whole request. */
  readonly bytes: number;
}

export interface Tap {
  readonly url: string;
  readonly calls: readonly SeenCall[];
  close(): Promise<void>;
}

/** Idle connections are left open: it is for their owners to end them. Real ms. */
const IDLE_MS = 600_000;

/** @param nowMs market time */
export async function openTap(chainUrl: string, nowMs: () => number): Promise<Tap> {
  const calls: SeenCall[] = [];
  const upstream = new http.Agent({ keepAlive: true });
  const numbers = new WeakMap<object, number>();
  let connections = 0;
  const server = http.createServer({ keepAliveTimeout: IDLE_MS }, async (request, response) => {
    const connection = numbers.get(request.socket) ?? -1;
    try {
      const body = await bytesOf(request);
      for (const { method, params } of callsIn(body)) {
        calls.push({ connection, atMs: nowMs(), method, params, bytes: body.length });
      }
      const answer = await forward(chainUrl, upstream, body);
      response.writeHead(200, { 'content-type': 'application/json' }).end(answer);
    } catch {
      response.destroy();
    }
  });
  server.on('connection', (socket) => {
    numbers.set(socket, connections);
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      upstream.destroy();
    },
  };
}

interface Call {
  method: string;
  params: unknown[];
}

function callsIn(body: Buffer): Call[] {
  const parsed = JSON.parse(body.toString()) as Partial<Call> | Partial<Call>[];
  const list = Array.isArray(parsed) ? parsed : [parsed];
  return list.map(({ method = '', params = [] }) => ({ method, params }));
}

function forward(url: string, agent: http.Agent, body: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const call = http.request(url, { method: 'POST', agent, headers }, (answer) => {
      bytesOf(answer).then(resolve, reject);
    });
    call.on('error', reject);
    call.end(body);
  });
}

async function bytesOf(stream: http.IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
