/**
 * GPIO by the character device (`/dev/gpiochip*`). The value of an output goes into the kernel with
 * the request for the line, so it never has another one. When this process ends, however it ends,
 * the kernel takes the line back; what its level is then is up to the chip.
 */

import { closeSync, constants, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ChipInfo,
  type LineInfo,
  type LineRequest,
  lineFd,
  newChipInfo,
  newLineInfo,
  newLineRequest,
  newLineValue,
  REQUESTS,
  readChipInfo,
  readLineInfo,
  readLineValue,
} from './gpio-abi.ts';
import { type Ioctl, systemIoctl } from './gpio-ioctl.ts';
import { type Gpio, GpioError, type GpioLine } from './ports.ts';

/** What the kernel shows as the holder of our lines. */
const CONSUMER = 'transax';
const EPERM = 1;
const EACCES = 13;
const EBUSY = 16;
const ENOTTY = 25;

const DENIED = 'this user may not use it; join the group gpio, see the rules of udev';

export function characterGpio(
  folder = '/dev',
  loadIoctl: () => Promise<Ioctl> = systemIoctl,
): Gpio {
  let loading: Promise<Ioctl> | null = null;
  const ioctl = (): Promise<Ioctl> => {
    loading ??= loadIoctl();
    return loading;
  };
  return {
    async openOutput(line, on) {
      const held = holdLine(await ioctl(), folder, line, { output: on });
      return {
        set: (value) => void held.run(REQUESTS.setValues, newLineValue(value)),
        read: held.read,
        close: held.close,
      };
    },
    async openInput(line) {
      const { read, close } = holdLine(await ioctl(), folder, line, 'input');
      return { read, close };
    },
    async look(line) {
      const { read, close } = holdLine(await ioctl(), folder, line, 'it-is');
      try {
        return read();
      } finally {
        close();
      }
    },
    async chips() {
      const call = await ioctl();
      return chipNames(folder).map((name) => {
        const chip = openAt(call, join(folder, name));
        if (chip === null) return { name, label: null, lines: null };
        closeSync(chip.fd);
        return { name, label: chip.info.label, lines: chip.info.lines };
      });
    },
  };
}

function holdLine(call: Ioctl, folder: string, line: GpioLine, as: LineRequest['as']) {
  const fd = requestLine(call, folder, line, as);
  const run = (request: number, bytes: Uint8Array): Uint8Array => {
    const failure = call(fd, request, bytes);
    if (failure === 0) return bytes;
    throw new GpioError('io', `${nameOf(line)} fails with error ${failure} of the system`);
  };
  return {
    run,
    read: () => readLineValue(run(REQUESTS.getValues, newLineValue(false))),
    close: () => closeSync(fd),
  };
}

/** @returns the descriptor of the line: closing it gives the line back */
function requestLine(call: Ioctl, folder: string, line: GpioLine, as: LineRequest['as']): number {
  const { fd, info } = openChip(call, folder, line);
  try {
    const offset = offsetOf(call, fd, info, line);
    const { activeLow } = line;
    const bytes = newLineRequest({ offset, consumer: CONSUMER, activeLow, as });
    const failure = call(fd, REQUESTS.line, bytes);
    if (failure === 0) return lineFd(bytes);
    throw refusal(failure, line, lineInfo(call, fd, offset));
  } finally {
    closeSync(fd);
  }
}

function openChip(call: Ioctl, folder: string, line: GpioLine): { fd: number; info: ChipInfo } {
  const found: { fd: number; info: ChipInfo }[] = [];
  const labels: string[] = [];
  let isDenied = false;
  const names = chipNames(folder);
  for (const name of names) {
    const chip = openAt(call, join(folder, name));
    isDenied ||= chip === null;
    if (chip === null) continue;
    labels.push(chip.info.label);
    if (chip.info.label === line.chip) found.push(chip);
    else closeSync(chip.fd);
  }
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  for (const { fd } of found) closeSync(fd);
  if (names.length === 0) {
    const what = 'this computer has no GPIO, or a kernel for gpio-sysfs';
    throw new GpioError('unsupported', `there is no ${folder}/gpiochip*: ${what}`);
  }
  if (isDenied && only === undefined) {
    throw new GpioError('denied', `${nameOf(line)}: ${folder}/gpiochip*: ${DENIED}`);
  }
  throw wrongChip(line, labels);
}

/** Null where this user may not, or it is no chip. */
function openAt(call: Ioctl, path: string): { fd: number; info: ChipInfo } | null {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDWR);
  } catch {
    return null;
  }
  const bytes = newChipInfo();
  if (call(fd, REQUESTS.chipInfo, bytes) === 0) return { fd, info: readChipInfo(bytes) };
  closeSync(fd);
  return null;
}

/** The label is none, or of several. */
export function wrongChip(line: GpioLine, labels: readonly string[]): GpioError {
  const list = labels.map((label) => `"${label}"`).join(', ');
  const what = labels.includes(line.chip)
    ? `several chips have the label "${line.chip}"`
    : `no chip has the label "${line.chip}"`;
  return new GpioError('no-chip', `${what}; there is ${list}`);
}

function chipNames(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^gpiochip\d+$/.test(name));
  } catch {
    return [];
  }
}

function offsetOf(call: Ioctl, fd: number, info: ChipInfo, line: GpioLine): number {
  const wanted = line.line;
  if (typeof wanted === 'number') {
    if (wanted < info.lines) return wanted;
    throw new GpioError('no-line', `"${line.chip}" has the lines 0 to ${info.lines - 1}`);
  }
  const offsets: number[] = [];
  for (let offset = 0; offset < info.lines; offset++) {
    if (lineInfo(call, fd, offset)?.name === wanted) offsets.push(offset);
  }
  const [only, second] = offsets;
  if (only !== undefined && second === undefined) return only;
  const what = only === undefined ? 'no line' : 'more than one line';
  throw new GpioError('no-line', `"${line.chip}" has ${what} of the name "${wanted}"`);
}

function lineInfo(call: Ioctl, fd: number, offset: number): LineInfo | null {
  const bytes = newLineInfo(offset);
  return call(fd, REQUESTS.lineInfo, bytes) === 0 ? readLineInfo(bytes) : null;
}

function refusal(failure: number, line: GpioLine, info: LineInfo | null): GpioError {
  const name = nameOf(line);
  if (failure === EBUSY) {
    const holder = info?.consumer === '' || info === null ? 'somebody' : `"${info.consumer}"`;
    return new GpioError('busy', `${name} is held by ${holder}`);
  }
  if (failure === EACCES || failure === EPERM) {
    return new GpioError('denied', `${name}: ${DENIED}`);
  }
  if (failure === ENOTTY) {
    return new GpioError('unsupported', 'this kernel is older than 5.10: use gpio-sysfs');
  }
  return new GpioError('io', `${name} cannot be had: error ${failure} of the system`);
}

export function nameOf(line: GpioLine): string {
  return `line ${line.line} of "${line.chip}"`;
}
