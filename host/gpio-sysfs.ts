/**
 * GPIO by the files of `/sys/class/gpio`, for kernels before 5.10 and those without the character
 * device. The number of a line is its place in the chip plus the base of the chip, which differs
 * between kernels.
 *
 * The words `high` and `low` make a line an output of that level at once; they know nothing of
 * `active_low`, which turns only `value` round. So `active_low` is kept at 0, and this file alone
 * knows which level is on. A line stays as it is when its program ends, however it ends: safe for a
 * line that was left safe, and the reason for `load safe` after a crash.
 */

import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { nameOf, wrongChip } from './gpio-character.ts';
import { type Gpio, type GpioChip, GpioError, type GpioLine } from './ports.ts';

/** The rules of udev give the files of a new line to the group gpio, within this. Real ms. */
const UDEV_MS = 2_000;
const LOOK_MS = 10;

interface SysfsChip extends GpioChip {
  label: string;
  base: number;
  lines: number;
}

export function sysfsGpio(folder = '/sys/class/gpio'): Gpio {
  return {
    async openOutput(line, on) {
      const path = await exportLine(folder, line);
      const level = (value: boolean): boolean => value !== line.activeLow;
      write(line, join(path, 'direction'), level(on) ? 'high' : 'low');
      return {
        set: (value) => write(line, join(path, 'value'), level(value) ? '1' : '0'),
        read() {
          if (read(line, join(path, 'direction')) !== 'out') {
            throw new GpioError('io', `${nameOf(line)} is no output any more`);
          }
          return level(read(line, join(path, 'value')) === '1');
        },
        // Not given back: only a line that is held has a level that can be relied on.
        close: () => {},
      };
    },
    async openInput(line) {
      const path = await exportLine(folder, line);
      write(line, join(path, 'direction'), 'in');
      return {
        read: () => (read(line, join(path, 'value')) === '1') !== line.activeLow,
        close: () => {},
      };
    },
    async look(line) {
      const number = numberOf(folder, line);
      const isOurs = !existsSync(join(folder, `gpio${number}`));
      const path = await exportLine(folder, line);
      const isOn = (read(line, join(path, 'value')) === '1') !== line.activeLow;
      if (isOurs) write(line, join(folder, 'unexport'), String(number));
      return isOn;
    },
    chips: async () => chipsOf(folder),
  };
}

/** @returns the folder of the line, whose files may be written and whose values are levels */
async function exportLine(folder: string, line: GpioLine): Promise<string> {
  const number = numberOf(folder, line);
  const path = join(folder, `gpio${number}`);
  if (!existsSync(path)) write(line, join(folder, 'export'), String(number));
  const endsAt = performance.now() + UDEV_MS;
  for (;;) {
    try {
      write(line, join(path, 'active_low'), '0');
      return path;
    } catch (error) {
      const isLate = performance.now() > endsAt;
      if (!(error instanceof GpioError) || error.code !== 'denied' || isLate) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

function numberOf(folder: string, line: GpioLine): number {
  if (!existsSync(join(folder, 'export'))) {
    throw new GpioError('unsupported', `this kernel has no ${folder}: use the driver gpio`);
  }
  const chips = chipsOf(folder);
  const [chip, ...others] = chips.filter(({ label }) => label === line.chip);
  const labels = chips.map(({ label }) => label);
  if (chip === undefined || others.length > 0) throw wrongChip(line, labels);
  if (typeof line.line !== 'number') {
    throw new GpioError('no-line', `${nameOf(line)}: sysfs knows lines by their number only`);
  }
  if (line.line < chip.lines) return chip.base + line.line;
  throw new GpioError('no-line', `"${line.chip}" has the lines 0 to ${chip.lines - 1}`);
}

function chipsOf(folder: string): SysfsChip[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => /^gpiochip\d+$/.test(name));
  return names.map((name) => {
    const field = (file: string): string => readFileSync(join(folder, name, file), 'utf8').trim();
    return {
      name,
      label: field('label'),
      base: Number(field('base')),
      lines: Number(field('ngpio')),
    };
  });
}

function read(line: GpioLine, path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw failure(line, path, error);
  }
}

function write(line: GpioLine, path: string, text: string): void {
  try {
    const file = openSync(path, constants.O_WRONLY);
    try {
      writeSync(file, text);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw failure(line, path, error);
  }
}

function failure(line: GpioLine, path: string, cause: unknown): GpioError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
  const name = nameOf(line);
  if (code === 'EBUSY') {
    return new GpioError('busy', `${name} is held by the kernel or by another program`, cause);
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const text = `${name}: this user may not write ${path}; join the group gpio`;
    return new GpioError('denied', text, cause);
  }
  return new GpioError('io', `${name}: ${path} fails with ${code}`, cause);
}
