import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { clearTransport } from '../../host/http-transport.ts';
import { codeOf, HOSTILE, OK, options, rawServer } from './raw-server.ts';

const test = suite('http-transport');

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

test('an identity that was forgotten ends its connection and what it waits for', async () => {
  const server = await rawServer((socket) => {
    if (server.requests.length === 1) socket.write(OK);
  });
  const transport = clearTransport({ origins: [server.origin] });
  try {
    await transport.post(server.origin, '1', options());
    const waiting = transport.post(server.origin, '2', options());
    transport.forget('a');
    assert.is(await codeOf(waiting), 'aborted');
    await codeOf(transport.post(server.origin, '3', options({ deadlineMs: 50 })));
    assert.is(server.connections, 2);
  } finally {
    transport.close();
    server.close();
  }
});

test('tells why nothing goes out, until something does', async () => {
  const server = await rawServer((socket) => socket.write(OK));
  const dead = 'http://127.0.0.1:1';
  const transport = clearTransport({ origins: [server.origin, dead] });
  try {
    assert.is(transport.problem(), null, 'nothing was tried');
    await codeOf(transport.post(dead, '', options()));
    assert.match(transport.problem() ?? '', /ECONNREFUSED/);
    await transport.post(server.origin, '', options());
    assert.is(transport.problem(), null, 'one endpoint of two is gone: that is its affair');
  } finally {
    transport.close();
    server.close();
  }
});

test.run();
