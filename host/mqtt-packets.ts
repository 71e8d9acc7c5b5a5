/**
 * The packets of MQTT 3.1.1 (OASIS, 2014) that a listener needs: CONNECT, SUBSCRIBE and PINGREQ
 * out, CONNACK, SUBACK, PUBLISH of quality 0 and PINGRESP in. Pure.
 */

export type MqttPacket =
  | { kind: 'connack'; code: number }
  | { kind: 'suback'; code: number }
  | { kind: 'publish'; topic: string; payload: Uint8Array }
  | { kind: 'pingresp' };

/** What comes is no MQTT, or none that was asked for. */
export class MqttError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MqttError';
  }
}

export const PINGREQ = Uint8Array.of(0xc0, 0);
const PROTOCOL_LEVEL = 4;
const CLEAN_SESSION = 0x02;
const SUBSCRIPTION_ID = 1;
const CONNACK = 2;
const PUBLISH = 3;
const SUBACK = 9;
const PINGRESP = 13;
/** What may come. */
const KINDS = [CONNACK, PUBLISH, SUBACK, PINGRESP];
/** A length takes so many bytes at most. */
const LENGTH_BYTES = 4;

/** An empty name: the broker gives one. */
export function connectPacket(keepAliveSeconds: number): Uint8Array {
  const flags = [PROTOCOL_LEVEL, CLEAN_SESSION, keepAliveSeconds >> 8, keepAliveSeconds & 0xff];
  return packet(0x10, [...text('MQTT'), ...flags, ...text('')]);
}

export function subscribePacket(topic: string): Uint8Array {
  return packet(0x82, [0, SUBSCRIPTION_ID, ...text(topic), 0]);
}

/**
 * Takes whole packets off the front.
 * @returns them, and what is left of the bytes
 * @throws MqttError
 */
export function readPackets(
  bytes: Uint8Array,
  maxBytes: number,
): { packets: MqttPacket[]; rest: Uint8Array } {
  const packets: MqttPacket[] = [];
  let at = 0;
  for (;;) {
    const kind = (bytes[at] ?? CONNACK << 4) >> 4;
    if (!KINDS.includes(kind)) throw new MqttError(`a packet of kind ${kind} was not asked for`);
    const head = lengthAt(bytes, at + 1);
    if (head === null) break;
    const { length, next } = head;
    if (length > maxBytes) throw new MqttError(`a packet of ${length} bytes is too long`);
    if (bytes.length < next + length) break;
    packets.push(readOne(bytes[at] ?? 0, bytes.subarray(next, next + length)));
    at = next + length;
  }
  return { packets, rest: bytes.subarray(at) };
}

function readOne(first: number, body: Uint8Array): MqttPacket {
  switch (first >> 4) {
    case CONNACK:
      if (body.length !== 2) throw new MqttError('its answer to CONNECT has a wrong length');
      return { kind: 'connack', code: body[1] ?? 0xff };
    case PUBLISH:
      return publishOf(first, body);
    case SUBACK:
      if (body.length !== 3) throw new MqttError('its answer to SUBSCRIBE has a wrong length');
      return { kind: 'suback', code: body[2] ?? 0xff };
    default:
      return { kind: 'pingresp' };
  }
}

function publishOf(first: number, body: Uint8Array): MqttPacket {
  if ((first & 0x06) !== 0) throw new MqttError('it sends with a quality that was not asked for');
  const length = ((body[0] ?? 0) << 8) | (body[1] ?? 0);
  if (body.length < 2 + length) throw new MqttError('a message ends within its topic');
  const topic = new TextDecoder().decode(body.subarray(2, 2 + length));
  return { kind: 'publish', topic, payload: body.slice(2 + length) };
}

/** Seven bits a byte, the lowest first. Null: more is still to come. */
function lengthAt(bytes: Uint8Array, from: number): { length: number; next: number } | null {
  let length = 0;
  for (let place = 0; place < LENGTH_BYTES; place += 1) {
    const byte = bytes[from + place];
    if (byte === undefined) return null;
    length += (byte & 0x7f) * 128 ** place;
    if (byte < 0x80) return { length, next: from + place + 1 };
  }
  throw new MqttError('a packet has no length: this is no MQTT');
}

function packet(first: number, body: readonly number[]): Uint8Array {
  const head = [first];
  let length = body.length;
  do {
    const rest = Math.floor(length / 128);
    head.push((length % 128) | (rest > 0 ? 0x80 : 0));
    length = rest;
  } while (length > 0);
  return Uint8Array.from([...head, ...body]);
}

function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes];
}
