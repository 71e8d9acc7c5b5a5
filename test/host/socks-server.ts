/** A SOCKS 5 server for tests, good or lying, on a Unix socket; names lead to ports given here. */

import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';

export type SocksLie =
  /** Takes the connection and says nothing, as a stopped Tor. */
  | 'silent'
  /** Takes user and password, and then says nothing, as Tor without a network. */
  | 'no-circuit'
  /** Says that it is connected, and is not. */
  | 'nowhere'
  | 'garbage'
  /** Offers to do without user and password. */
  | 'no-password'
  | 'refuses'
  | 'closes'
  /** Says something before it was asked. */
  | 'speaks';

export interface SocksRequestSeen {
  user: string;
  password: string;
  /** `name:port`, as it came. */
  target: string;
}

export interface SocksServer {
  path: string;
  seen: SocksRequestSeen[];
  lie: SocksLie | null;
  /** Connections so far. */
  connections: number;
  /** Connections that are open now. */
  open(): number;
  close(): Promise<void>;
}

/** @param ports where `name:port` really is, on loopback; `*` is all others */
export async function socksServer(
  path: string,
  ports: Record<string, number>,
): Promise<SocksServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: false }, (socket) => {
    self.connections += 1;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    if (self.lie === 'closes') socket.destroy();
    else serve(socket, self, ports, sockets);
  });
  const self: SocksServer = {
    path,
    seen: [],
    lie: null,
    connections: 0,
    open: () => sockets.size,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  // Whoever was there before may have been killed.
  rmSync(path, { force: true });
  server.listen(path);
  await once(server, 'listening');
  return self;
}

const GOOD_REPLY = Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0);

function serve(
  socket: Socket,
  self: SocksServer,
  ports: Record<string, number>,
  sockets: Set<Socket>,
): void {
  let stage = 0;
  let user = '';
  let password = '';
  const onData = (bytes: Buffer): void => {
    const { lie } = self;
    stage += 1;
    if (stage === 1) {
      if (lie === 'silent') return;
      if (lie === 'garbage') return void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n');
      socket.write(Uint8Array.of(5, lie === 'no-password' ? 0 : 2));
    } else if (stage === 2) {
      const userEnd = 2 + (bytes[1] ?? 0);
      user = bytes.toString('utf8', 2, userEnd);
      password = bytes.toString('utf8', userEnd + 1);
      socket.write(Uint8Array.of(1, 0));
    } else {
      socket.off('data', onData);
      const nameEnd = 5 + (bytes[4] ?? 0);
      const target = `${bytes.toString('utf8', 5, nameEnd)}:${bytes.readUInt16BE(nameEnd)}`;
      self.seen.push({ user, password, target });
      if (lie === 'no-circuit') return;
      if (lie === 'refuses') return void socket.write(Uint8Array.of(5, 4, 0, 1, 0, 0, 0, 0, 0, 0));
      if (lie === 'nowhere') return void socket.write(GOOD_REPLY);
      if (lie === 'speaks') return void socket.write(Buffer.concat([GOOD_REPLY, GOOD_REPLY]));
      const outer = connect({ host: '127.0.0.1', port: ports[target] ?? ports['*'] ?? 1 });
      sockets.add(outer);
      outer.on('error', () => socket.destroy());
      outer.on('close', () => sockets.delete(outer));
      outer.on('connect', () => {
        socket.write(GOOD_REPLY);
        socket.pipe(outer).pipe(socket);
      });
      socket.on('close', () => outer.destroy());
    }
  };
  socket.on('data', onData);
}
