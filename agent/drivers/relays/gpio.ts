/**
 * The relay drivers `gpio` and `gpio-sysfs`: a line of this computer that switches a relay board.
 *
 * The line is taken when it is first needed, and with the value that is wanted then: at `read` the
 * safe one. So a board whose relays are on at the low level does not click when the agent starts. A
 * line that fails is let go, and taken anew at the next call.
 */
import type { Gpio, GpioLine, GpioOutput, HeldRelay } from '../../../host/ports.ts';
import { RelayError } from './relay-error.ts';

/** @param safeOn what the relay is before it is told anything. @throws GpioError, RelayError */
export function openGpioRelay(gpio: Gpio, line: GpioLine, safeOn: boolean): HeldRelay {
  let held: Promise<GpioOutput> | null = null;

  const release = async (): Promise<void> => {
    const output = held;
    held = null;
    // One that could not be had needs no closing.
    await output?.then((line) => line.close()).catch(() => undefined);
  };
  const withLine = async <T>(first: boolean, work: (output: GpioOutput) => T): Promise<T> => {
    held ??= gpio.openOutput(line, first);
    try {
      return work(await held);
    } catch (error) {
      await release();
      throw error;
    }
  };
  return {
    set: (on) =>
      withLine(on, (output) => {
        output.set(on);
        if (output.read() === on) return;
        throw new RelayError(
          'mismatch',
          `line ${line.line} of "${line.chip}" does not do as told: is something else driving it?`,
        );
      }),
    read: () => withLine(safeOn, (output) => output.read()),
    close: release,
  };
}
