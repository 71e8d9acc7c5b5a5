/**
 * A Modbus TCP server from raw frames, for emulated devices (Modbus Application Protocol 1.1b3 and
 * Modbus Messaging on TCP/IP 1.0b). It is written apart from the client library on purpose, so that
 * a fault of one is not hidden by the same fault of the other.
 *
 * Functions 1, 3, 4, 5 and 16; several clients at once, several requests on the way.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** Codes of the standard: 1 illegal function, 2 illegal address, 3 illegal value, 4 failure. */
export type ExceptionCode = 1 | 2 | 3 | 4;

/** A device refuses a request; the server answers with the exception frame. */
export class ModbusRefusal extends Error {
  readonly code: ExceptionCode;
  constructor(code: ExceptionCode, message: string) {
    super(message);
    this.name = 'ModbusRefusal';
    this.code = code;
  }
}

/**
 * One unit behind the server. What a unit lacks is answered with exception 1. Addresses are those
 * of the wire (0-based), words 16 bits. Throw `ModbusRefusal` to refuse.
 */
export interface ModbusUnit {
  readInput?(address: number, count: number): Uint16Array;
  readHolding?(address: number, count: number): Uint16Array;
  writeHolding?(address: number, words: Uint16Array): void;
  readCoils?(address: number, count: number): boolean[];
  writeCoil?(address: number, on: boolean): void;
}

/** How the line behaves: well, with malformed answers, or not at all. */
export type LineMode = 'ok' | 'rubbish' | 'silent';

const HEADER_BYTES = 7;
const MAX_PDU_BYTES = 253;
const MAX_READ_WORDS = 125;
const MAX_WRITE_WORDS = 123;
const MAX_READ_COILS = 2000;
/** What a gateway says of a unit that is not there. */
const GATEWAY_TARGET_FAILED = 11;

export class ModbusServer {
  /** Requests answered well, exceptions not counted. */
  reads = 0;
  mode: LineMode = 'ok';
  /** True: it answers for units that are not there, that they are not. */
  speaksForMissing = true;
  readonly #units: ReadonlyMap<number, ModbusUnit>;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #rubbish = 0;

  constructor(units: ReadonlyMap<number, ModbusUnit>) {
    this.#units = units;
  }

  /** @returns the port. @throws Error when the address cannot be listened on. */
  async listen(host: string, port = 0): Promise<number> {
    const server = createServer((socket) => this.#serve(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    this.#server = server;
    return (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    this.hangUp();
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  /** Cuts every connection, as a cable that is pulled; clients may connect again. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    let waiting: Buffer = Buffer.alloc(0);
    socket.on('data', (data) => {
      waiting = waiting.length === 0 ? data : Buffer.concat([waiting, data]);
      for (;;) {
        const frame = takeFrame(waiting);
        if (frame === 'more') return;
        if (frame === 'broken') {
          socket.destroy();
          return;
        }
        waiting = waiting.subarray(frame.length);
        const answer = this.#answer(frame);
        if (answer) socket.write(answer);
      }
    });
  }

  #answer(frame: Buffer): Buffer | null {
    if (this.mode === 'silent') return null;
    if (this.mode === 'rubbish') return rubbish(frame, this.#rubbish++);
    const unit = this.#units.get(frame.readUInt8(6));
    const request = frame.subarray(HEADER_BYTES);
    if (!unit) {
      return this.speaksForMissing ? wrap(frame, refusal(request, GATEWAY_TARGET_FAILED)) : null;
    }
    try {
      const answer = perform(unit, request);
      this.reads += 1;
      return wrap(frame, answer);
    } catch (cause) {
      if (!(cause instanceof ModbusRefusal)) throw cause;
      return wrap(frame, refusal(request, cause.code));
    }
  }
}

/** One whole request from the start of `bytes`. A stream that is out of step cannot be mended. */
function takeFrame(bytes: Buffer): Buffer | 'more' | 'broken' {
  if (bytes.length < HEADER_BYTES) return 'more';
  const following = bytes.readUInt16BE(4);
  if (bytes.readUInt16BE(2) !== 0 || following < 2 || following > MAX_PDU_BYTES + 1) {
    return 'broken';
  }
  const total = 6 + following;
  return bytes.length < total ? 'more' : bytes.subarray(0, total);
}

function wrap(frame: Buffer, pdu: Buffer): Buffer {
  const header = Buffer.from(frame.subarray(0, HEADER_BYTES));
  header.writeUInt16BE(pdu.length + 1, 4);
  return Buffer.concat([header, pdu]);
}

function refusal(request: Buffer, code: number): Buffer {
  return Buffer.from([(request[0] ?? 0) | 0x80, code]);
}

function perform(unit: ModbusUnit, request: Buffer): Buffer {
  const code = request.readUInt8(0);
  if (code === 1 && unit.readCoils) {
    const [address, count] = range(request, MAX_READ_COILS);
    return packBits(code, unit.readCoils(address, count));
  }
  if (code === 3 && unit.readHolding) {
    return packWords(code, unit.readHolding(...range(request, MAX_READ_WORDS)));
  }
  if (code === 4 && unit.readInput) {
    return packWords(code, unit.readInput(...range(request, MAX_READ_WORDS)));
  }
  if (code === 5 && unit.writeCoil) return writeCoil(unit.writeCoil.bind(unit), request);
  if (code === 16 && unit.writeHolding) return writeWords(unit.writeHolding.bind(unit), request);
  throw new ModbusRefusal(1, `function ${code} is not known here`);
}

/** Address and count of a read. The standard has the count checked before the address. */
function range(request: Buffer, most: number): [address: number, count: number] {
  if (request.length !== 5) throw new ModbusRefusal(3, 'a read is five bytes');
  const address = request.readUInt16BE(1);
  const count = request.readUInt16BE(3);
  if (count < 1 || count > most) throw new ModbusRefusal(3, `count ${count} is not 1 to ${most}`);
  if (address + count > 0x10000) throw new ModbusRefusal(2, 'beyond the last address');
  return [address, count];
}

function writeCoil(write: (address: number, on: boolean) => void, request: Buffer): Buffer {
  if (request.length !== 5) throw new ModbusRefusal(3, 'a coil write is five bytes');
  const value = request.readUInt16BE(3);
  if (value !== 0xff00 && value !== 0) throw new ModbusRefusal(3, 'a coil is FF00 or 0000');
  write(request.readUInt16BE(1), value === 0xff00);
  return request;
}

function writeWords(write: (address: number, words: Uint16Array) => void, request: Buffer): Buffer {
  if (request.length < 6) throw new ModbusRefusal(3, 'the write is cut short');
  const address = request.readUInt16BE(1);
  const count = request.readUInt16BE(3);
  const bytes = request.readUInt8(5);
  if (count < 1 || count > MAX_WRITE_WORDS || bytes !== count * 2 || request.length !== 6 + bytes) {
    throw new ModbusRefusal(3, 'count, byte count and length do not agree');
  }
  if (address + count > 0x10000) throw new ModbusRefusal(2, 'beyond the last address');
  const words = new Uint16Array(count);
  for (let i = 0; i < count; i += 1) words[i] = request.readUInt16BE(6 + 2 * i);
  write(address, words);
  return request.subarray(0, 5);
}

function packWords(code: number, words: Uint16Array): Buffer {
  const pdu = Buffer.alloc(2 + 2 * words.length);
  pdu[0] = code;
  pdu[1] = 2 * words.length;
  for (const [i, word] of words.entries()) pdu.writeUInt16BE(word, 2 + 2 * i);
  return pdu;
}

function packBits(code: number, bits: boolean[]): Buffer {
  const bytes = Math.ceil(bits.length / 8);
  const pdu = Buffer.alloc(2 + bytes);
  pdu[0] = code;
  pdu[1] = bytes;
  bits.forEach((bit, i) => {
    const at = 2 + (i >> 3);
    if (bit) pdu[at] = (pdu[at] ?? 0) | (1 << (i & 7));
  });
  return pdu;
}

/** Malformed answers of the kinds seen in the field, one after the other. */
function rubbish(frame: Buffer, turn: number): Buffer {
  const code = frame[HEADER_BYTES] ?? 0;
  const words = wrap(frame, packWords(code, new Uint16Array([0xdead, 0xbeef])));
  switch (turn % 5) {
    case 0: // another function than asked
      words[HEADER_BYTES] = code ^ 0x07;
      return words;
    case 1: // byte count and length do not agree
      words[HEADER_BYTES + 1] = 0xf0;
      return words;
    case 2: // another transaction
      words.writeUInt16BE((frame.readUInt16BE(0) + 0x5555) & 0xffff, 0);
      return words;
    case 3: // cut short in the middle of a word
      return wrap(frame, packWords(code, new Uint16Array([0xdead]))).subarray(0, 10);
    default: // not Modbus at all
      return Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n');
  }
}
