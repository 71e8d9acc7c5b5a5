/** A listener at a broker: what it hears, and brokers that lie, end, are silent or are none. */
import { createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { houseMqtt } from '../../host/mqtt.ts';
import { connectPacket, MqttError, readPackets, subscribePacket } from '../../host/mqtt-packets.ts';

const test = suite('mqtt');
const CONNACK = [0x20, 2, 0, 0];
const SUBACK = [0x90, 3, 0, 1, 0];
const TIMES = { firstPauseMs: 20, silentMs: 400 };

function publish(topic: string, payload: string): Buffer {
  const body = [topic.length >> 8, topic.length & 0xff, ...Buffer.from(topic + payload)];
  const length = body.length < 128 ? [body.length] : [(body.length % 128) | 0x80, body.length >> 7];
  return Buffer.from([0x30, ...length, ...body]);
}

/** A broker of raw bytes: `script` is given each connection. */
async function withBroker(
  script: (socket: Socket, connection: number) => void,
  work: (scene: {
    heard: string[];
    problems: (string | null)[];
    until(is: () => boolean): Promise<void>;
  }) => Promise<void>,
): Promise<void> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    connections += 1;
    script(socket, connections);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const ending = new AbortController();
  const heard: string[] = [];
  const problems: (string | null)[] = [];
  let wake = (): void => {};
  const topic = { at: { host: '127.0.0.1', port }, topic: 'home/weather', maxBytes: 10_000 };
  houseMqtt(TIMES).listen(
    topic,
    (text) => {
      heard.push(text);
      wake();
    },
    (problem) => {
      problems.push(problem);
      wake();
    },
    ending.signal,
  );
  const until = async (is: () => boolean): Promise<void> => {
    while (!is()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  try {
    await work({ heard, problems, until });
  } finally {
    ending.abort();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Answers CONNECT and SUBSCRIBE as a broker does, then publishes. */
function broker(socket: Socket, ...messages: Buffer[]): void {
  socket.on('data', (piece: Buffer) => {
    if (piece[0] === 0x10) socket.write(Buffer.from(CONNACK));
    if (piece[0] === 0x82) socket.write(Buffer.concat([Buffer.from(SUBACK), ...messages]));
    if (piece[0] === 0xc0) socket.write(Buffer.from([0xd0, 0]));
  });
}

test('it says no more than that it listens to one topic, and hears that topic alone', () =>
  withBroker(
    (socket) => {
      broker(socket, publish('other', 'no'), publish('home/weather', 'ä'.repeat(200)));
    },
    async ({ heard, problems, until }) => {
      await until(() => heard.length === 1);
      assert.is(heard[0], 'ä'.repeat(200));
      assert.ok(problems.every((problem) => problem === null));
    },
  ));

test('a broker that ends the connection is asked again', () =>
  withBroker(
    (socket, connection) => {
      broker(socket, publish('home/weather', `${connection}`));
      socket.on('data', (piece: Buffer) => {
        if (piece[0] === 0x82) socket.end();
      });
    },
    async ({ heard, problems, until }) => {
      await until(() => heard.length >= 3);
      assert.equal(heard.slice(0, 3), ['1', '2', '3']);
      assert.ok(problems.some((problem) => problem?.includes('ended the connection')));
    },
  ));

const HOSTILE: [string, number[] | Buffer, RegExp][] = [
  ['refuses', [0x20, 2, 0, 5], /refuses to be listened to \(5\)/],
  ['refuses the topic', [...CONNACK, 0x90, 3, 0, 1, 0x80], /refuses the topic/],
  ['is a web server', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), /not understood/],
  ['has no end of length', [0x30, 0xff, 0xff, 0xff, 0xff, 1], /not understood/],
  ['sends too much', [0x30, 0xff, 0xff, 0x7f], /too long/],
  ['sends with another quality', [...CONNACK, 0x32, 4, 0, 1, 65, 1], /quality/],
  ['is silent', [], /does not answer/],
];

for (const [name, bytes, told] of HOSTILE) {
  test(`a broker that ${name} is told of, and harms nothing`, () =>
    withBroker(
      (socket) => {
        socket.write(Buffer.from(bytes));
      },
      async ({ heard, problems, until }) => {
        await until(() => problems.length > 0);
        assert.match(problems[0] ?? '', told);
        assert.equal(heard, []);
      },
    ));
}

test('packets are read whole, however they are cut', () => {
  const all = Buffer.concat([
    Buffer.from(CONNACK),
    Buffer.from(SUBACK),
    publish('home/weather', 'x'.repeat(300)),
    Buffer.from([0xd0, 0]),
  ]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 })), (cuts) => {
      const kinds: string[] = [];
      let rest: Uint8Array = new Uint8Array(0);
      let at = 0;
      for (const length of [...cuts, all.length]) {
        const piece = all.subarray(at, at + length);
        at += length;
        const read = readPackets(Buffer.concat([rest, piece]), 1_000);
        rest = read.rest;
        kinds.push(...read.packets.map(({ kind }) => kind));
      }
      assert.equal(kinds, ['connack', 'suback', 'publish', 'pingresp']);
      assert.is(rest.length, 0);
    }),
  );
});

test('any bytes are packets or an MqttError, and no more is kept than may come', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      try {
        readPackets(bytes, 100);
      } catch (error) {
        assert.ok(error instanceof MqttError);
      }
    }),
    { numRuns: 5_000 },
  );
});

test('what is sent is what the standard says', () => {
  assert.equal([...connectPacket(60)], [0x10, 12, 0, 4, ...Buffer.from('MQTT'), 4, 2, 0, 60, 0, 0]);
  assert.equal([...subscribePacket('a/b')], [0x82, 8, 0, 1, 0, 3, ...Buffer.from('a/b'), 0]);
  assert.is(subscribePacket('t'.repeat(200))[1], 205 - 128 + 128);
});

test.run();
