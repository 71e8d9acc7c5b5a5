import dns from 'node:dns';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT } from '../../build/project-root.ts';
import { clearTransport } from '../../host/http-transport.ts';
import type { Transport } from '../../host/ports.ts';
import { torTransport } from '../../host/tor-transport.ts';
import { codeOf, HOSTILE, OK, options, type RawServer, rawServer } from './raw-server.ts';
import { type SocksLie, type SocksServer, socksServer } from './socks-server.ts';
import { temporaryFolder } from './temporary-folder.ts';

const test = suite('tor-transport');

const ONION = `${'a'.repeat(56)}.onion`;
const CHAIN = `http://${ONION}`;
const OTHER = `http://${'b'.repeat(56)}.onion:8545`;

interface World {
  socks: SocksServer;
  server: RawServer;
  transport: Transport;
}

/** A server that is known as two onion services, and a transport that reaches it. */
async function inWorld(
  answer: Parameters<typeof rawServer>[0],
  work: (world: World) => Promise<void>,
): Promise<void> {
  const folder = temporaryFolder();
  const server = await rawServer(answer);
  const port = Number(new URL(server.origin).port);
  const socks = await socksServer(join(folder.path, 'socks'), {
    [`${ONION}:80`]: port,
    [`${new URL(OTHER).hostname}:8545`]: port,
  });
  const transport = torTransport({ socks: socks.path, origins: [CHAIN, OTHER] });
  try {
    await work({ socks, server, transport });
  } finally {
    transport.close();
    await socks.close();
    server.close();
    folder.dispose();
  }
}

const good = inWorld.bind(null, (socket) => socket.write(OK));

/** Sockets end a turn or two after they are told to. */
async function isSoon(condition: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < 200 && !condition(); turn += 1) await wait(5);
  assert.ok(condition(), what);
}

test('each identity has credentials and connections of its own, one for each origin', () =>
  good(async ({ socks, server, transport }) => {
    for (const [url, identity] of [
      [CHAIN, 'reader'],
      [CHAIN, 'reader'],
      [OTHER, 'reader'],
      [CHAIN, '0xAddress'],
      [CHAIN, 'reader'],
    ] as const) {
      await transport.post(url, '{"x":1}', options({ identity }));
    }
    await Promise.all([1, 2, 3].map(() => transport.post(CHAIN, '', options())));
    assert.is(server.connections, 4);
    const [first, second, third, fourth] = socks.seen;
    assert.is(socks.seen.length, 4);
    assert.is(first?.target, `${ONION}:80`);
    assert.is(second?.target, `${new URL(OTHER).host}`);
    assert.is(second?.user, first?.user);
    assert.is(new Set([first, third, fourth].map((seen) => seen?.user)).size, 3);
    assert.is(new Set([first, third, fourth].map((seen) => seen?.password)).size, 3);
    assert.match(`${third?.user} ${third?.password}`, /^[0-9a-f]{32} [0-9a-f]{32}$/);
    const heads = server.requests.map((request) => request.split('\r\n\r\n')[0]);
    assert.is(heads[0], heads[3], 'the same headers, whoever asks');
    assert.not.match(server.requests.join(), /reader|0xAddress|user-agent/i);
  }));

test('an identity that was forgotten is another one afterwards', () =>
  good(async ({ socks, transport }) => {
    await transport.post(CHAIN, '', options());
    transport.forget('a');
    await isSoon(() => socks.open() === 0, 'its connection is ended');
    await transport.post(CHAIN, '', options());
    const [before, after] = socks.seen;
    assert.is.not(before?.user, after?.user);
    assert.is.not(before?.password, after?.password);
  }));

test('a circuit on which nothing came in time is left; one that was called off is kept', () => {
  const world = { isSilent: true };
  const answer = (socket: { write(text: string): unknown }) => {
    if (!world.isSilent) socket.write(OK);
  };
  return inWorld(answer, async ({ socks, transport }) => {
    const calling = new AbortController();
    const called = transport.post(CHAIN, '', options({ signal: calling.signal }));
    await isSoon(() => socks.seen.length === 1, 'it is under way');
    calling.abort();
    assert.is(await codeOf(called), 'aborted');
    assert.is(await codeOf(transport.post(CHAIN, '', options({ deadlineMs: 150 }))), 'deadline');
    world.isSilent = false;
    await transport.post(CHAIN, '', options());
    const [first, second, third] = socks.seen;
    assert.is(second?.user, first?.user);
    assert.is.not(third?.user, first?.user);
    assert.is.not(third?.password, first?.password);
  });
});

test('no more than 256 identities are open; the one unused for longest makes room', () =>
  good(async ({ socks, transport }) => {
    for (let at = 0; at < 300; at += 1) {
      await transport.post(CHAIN, '', options({ identity: `writer ${at}` }));
    }
    // Two sockets for each: to the proxy, and on from it.
    await isSoon(() => socks.open() <= 2 * 256, `${socks.open()} sockets`);
    await transport.post(CHAIN, '', options({ identity: 'writer 299' }));
    assert.is(socks.seen.length, 300);
  }));

test('no name is ever looked up here', () =>
  good(async ({ transport }) => {
    const real = { lookup: dns.lookup, promises: dns.promises.lookup };
    let count = 0;
    const counted = () => {
      count += 1;
      throw new Error('looked up');
    };
    Object.assign(dns, { lookup: counted });
    Object.assign(dns.promises, { lookup: counted });
    const named = torTransport({ socks: '127.0.0.1:1', origins: ['https://chain.example'] });
    try {
      await transport.post(CHAIN, '', options());
      assert.is(await codeOf(named.post('https://chain.example/', '', options())), 'unreachable');
      // The count is not blind: without Tor a name is looked up.
      const clear = clearTransport({ origins: ['http://chain.example'] });
      await codeOf(clear.post('http://chain.example', '', options()));
      clear.close();
    } finally {
      named.close();
      Object.assign(dns, { lookup: real.lookup });
      Object.assign(dns.promises, { lookup: real.promises });
    }
    assert.is(count, 1, 'by the clear one alone');
  }));

test('what Tor must not carry is refused, and what is no endpoint', async () => {
  const origins = ['http://chain.example', 'http://127.0.0.1:8545', CHAIN];
  const transport = torTransport({ socks: '/nowhere', origins });
  for (const url of ['http://chain.example/', 'http://127.0.0.1:8545', 'x', OTHER]) {
    assert.is(await codeOf(transport.post(url, '', options())), 'refused', url);
  }
  assert.is(await codeOf(transport.post(CHAIN, '', options())), 'unreachable');
  assert.throws(() => torTransport({ socks: 'localhost:9050', origins: [] }), /no place/);
});

for (const [what, bytes, code] of HOSTILE) {
  test(`refuses ${what}`, () =>
    inWorld(
      (socket) => socket.end(bytes),
      async ({ server, socks, transport }) => {
        assert.is(await codeOf(transport.post(CHAIN, '{}', options())), code);
        assert.is(server.requests.length, 1, 'and does not ask again');
        await isSoon(() => socks.open() === 0, 'and ends the connection');
      },
    ));
}

const LIES: [SocksLie, string, RegExp][] = [
  ['silent', 'deadline', /Tor does not answer at .*is tor running/],
  ['no-circuit', 'deadline', /found no way .* in time/],
  ['nowhere', 'deadline', /did not answer within/],
  ['garbage', 'protocol', /is not Tor: it does not speak SOCKS 5; check \[tor\] socks/],
  ['no-password', 'protocol', /is not Tor: it takes no user and password/],
  ['refuses', 'unreachable', /Tor cannot reach .*host unreachable/],
  ['closes', 'unreachable', /Tor does not answer/],
  ['speaks', 'protocol', /is not Tor: it speaks before/],
];

for (const [lie, code, sentence] of LIES) {
  test(`with a proxy that is "${lie}" the deadline holds, nothing is left, and it recovers`, () =>
    good(async ({ socks, server, transport }) => {
      socks.lie = lie;
      const started = performance.now();
      const post = transport.post(CHAIN, '{}', options({ deadlineMs: 150 }));
      assert.is(await codeOf(post), code);
      assert.ok(performance.now() - started < 2_000);
      assert.match(transport.problem() ?? 'none', sentence);
      assert.is(server.requests.length, 0);
      await isSoon(() => socks.open() === 0, 'the socket is ended');
      socks.lie = null;
      await transport.post(CHAIN, '{}', options());
      assert.is(transport.problem(), null);
    }));
}

test('a request that waits its turn has its own deadline, and its connection goes on', () =>
  inWorld(
    (socket) => setTimeout(() => socket.write(OK), 200),
    async ({ server, transport }) => {
      const first = transport.post(CHAIN, '1', options());
      const second = transport.post(CHAIN, '2', options({ deadlineMs: 50 }));
      const third = transport.post(CHAIN, '3', options());
      assert.is(await codeOf(second), 'deadline');
      await Promise.all([first, third]);
      assert.is(server.connections, 1);
      assert.is(server.requests.length, 2);
    },
  ));

test('no socket there, or nobody who listens, is said as it is', async () => {
  for (const socks of ['/nowhere/socks', '127.0.0.1:1', '[::1]:1']) {
    const transport = torTransport({ socks, origins: [CHAIN] });
    assert.is(await codeOf(transport.post(CHAIN, '', options())), 'unreachable');
    assert.match(
      transport.problem() ?? '',
      /is tor running\? \((ENOENT|ECONNREFUSED|EADDRNOTAVAIL)/,
    );
    transport.close();
  }
});

const TLS = join(ROOT, 'test/fixtures/tls');

test('TLS servers must show a certificate of a known authority, for their name', async () => {
  const folder = temporaryFolder();
  const pem = (name: string) => readFileSync(join(TLS, name), 'utf8');
  const server = https.createServer(
    { key: pem('chain-example.key'), cert: pem('chain-example.pem') },
    (_, response) => response.end('{}'),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const socks = await socksServer(join(folder.path, 'socks'), {
    'chain.example:443': port,
    'other.example:443': port,
  });
  const origins = ['https://chain.example', 'https://other.example'];
  const trusting = torTransport({ socks: socks.path, origins, ca: pem('authority.pem') });
  const plain = torTransport({ socks: socks.path, origins });
  const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  try {
    const answer = await trusting.post('https://chain.example/rpc', '{}', options());
    assert.equal(answer, { status: 200, body: '{}' });
    await trusting.post('https://chain.example/rpc', '{}', options());
    assert.is(socks.seen.length, 1, 'kept alive');
    assert.is(await codeOf(trusting.post('https://other.example/', '', options())), 'unreachable');
    assert.is(await codeOf(plain.post('https://chain.example/', '', options())), 'unreachable');
    assert.match(plain.problem() ?? '', /no certificate that is good/);
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    plain.forget('a');
    assert.is(await codeOf(plain.post('https://chain.example/', '', options())), 'unreachable');
  } finally {
    if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    trusting.close();
    plain.close();
    await socks.close();
    server.close();
    server.closeAllConnections();
    folder.dispose();
  }
});

test.run();
