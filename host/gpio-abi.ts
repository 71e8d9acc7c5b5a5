/**
 * The structs and requests of the GPIO character device, version 2 of its interface (Linux 5.10 and
 * later; include/uapi/linux/gpio.h), as bytes. All fields have the machine's byte order, which
 * is little-endian on every platform of the agent, and the same places on 32 and 64 bit.
 */

const NAME_BYTES = 32;
const MAX_LINES = 64;
const CONFIG_BYTES = 272;
const CHIP_INFO_BYTES = 2 * NAME_BYTES + 4;
const LINE_INFO_BYTES = 256;
const LINE_REQUEST_BYTES = 592;
const LINE_VALUES_BYTES = 16;

const GPIO_MAGIC = 0xb4;
const READ = 2;
const WRITE = 1;

/** As the macro _IOC of the kernel puts a request together. */
function requestNumber(direction: number, number: number, bytes: number): number {
  return ((direction << 30) | (bytes << 16) | (GPIO_MAGIC << 8) | number) >>> 0;
}

export const REQUESTS = {
  chipInfo: requestNumber(READ, 0x01, CHIP_INFO_BYTES),
  lineInfo: requestNumber(READ | WRITE, 0x05, LINE_INFO_BYTES),
  line: requestNumber(READ | WRITE, 0x07, LINE_REQUEST_BYTES),
  getValues: requestNumber(READ | WRITE, 0x0e, LINE_VALUES_BYTES),
  setValues: requestNumber(READ | WRITE, 0x0f, LINE_VALUES_BYTES),
} as const;

const FLAG_USED = 1n << 0n;
const FLAG_ACTIVE_LOW = 1n << 1n;
const FLAG_INPUT = 1n << 2n;
const FLAG_OUTPUT = 1n << 3n;
const ATTRIBUTE_OUTPUT_VALUES = 2;

// Places within struct gpio_v2_line_request.
const REQUEST_CONSUMER = 4 * MAX_LINES;
const REQUEST_CONFIG = REQUEST_CONSUMER + NAME_BYTES;
const REQUEST_LINES = REQUEST_CONFIG + CONFIG_BYTES;
const REQUEST_FD = LINE_REQUEST_BYTES - 4;
// Places within struct gpio_v2_line_config.
const CONFIG_ATTRIBUTES = 8;
const CONFIG_FIRST = 32;

export interface ChipInfo {
  name: string;
  label: string;
  lines: number;
}

export interface LineInfo {
  name: string;
  /** Who holds it; empty for nobody, or for one without a name. */
  consumer: string;
  isUsed: boolean;
}

export function newChipInfo(): Uint8Array {
  return new Uint8Array(CHIP_INFO_BYTES);
}

export function readChipInfo(bytes: Uint8Array): ChipInfo {
  return {
    name: text(bytes, 0),
    label: text(bytes, NAME_BYTES),
    lines: view(bytes).getUint32(2 * NAME_BYTES, true),
  };
}

export function newLineInfo(offset: number): Uint8Array {
  const bytes = new Uint8Array(LINE_INFO_BYTES);
  view(bytes).setUint32(2 * NAME_BYTES, offset, true);
  return bytes;
}

export function readLineInfo(bytes: Uint8Array): LineInfo {
  const flags = view(bytes).getBigUint64(2 * NAME_BYTES + 8, true);
  return {
    name: text(bytes, 0),
    consumer: text(bytes, NAME_BYTES),
    isUsed: (flags & FLAG_USED) !== 0n,
  };
}

export interface LineRequest {
  offset: number;
  consumer: string;
  activeLow: boolean;
  /** An output with this value from its first moment; an input; or as it happens to be. */
  as: { output: boolean } | 'input' | 'it-is';
}

export function newLineRequest(request: LineRequest): Uint8Array {
  const bytes = new Uint8Array(LINE_REQUEST_BYTES);
  const fields = view(bytes);
  fields.setUint32(0, request.offset, true);
  bytes.set(
    new TextEncoder().encode(request.consumer).subarray(0, NAME_BYTES - 1),
    REQUEST_CONSUMER,
  );
  const output = typeof request.as === 'object' ? request.as.output : null;
  const direction = request.as === 'input' ? FLAG_INPUT : output === null ? 0n : FLAG_OUTPUT;
  const flags = direction | (request.activeLow ? FLAG_ACTIVE_LOW : 0n);
  fields.setBigUint64(REQUEST_CONFIG, flags, true);
  if (output !== null) {
    const first = REQUEST_CONFIG + CONFIG_FIRST;
    fields.setUint32(REQUEST_CONFIG + CONFIG_ATTRIBUTES, 1, true);
    fields.setUint32(first, ATTRIBUTE_OUTPUT_VALUES, true);
    // A bit per line of the request: whether it is on, which for active-low is the low level.
    fields.setBigUint64(first + 8, output ? 1n : 0n, true);
    fields.setBigUint64(first + 16, 1n, true);
  }
  fields.setUint32(REQUEST_LINES, 1, true);
  return bytes;
}

/** The file descriptor of the line, in a request that was granted. */
export function lineFd(bytes: Uint8Array): number {
  return view(bytes).getInt32(REQUEST_FD, true);
}

/** Of the one line of a request. */
export function newLineValue(on: boolean): Uint8Array {
  const bytes = new Uint8Array(LINE_VALUES_BYTES);
  view(bytes).setBigUint64(0, on ? 1n : 0n, true);
  view(bytes).setBigUint64(8, 1n, true);
  return bytes;
}

export function readLineValue(bytes: Uint8Array): boolean {
  return (view(bytes).getBigUint64(0, true) & 1n) === 1n;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function text(bytes: Uint8Array, at: number): string {
  const field = bytes.subarray(at, at + NAME_BYTES);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}
