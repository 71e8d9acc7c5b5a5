/** The control port's lines, by a server that says what Tor said. */
import { writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Control, ControlError, circuitOf, streamOf } from '../../../testbed/tor/control.ts';
import { temporaryFolder } from '../../host/temporary-folder.ts';

const test = suite('tor control');

const ONION = 'hu7w7ofr6fwjsrzhrmjluzd22pjhqoxypkl3irejteglavpnh6rvzdid';
const CIRCUIT =
  `7 BUILT $BB9A67AF01F43F36B4993F3215C3AE2DA8F4E62B~auth2,` +
  `$F857ADC766DB18A9DA8E3A942139848E8DF1D0A3~auth1 BUILD_FLAGS=IS_INTERNAL ` +
  `PURPOSE=HS_CLIENT_REND HS_STATE=HSCR_JOINED REND_QUERY=${ONION} ` +
  `TIME_CREATED=2026-11-30T21:27:46 SOCKS_USERNAME="alice" SOCKS_PASSWORD="p"`;
const STREAM = `13 SUCCEEDED 7 ${ONION}.onion:80 SOCKS_USERNAME="al \\"ice" SOCKS_PASSWORD="p"`;

/** A control port that answers each command by the table. */
async function withControl(
  answers: Record<string, string>,
  work: (control: Control, socket: Socket) => Promise<void>,
): Promise<void> {
  const folder = temporaryFolder();
  writeFileSync(join(folder.path, 'control.authcookie'), 'secret');
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\r\n').filter((one) => one !== '')) {
        socket.write(answers[line] ?? '250 OK\r\n');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(join(folder.path, 'control'), resolve));
  const control = await Control.open(folder.path);
  try {
    const [socket] = sockets;
    if (socket === undefined) throw new Error('nobody connected');
    await work(control, socket);
  } finally {
    control.close();
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    folder.dispose();
  }
}

test('a circuit has its relays, its purpose and the identity that it is for', () => {
  assert.equal(circuitOf(CIRCUIT), {
    ...{ id: '7', status: 'BUILT', path: ['auth2', 'auth1'] },
    ...{ purpose: 'HS_CLIENT_REND', user: 'alice' },
  });
});

test('a circuit that is being built has no relays yet', () => {
  const circuit = circuitOf('9 LAUNCHED BUILD_FLAGS=NEED_CAPACITY PURPOSE=GENERAL');
  assert.equal(circuit.path, []);
  assert.is(circuit.user, null);
});

test('a stream has its circuit, its target and its identity, whatever that is called', () => {
  const { circuit, target, user } = streamOf(STREAM);
  assert.equal([circuit, target, user], ['7', `${ONION}.onion:80`, 'al \\"ice']);
});

test('lists come on one line, on several, or not at all', async () => {
  const circuits = `250+circuit-status=\r\n${CIRCUIT}\r\n${CIRCUIT}\r\n.\r\n250 OK\r\n`;
  const answers = {
    'GETINFO circuit-status': circuits,
    'GETINFO stream-status': `250-stream-status=${STREAM}\r\n250 OK\r\n`,
    'GETINFO traffic/read': '250-traffic/read=72302\r\n250 OK\r\n',
    'GETINFO traffic/written': '250-traffic/written=1\r\n250 OK\r\n',
    'GETINFO orconn-status': '250-orconn-status=\r\n250 OK\r\n',
  };
  await withControl(answers, async (control) => {
    assert.is((await control.circuits()).length, 2);
    assert.is((await control.streams()).length, 1);
    assert.equal(await control.traffic(), { readBytes: 72_302, writtenBytes: 1 });
    assert.equal(await control.info('orconn-status'), []);
  });
});

test('an event between command and answer is an event', async () => {
  const answers = { 'GETINFO version': '650 STREAM 1 NEW 0 a:80\r\n250-version=0\r\n250 OK\r\n' };
  await withControl(answers, async (control) => {
    const events: string[] = [];
    control.onEvent = (event) => events.push(event);
    assert.equal(await control.info('version'), ['0']);
    assert.equal(events, ['STREAM 1 NEW 0 a:80']);
  });
});

test('a refused command fails with the words of Tor, and the next one works', async () => {
  const answers = { NONSENSE: '510 Unrecognized command "NONSENSE"\r\n' };
  await withControl(answers, async (control) => {
    const refused = await control.command('NONSENSE').catch((error) => error);
    assert.instance(refused, ControlError);
    assert.match(refused.message, 'Unrecognized');
    assert.equal(await control.command('SETEVENTS'), ['OK']);
  });
});

test('when Tor ends, what waits for it fails', async () => {
  await withControl({ PING: '' }, async (control, socket) => {
    const waiting = control.command('PING').catch((error) => error);
    socket.destroy();
    assert.match((await waiting).message, 'tor has ended');
    await control.closed;
    assert.match((await control.command('PING').catch((error) => error)).message, 'has ended');
  });
});

test.run();
