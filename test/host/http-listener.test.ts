import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeHttpListener } from '../../host/http-listener.ts';
import { type HttpRequest, TransportError } from '../../host/ports.ts';
import { requestUnix } from '../../host/post-unix.ts';
import { temporaryFolder } from './temporary-folder.ts';

const test = suite('http-listener');

interface Reply {
  status: number;
  type: string;
  body: string;
}

function ask(port: number, path: string, body?: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const outgoing = request({ host: '127.0.0.1', port, path, method, agent: false }, (answer) => {
      let text = '';
      answer.on('data', (piece) => {
        text += piece;
      });
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          type: answer.headers['content-type'] ?? '',
          body: text,
        }),
      );
      answer.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

test('hands the request over and sends the answer back', async () => {
  const seen: HttpRequest[] = [];
  const server = await nodeHttpListener().listen({ host: '127.0.0.1', port: 0 }, async (each) => {
    seen.push(each);
    return { status: 201, body: '{"done":true}' };
  });
  try {
    const port = server.port ?? 0;
    assert.ok(port > 0);
    const reply = await ask(port, '/a/b?x=1&y=%20z', '{"söme":"bödy"}');
    assert.equal(reply, { status: 201, type: 'application/json', body: '{"done":true}' });
    const [first] = seen;
    assert.is(first?.method, 'POST');
    assert.is(first?.path, '/a/b');
    assert.is(first?.query.get('y'), ' z');
    assert.is(first?.body, '{"söme":"bödy"}');
  } finally {
    await server.close();
  }
});

test('refuses a body over 1 MiB; a handler that throws is 500 without details', async () => {
  const logged: string[] = [];
  const log = { info: () => {}, warn: () => {}, error: (message: string) => logged.push(message) };
  let calls = 0;
  const server = await nodeHttpListener(log).listen({ host: '127.0.0.1', port: 0 }, async () => {
    calls += 1;
    throw new Error('a secret of the house');
  });
  try {
    const port = server.port ?? 0;
    const tooLong = await ask(port, '/', 'x'.repeat(1024 * 1024 + 1)).catch(() => null);
    assert.ok(tooLong === null || tooLong.status === 413);
    assert.is(calls, 0);
    assert.is((await ask(port, '/', 'x'.repeat(1024 * 1024))).status, 500);
    const reply = await ask(port, '/', '');
    assert.is(reply.status, 500);
    assert.not.match(reply.body, 'secret');
    assert.is(logged.length, 2);
  } finally {
    await server.close();
  }
});

test('one connection is one object; what strangers may send has limits', async () => {
  const seen = new Set<object | undefined>();
  const server = await nodeHttpListener().listen(
    { host: '127.0.0.1', port: 0 },
    async ({ connection }) => {
      seen.add(connection);
      return { status: 200, body: '{}' };
    },
    { maxBodyBytes: 10, maxConnections: 3, headMs: 300, requestMs: 600 },
  );
  const port = server.port ?? 0;
  const open = async (text: string) => {
    const socket = connect(port, '127.0.0.1');
    let said = '';
    socket.on('data', (piece) => {
      said += piece;
    });
    socket.on('error', () => {});
    const closed = once(socket, 'close');
    await once(socket, 'connect');
    socket.write(text);
    return { socket, closed, said: () => said };
  };
  try {
    const one = await open('GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n');
    while (one.said().split('HTTP/1.1 200').length < 3) await new Promise(setImmediate);
    assert.is(seen.size, 1);
    one.socket.destroy();
    await one.closed;
    assert.is((await ask(port, '/', 'x'.repeat(11))).status, 413);
    // A head, and a body, that come a byte at a time and never end.
    const slow = [
      await open('GET / HTTP/1.1\r\nhost: '),
      await open('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n1'),
      await open(''),
    ];
    const beyond = connect(port, '127.0.0.1').on('error', () => {});
    await once(beyond, 'close');
    for (const { closed } of slow) await closed;
    assert.is((await ask(port, '/', 'x')).status, 200);
  } finally {
    await server.close();
  }
});

test('streams text as it comes, and tells the handler when the client goes away', async () => {
  let isGone = false;
  const server = await nodeHttpListener().listen({ host: '127.0.0.1', port: 0 }, async (each) => ({
    status: 200,
    contentType: 'text/event-stream',
    body: (async function* () {
      const gone = once(each.signal, 'abort').then(() => {
        isGone = true;
      });
      yield 'data: 1\n\n';
      await gone;
    })(),
  }));
  try {
    const outgoing = request({ host: '127.0.0.1', port: server.port ?? 0, agent: false }).end();
    const [answer] = await once(outgoing, 'response');
    const [piece] = await once(answer, 'data');
    assert.is(String(piece), 'data: 1\n\n');
    answer.on('error', () => {});
    outgoing.destroy();
    while (!isGone) await new Promise((done) => setTimeout(done, 5));
  } finally {
    await server.close();
  }
});

test('listens on a Unix socket of the given mode, takes over one left behind', async () => {
  const folder = temporaryFolder();
  const path = join(folder.path, 'agent.sock');
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)},
    () => process.kill(process.pid, 'SIGKILL'))`;
  await once(spawn(process.execPath, ['-e', script]), 'exit');
  assert.ok(existsSync(path), 'a stale socket is there');
  const at = { path, mode: 0o660 };
  const handle = async (each: HttpRequest) => ({ status: 200, body: each.path });
  const server = await nodeHttpListener().listen(at, handle);
  try {
    assert.is(server.port, null);
    assert.is(statSync(path).mode & 0o777, 0o660);
    assert.equal(await requestUnix(path, 'GET', '/status', 2_000), {
      status: 200,
      body: '/status',
    });
    const second = await nodeHttpListener()
      .listen(at, handle)
      .catch((error: unknown) => String(error));
    assert.match(String(second), 'in use by another process');
  } finally {
    await server.close();
    folder.dispose();
  }
});

test('a socket that nobody listens at, or that is silent, is a typed error', async () => {
  const folder = temporaryFolder();
  const path = join(folder.path, 'x.sock');
  const codeOf = async (deadlineMs: number): Promise<unknown> => {
    const asked = requestUnix(path, 'GET', '/', deadlineMs);
    const error = await asked.catch((reason: unknown) => reason);
    return error instanceof TransportError ? error.code : error;
  };
  assert.is(await codeOf(20_000), 'unreachable');
  const server = await nodeHttpListener().listen(
    { path, mode: 0o600 },
    () => new Promise(() => {}),
  );
  try {
    assert.is(await codeOf(100), 'deadline');
  } finally {
    await server.close();
    folder.dispose();
  }
});

test.run();
