/**
 * Whether what came in is the answer to what was asked: pure, for RTU and for TCP.
 *
 * A request is the RTU frame that modbus-serial makes, checksum included. It fixes unit, function,
 * length and (for writes) content of its answer; anything else is never handed to the library,
 * which believes a wrong byte count and takes late answers for the next ones.
 */
import { crc16 } from './crc16.ts';

/** What is known of a request's answer. */
export interface Question {
  /** The request, as an RTU frame. */
  request: Buffer;
  unit: number;
  code: number;
  /** Bytes of the RTU answer, checksum included. */
  answerBytes: number;
}

export type Verdict =
  /** Not all there yet; or noise, and the answer may still come. */
  | { kind: 'more' }
  /** The answer (or a refusal) as an RTU frame, at `start` to `end` of what came in. */
  | { kind: 'answer'; frame: Buffer; start: number; end: number }
  /** The answer with a wrong checksum: nothing good will come, once the line is quiet. */
  | { kind: 'corrupt' }
  /** The stream can no longer be trusted. */
  | { kind: 'fault'; reason: string };

const MORE: Verdict = { kind: 'more' };
const CORRUPT: Verdict = { kind: 'corrupt' };

const CRC_BYTES = 2;
/** Unit, function, exception code, checksum; also the shortest frame of all. */
const REFUSAL_BYTES = 5;
/** Answers to function 5, 6, 15 and 16: unit, function, two words, checksum. */
const ECHO_BYTES = 8;
const REFUSAL_BIT = 0x80;
/** Of Modbus TCP: transaction, protocol, length; before the unit. */
export const HEADER_BYTES = 6;

/** @param request an RTU frame of function 1 to 6, 15 or 16, checksum included. */
export function questionOf(request: Buffer): Question {
  const code = request.readUInt8(1);
  const question = { request, unit: request.readUInt8(0), code };
  return { ...question, answerBytes: code <= 4 ? 5 + dataBytes(request) : ECHO_BYTES };
}

/** Bytes of data that a read asks for. */
function dataBytes(request: Buffer): number {
  const count = request.readUInt16BE(4);
  return request.readUInt8(1) <= 2 ? (count + 7) >> 3 : 2 * count;
}

/**
 * Of a line without transaction numbers (RTU, also over TCP). The frame is looked for everywhere:
 * before it may stand noise, or an older answer of another length.
 * @param echoes the adapter is known to repeat what it sends; null: not known yet.
 */
export function judgeRtu(question: Question, received: Buffer, echoes: boolean | null): Verdict {
  const start = echoEnd(question, received, echoes);
  if (start === null) return MORE;
  const last = received.length - REFUSAL_BYTES;
  for (let at = start; at <= last; at++) {
    if (received[at] !== question.unit) continue;
    const bytes = frameBytes(question, received, at);
    if (bytes === null || at + bytes > received.length) continue;
    const end = at + bytes;
    if (!hasGoodCrc(received, at, end)) continue;
    return { kind: 'answer', frame: received.subarray(at, end), start: at, end };
  }
  // Neither of the two can grow into the answer: it began at the start, and is as long as it gets.
  if (received.length - start < REFUSAL_BYTES || received[start] !== question.unit) return MORE;
  const bytes = frameBytes(question, received, start);
  return bytes !== null && received.length - start >= bytes ? CORRUPT : MORE;
}

/** Where the adapter's echo of the request ends; null while it is still coming in. */
function echoEnd(question: Question, received: Buffer, echoes: boolean | null): number | null {
  const { request } = question;
  if (echoes === false) return 0;
  if (received.length < request.length) {
    return echoes === true && request.subarray(0, received.length).equals(received) ? null : 0;
  }
  if (!isEcho(question, received)) return 0;
  // The echo of a single write looks exactly like its answer.
  return echoes === true || !isOwnAnswer(question) ? request.length : 0;
}

/** Whether what came in begins with the request itself. */
export function isEcho({ request }: Question, received: Buffer): boolean {
  return received.length >= request.length && request.compare(received, 0, request.length) === 0;
}

/** Functions whose good answer repeats the whole request. */
export function isOwnAnswer({ code }: Question): boolean {
  return code === 5 || code === 6;
}

/** Length of the frame that begins at `at`, when it can be the answer or a refusal; else null. */
function frameBytes(question: Question, bytes: Buffer, at: number): number | null {
  const code = bytes[at + 1];
  if (code === (question.code | REFUSAL_BIT)) return REFUSAL_BYTES;
  return code === question.code && fits(question, bytes, at) ? question.answerBytes : null;
}

/** Whether byte count (of a read) or repeated words (of a write) are those asked for. */
function fits({ request, code, answerBytes }: Question, bytes: Buffer, at: number): boolean {
  if (code <= 4) return bytes[at + 2] === answerBytes - REFUSAL_BYTES;
  return request.compare(bytes, at + 2, at + 6, 2, 6) === 0;
}

function hasGoodCrc(bytes: Buffer, start: number, end: number): boolean {
  return crc16(bytes, start, end - CRC_BYTES) === bytes.readUInt16LE(end - CRC_BYTES);
}

/** The request as Modbus TCP sends it. */
export function tcpRequest({ request }: Question, transaction: number): Buffer {
  const body = request.length - CRC_BYTES;
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + body);
  bytes.writeUInt16BE(transaction, 0);
  bytes.writeUInt16BE(0, 2);
  bytes.writeUInt16BE(body, 4);
  request.copy(bytes, HEADER_BYTES, 0, body);
  return bytes;
}

/**
 * Of a Modbus TCP connection. Whole answers to other transactions are passed over; whatever else
 * is not this answer, byte for byte, ends the connection.
 */
export function judgeTcp(question: Question, transaction: number, received: Buffer): Verdict {
  let at = 0;
  for (;;) {
    if (received.length < at + HEADER_BYTES) return MORE;
    if (!isHeader(received, at)) return fault('it does not begin with a Modbus header');
    const end = at + HEADER_BYTES + received.readUInt16BE(at + 4);
    if (received.readUInt16BE(at) === transaction) {
      const start = at + HEADER_BYTES;
      return judgeBody(question, received, start, end);
    }
    if (received.length < end) return MORE;
    at = end;
  }
}

/** The part from the unit on; it must be judged as soon as it can be wrong. */
function judgeBody(question: Question, received: Buffer, start: number, end: number): Verdict {
  if (received.length < start + 3) return MORE;
  if (received[start] !== question.unit) {
    return fault(`it is of unit ${received[start]}, not of ${question.unit}`);
  }
  const isRefusal = received[start + 1] === (question.code | REFUSAL_BIT);
  const wanted = isRefusal ? REFUSAL_BYTES : question.answerBytes;
  if (!isRefusal && received[start + 1] !== question.code) {
    return fault(`it is of function ${received[start + 1]}, not of ${question.code}`);
  }
  if (end - start + CRC_BYTES !== wanted) return fault('it has another length than asked for');
  if (received.length < end) return MORE;
  if (!isRefusal && !fits(question, received, start)) return fault('it does not fit the request');
  // Without a checksum, a stray byte within the answer shows in nothing but the byte too many.
  if (!areFrames(received, end)) return fault('more bytes follow than belong to it');
  return { kind: 'answer', frame: withCrc(received.subarray(start, end)), start, end };
}

/** Whether nothing stands from `at` on but whole frames, such as the answer once more. */
function areFrames(received: Buffer, at: number): boolean {
  let next = at;
  while (received.length >= next + HEADER_BYTES && isHeader(received, next)) {
    next += HEADER_BYTES + received.readUInt16BE(next + 4);
  }
  return next === received.length;
}

function isHeader(received: Buffer, at: number): boolean {
  const body = received.readUInt16BE(at + 4);
  return received.readUInt16BE(at + 2) === 0 && body >= 3 && body <= 254;
}

/** As the library wants every answer. */
function withCrc(body: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(body.length + CRC_BYTES);
  body.copy(frame);
  frame.writeUInt16LE(crc16(body, 0, body.length), body.length);
  return frame;
}

function fault(reason: string): Verdict {
  return { kind: 'fault', reason };
}
