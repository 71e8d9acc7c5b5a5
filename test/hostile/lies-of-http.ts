/** Endpoints that break HTTP: too much, too little, too late. */
import { gzipSync } from 'node:zlib';
import type { Ask, Behaviour } from './ask.ts';

const MIB = 1024 * 1024;
/** A gzip of 32 MiB in 32 KiB. */
const BOMB = gzipSync(Buffer.alloc(32 * MIB, ' '));

/** Writes head and pieces to the bare connection. */
function bare(ask: Ask, head: string, ...pieces: (string | Buffer)[]): void {
  ask.socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${head}\r\n`);
  for (const piece of pieces) ask.socket.write(piece);
}

/** Goes on for as long as the other side listens, and never faster than it reads. */
function forever(ask: Ask, piece: () => string | Buffer, pauseMs: number): void {
  const { socket } = ask;
  const next = (): void => {
    if (socket.destroyed) return;
    const isRoom = socket.write(piece());
    if (!isRoom) socket.once('drain', () => setTimeout(next, pauseMs));
    else setTimeout(next, pauseMs);
  };
  next();
}

async function honestText(ask: Ask): Promise<string> {
  const answers = await ask.honest();
  return JSON.stringify(ask.isBatch ? answers : answers[0]);
}

const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

export const LIES_OF_HTTP: Record<string, Behaviour> = {
  huge: (ask) => {
    bare(ask, `content-length: ${512 * MIB}\r\n`);
    forever(ask, () => Buffer.alloc(64 * 1024, '['), 0);
  },
  'huge in chunks': (ask) => {
    bare(ask, 'transfer-encoding: chunked\r\n');
    const text = chunk(' '.repeat(64 * 1024));
    forever(ask, () => text, 0);
  },
  'chunks of one byte': (ask) => {
    bare(ask, 'transfer-encoding: chunked\r\n');
    const text = chunk('1').repeat(8 * 1024);
    forever(ask, () => text, 0);
  },
  'gzip bomb': (ask) => ask.text(BOMB, 200, { 'content-encoding': 'gzip' }),
  'bomb without a name': (ask) => ask.text(BOMB),
  endless: (ask) => {
    bare(ask, 'transfer-encoding: chunked\r\n');
    forever(ask, () => chunk(' '), 10);
  },
  drip: (ask) => {
    bare(ask, 'content-length: 1000\r\n');
    forever(ask, () => '{', 15);
  },
  'drip of headers': (ask) => {
    ask.socket.write('HTTP/1.1 200 OK\r\n');
    forever(ask, () => `x-${Math.random()}: 1\r\n`, 15);
  },
  silent: () => {},
  'hung up': (ask) => void ask.socket.destroy(),
  reset: (ask) => void ask.socket.resetAndDestroy(),
  'reset in the middle': async (ask) => {
    const text = await honestText(ask);
    bare(ask, `content-length: ${text.length}\r\n`, text.slice(0, text.length / 2));
    setTimeout(() => ask.socket.resetAndDestroy(), 5);
  },
  'less than it says': async (ask) => {
    const text = await honestText(ask);
    bare(ask, `content-length: ${text.length + 100}\r\n`, text);
    ask.socket.end();
  },
  'more than it says': async (ask) => {
    const text = await honestText(ask);
    const second = `HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}`;
    bare(ask, `content-length: ${text.length}\r\n`, text + second.repeat(3));
  },
  'giant header': (ask) => bare(ask, `x-long: ${'x'.repeat(256 * 1024)}\r\n`, '{}'),
  'continues for ever': (ask) => {
    forever(ask, () => 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(64), 5);
  },
  'no HTTP': (ask) => {
    ask.socket.end('SSH-2.0-OpenSSH_9.2p1\r\n');
  },
  redirect: (ask) => ask.text('', 307, { location: 'http://127.0.0.1:1/' }),
  'server error': (ask) => ask.text('<html>502 Bad Gateway</html>', 502),
  html: (ask) => ask.text('<!doctype html><title>Sign in</title>'),
  empty: (ask) => ask.text(''),
  'away after a while': async (ask) => {
    if (ask.turn < 7) ask.reply(await ask.honest());
    else ask.socket.resetAndDestroy();
  },
  late: async (ask) => {
    const answers = await ask.honest();
    setTimeout(() => ask.reply(answers), 60 + Math.random() * 60);
  },
};
