import { createServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { clearTransport } from '../../host/http-transport.ts';
import { type PostOptions, TransportError } from '../../host/ports.ts';

const test = suite('http-transport');

interface RawServer {
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
async function rawServer(
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

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}';

function options(change: Partial<PostOptions> = {}): PostOptions {
  return { identity: 'a', deadlineMs: 5_000, maxBytes: 1_000, ...change };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.catch((reason: unknown) => reason);
  return error instanceof TransportError ? error.code : `no TransportError: ${error}`;
}

test('posts JSON without a word about the client, one connection per identity', async () => {
  const server = await rawServer((socket) => socket.write(OK));
  const transport = clearTransport({ origins: [server.origin] });
  try {
    const url = `${server.origin}/rpc`;
    for (const identity of ['a', 'a', 'b', 'a', 'b']) {
      assert.equal(await transport.post(url, '{"x":1}', options({ identity })), {
        status: 200,
        body: '{}',
      });
    }
    await Promise.all([1, 2, 3].map(() => transport.post(url, '', options())));
    assert.is(server.connections, 2);
    const [first = ''] = server.requests;
    assert.ok(first.startsWith('POST /rpc HTTP/1.1\r\n'));
    assert.ok(first.endsWith('{"x":1}'));
    assert.match(first, /accept-encoding: identity/i);
    assert.not.match(first, /user-agent/i);
  } finally {
    transport.close();
    server.close();
  }
});

test('reaches only the endpoints it was made for', async () => {
  const transport = clearTransport({ origins: ['http://127.0.0.1:1'] });
  for (const url of ['http://127.0.0.1:2/', 'http://localhost:1/', 'https://127.0.0.1:1/', 'x']) {
    assert.is(await codeOf(transport.post(url, '', options())), 'refused', url);
  }
  assert.is(await codeOf(transport.post('http://127.0.0.1:1/', '', options())), 'unreachable');
  transport.close();
});

const HOSTILE: [string, string | Buffer, string][] = [
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

for (const [what, bytes, code] of HOSTILE) {
  test(`refuses ${what}`, async () => {
    const server = await rawServer((socket) => socket.end(bytes));
    const transport = clearTransport({ origins: [server.origin] });
    try {
      assert.is(await codeOf(transport.post(server.origin, '{}', options())), code);
      assert.is(server.requests.length, 1, 'and does not ask again');
    } finally {
      transport.close();
      server.close();
    }
  });
}

test('ends the exchange at the deadline, also when the answer drips on', async () => {
  const server = await rawServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n');
    const drip = setInterval(() => socket.write('x'), 10);
    socket.on('close', () => clearInterval(drip));
  });
  const transport = clearTransport({ origins: [server.origin] });
  try {
    const post = transport.post(server.origin, '{}', options({ deadlineMs: 100 }));
    assert.is(await codeOf(post), 'deadline');
  } finally {
    transport.close();
    server.close();
  }
});

test('is called off by its signal, before and during the exchange', async () => {
  const server = await rawServer(() => {});
  const transport = clearTransport({ origins: [server.origin] });
  try {
    const stop = new AbortController();
    const during = transport.post(server.origin, '', options({ signal: stop.signal }));
    setImmediate(() => stop.abort());
    assert.is(await codeOf(during), 'aborted');
    const after = transport.post(server.origin, '', options({ signal: stop.signal }));
    assert.is(await codeOf(after), 'aborted');
  } finally {
    transport.close();
    server.close();
  }
});

test('sends again when an idle connection was closed under it, on a fresh one, once', async () => {
  const server = await rawServer((socket, _, connection) => {
    // The first connection answers once, and resets when it is used again.
    if (connection === 1 && server.requests.length > 1) socket.resetAndDestroy();
    else socket.write(OK);
  });
  const transport = clearTransport({ origins: [server.origin] });
  try {
    await transport.post(server.origin, '1', options());
    assert.equal(await transport.post(server.origin, '2', options()), { status: 200, body: '{}' });
    assert.is(server.connections, 2);
    assert.is(server.requests.length, 3);
  } finally {
    transport.close();
    server.close();
  }
});

test('does not send again when a fresh connection is reset', async () => {
  const server = await rawServer((socket) => socket.resetAndDestroy());
  const transport = clearTransport({ origins: [server.origin] });
  try {
    assert.is(await codeOf(transport.post(server.origin, '1', options())), 'unreachable');
    assert.is(server.requests.length, 1);
  } finally {
    transport.close();
    server.close();
  }
});

test('does not send again when the answer had begun', async () => {
  const server = await rawServer((socket) => {
    if (server.requests.length === 1) {
      socket.write(OK);
      return;
    }
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{', () =>
      setTimeout(() => socket.resetAndDestroy(), 20),
    );
  });
  const transport = clearTransport({ origins: [server.origin] });
  try {
    await transport.post(server.origin, '1', options());
    assert.is(await codeOf(transport.post(server.origin, '2', options())), 'unreachable');
    assert.is(server.requests.length, 2);
  } finally {
    transport.close();
    server.close();
  }
});

test.run();
