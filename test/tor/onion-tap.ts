/**
 * What whoever owns the RPC endpoint sees of those who come through its onion service: circuits,
 * connections, and what is asked on each. It hands all on to anvil.
 */
import http from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import { Transaction } from 'ethers';
import { forward, textOf } from '../host/forwarded.ts';

export interface SeenConnection {
  /** The circuit that it came on, by the name of the tap and Tor's own number. */
  circuit: string;
  atMs: number;
  /** JSON-RPC methods in the order in which they were asked. */
  methods: string[];
  /** Senders of the transactions, lower case. */
  senders: string[];
}

export class OnionTap {
  readonly connections: SeenConnection[] = [];
  readonly port: number;
  /** Which tor numbers the circuits: one that is started anew begins anew. */
  epoch: () => string = () => '';
  readonly #door: net.Server;
  readonly #server: http.Server;
  readonly #upstream = new http.Agent({ keepAlive: true });

  private constructor(door: net.Server, server: http.Server) {
    this.#door = door;
    this.#server = server;
    this.port = (door.address() as AddressInfo).port;
  }

  static async before(chainUrl: string, name: string): Promise<OnionTap> {
    const seen = new WeakMap<Socket, SeenConnection>();
    const server = http.createServer(async (request, response) => {
      const body = await textOf(request);
      const connection = seen.get(request.socket);
      if (connection !== undefined) note(connection, body);
      const answer = await forward(chainUrl, tap.#upstream, body);
      if (answer === null) response.destroy();
      else response.writeHead(200, { 'content-type': 'application/json' }).end(answer);
    });
    server.keepAliveTimeout = 120_000;
    const door = net.createServer((socket) => {
      socket.on('error', () => socket.destroy());
      introduced(socket, (number) => {
        const circuit = `${name} ${tap.epoch()} ${number}`;
        const connection = { circuit, atMs: performance.now(), methods: [], senders: [] };
        tap.connections.push(connection);
        seen.set(socket, connection);
        server.emit('connection', socket);
      });
    });
    await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
    const tap: OnionTap = new OnionTap(door, server);
    return tap;
  }

  /** Connections on which transactions were sent. */
  writers(): SeenConnection[] {
    return this.connections.filter(({ senders }) => senders.length > 0);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#upstream.destroy();
    await new Promise<void>((resolve) => this.#door.close(() => resolve()));
  }
}

/** Reads `PROXY TCP6 fc00:dead:beef:4dad::X:Y ::1 PORT 80`; X:Y is the circuit. */
function introduced(socket: Socket, then: (circuit: string) => void): void {
  let held = Buffer.alloc(0);
  const take = (piece: Buffer): void => {
    held = Buffer.concat([held, piece]);
    const end = held.indexOf('\r\n');
    if (end < 0) return;
    socket.off('data', take);
    socket.pause();
    const [, , source = ''] = held.subarray(0, end).toString('latin1').split(' ');
    if (end + 2 < held.length) socket.unshift(held.subarray(end + 2));
    then(source);
    socket.resume();
  };
  socket.on('data', take);
}

type Call = { method?: string; params?: string[] };

function note(connection: SeenConnection, body: string): void {
  const parsed = JSON.parse(body) as Call | Call[];
  for (const { method = '', params } of Array.isArray(parsed) ? parsed : [parsed]) {
    connection.methods.push(method);
    if (method !== 'eth_sendRawTransaction') continue;
    connection.senders.push(Transaction.from(params?.[0]).from?.toLowerCase() ?? '');
  }
}
