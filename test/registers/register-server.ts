/**
 * A Modbus TCP device with the registers of a table, in raw frames: knows functions 3 and 4, and
 * refuses every read that touches a register which the table has not (exception 2).
 */
import { createServer, type Socket } from 'node:net';
import type { RegisterImage } from './register-table.ts';

const HEADER_BYTES = 7;
const REQUEST_BYTES = 12;

export interface RegisterServer {
  port: number;
  /** What it serves from now on. */
  serve(image: RegisterImage): void;
  close(): Promise<void>;
}

export async function startRegisterServer(): Promise<RegisterServer> {
  let image: RegisterImage = { words: new Map() };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let pending = Buffer.alloc(0);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= REQUEST_BYTES) {
        socket.write(answer(image, pending.subarray(0, REQUEST_BYTES)));
        pending = pending.subarray(REQUEST_BYTES);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const at = server.address();
  if (at === null || typeof at === 'string') throw new Error('no port');
  return {
    port: at.port,
    serve(next) {
      image = next;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer({ words }: RegisterImage, request: Buffer): Buffer {
  const code = request.readUInt8(HEADER_BYTES);
  const address = request.readUInt16BE(HEADER_BYTES + 1);
  const count = request.readUInt16BE(HEADER_BYTES + 3);
  const found = Array.from({ length: count }, (_, i) => words.get(`${code} ${address + i}`));
  const known = found.filter((word) => word !== undefined);
  const refused = code !== 3 && code !== 4 ? 1 : known.length !== count ? 2 : 0;
  const body =
    refused > 0
      ? Buffer.from([code | 0x80, refused])
      : Buffer.concat([Buffer.from([code, 2 * count]), Buffer.from(known.flatMap(bytesOf))]);
  const header = Buffer.from(request.subarray(0, HEADER_BYTES));
  header.writeUInt16BE(body.length + 1, 4);
  return Buffer.concat([header, body]);
}

function bytesOf(word: number): [number, number] {
  return [word >> 8, word & 0xff];
}
