/**
 * The client's side of SOCKS 5 (RFC 1928, 1929) as Tor serves it: names go over as text and are
 * never looked up here; user and password are the only method offered, because a proxy that took
 * none could not keep identities apart. Whatever listens there may lie.
 */

import type { Socket } from 'node:net';

/** What is being waited for. `way`: Tor answers, and has no circuit to the other side yet. */
export type SocksStage = 'greeting' | 'way';

export class SocksError extends Error {
  /**
   * `no-answer`: nothing listens, or it says nothing. `denied`: this user may not open the socket.
   * `not-tor`: what it says is not what Tor says. `no-way`: Tor cannot reach the other side.
   */
  readonly code: 'no-answer' | 'denied' | 'not-tor' | 'no-way';
  constructor(code: SocksError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'SocksError';
    this.code = code;
  }
}

export interface SocksTarget {
  /** A name, or an address without brackets. */
  host: string;
  port: number;
  /** Text of 1 to 255 bytes each. */
  user: string;
  password: string;
}

/** Replies of RFC 1928, and from 0xf0 those that Tor adds with `ExtendedErrors`. */
const REPLIES: Record<number, string> = {
  1: 'general failure',
  2: 'not allowed by its settings',
  3: 'network unreachable',
  4: 'host unreachable',
  5: 'connection refused',
  6: 'timed out',
  7: 'command not supported',
  8: 'address type not supported',
  240: 'the onion service is not known',
  241: 'what it knows of the onion service is invalid',
  242: 'no introduction to the onion service',
  243: 'no rendezvous with the onion service',
  244: 'the onion service wants a key of its clients',
  245: 'the onion service refuses the key',
  246: 'that is no onion address',
  247: 'the introduction to the onion service timed out',
};

const VERSION = 5;
const USER_AND_PASSWORD = 2;
const CONNECT = 1;
const NAME = 3;
/** Bytes of an address by its type; a name says its own length. */
const ADDRESS_BYTES: Record<number, number> = { 1: 4, 4: 16 };
const HEAD_BYTES = 5;
const PORT_BYTES = 2;

/**
 * Makes a connection through the proxy at the other end of `socket`, which may still be opening.
 * @param onStage called when Tor has answered
 * @throws SocksError
 */
export async function socksConnect(
  socket: Socket,
  target: SocksTarget,
  onStage: (stage: SocksStage) => void,
): Promise<void> {
  const bytes = reader(socket);
  try {
    await greet(socket, bytes);
    const user = sized(target.user);
    const password = sized(target.password);
    socket.write(Buffer.concat([Uint8Array.of(1), user, password]));
    const [, verdict] = await bytes.take(2);
    if (verdict !== 0) throw notTor('it refuses user and password');
    onStage('way');

    const port = Buffer.alloc(PORT_BYTES);
    port.writeUInt16BE(target.port);
    const head = Uint8Array.of(VERSION, CONNECT, 0, NAME);
    socket.write(Buffer.concat([head, sized(target.host), port]));
    const [version, reply = 0, , type = 0, first = 0] = await bytes.take(HEAD_BYTES);
    if (version !== VERSION) throw notTor('its reply makes no sense');
    if (reply !== 0) throw new SocksError('no-way', REPLIES[reply] ?? `reply ${reply}`);
    const length = type === NAME ? 1 + first : ADDRESS_BYTES[type];
    if (length === undefined) throw notTor('its reply makes no sense');
    await bytes.take(length - 1 + PORT_BYTES);
    if (bytes.left() > 0) throw notTor('it speaks before it was asked');
  } finally {
    bytes.end();
  }
}

/** Asks whether Tor is there, and for nothing more. @throws SocksError */
export async function socksGreet(socket: Socket): Promise<void> {
  const bytes = reader(socket);
  try {
    await greet(socket, bytes);
  } finally {
    bytes.end();
  }
}

async function greet(socket: Socket, bytes: Reader): Promise<void> {
  socket.write(Uint8Array.of(VERSION, 1, USER_AND_PASSWORD));
  const method = await bytes.take(2);
  if (method[0] !== VERSION) throw notTor('it does not speak SOCKS 5');
  if (method[1] !== USER_AND_PASSWORD) throw notTor('it takes no user and password');
}

function notTor(message: string): SocksError {
  return new SocksError('not-tor', message);
}

function sized(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length < 1 || bytes.length > 255) {
    throw new RangeError('SOCKS takes texts of 1 to 255 bytes');
  }
  return Buffer.concat([Uint8Array.of(bytes.length), bytes]);
}

type Reader = ReturnType<typeof reader>;

/** The bytes that came, in pieces of a known size. */
function reader(socket: Socket) {
  let held = Buffer.alloc(0);
  let failure: Error | null = null;
  let wake = () => {};
  const onData = (piece: Buffer) => {
    held = Buffer.concat([held, piece]);
    wake();
  };
  const onError = (cause: NodeJS.ErrnoException) => {
    const code = cause.code === 'EACCES' || cause.code === 'EPERM' ? 'denied' : 'no-answer';
    failure = new SocksError(code, cause.code ?? cause.message, cause);
    wake();
  };
  const onClose = () => {
    failure ??= new SocksError('no-answer', 'it closed the connection');
    wake();
  };
  socket.on('data', onData);
  socket.on('error', onError);
  socket.on('end', onClose);
  socket.on('close', onClose);
  return {
    async take(count: number): Promise<Buffer> {
      while (held.length < count) {
        if (failure !== null) throw failure;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const taken = held.subarray(0, count);
      held = held.subarray(count);
      return taken;
    },
    left: () => held.length,
    end(): void {
      socket.off('data', onData);
      socket.off('error', onError);
      socket.off('end', onClose);
      socket.off('close', onClose);
    },
  };
}
