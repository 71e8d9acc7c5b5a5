/** What relays hang on, on this machine. Nothing of it is opened or loaded before it is used. */
import { characterGpio } from './gpio-character.ts';
import { sysfsGpio } from './gpio-sysfs.ts';
import { houseHttp } from './house-http.ts';
import type { RelayWires } from './ports.ts';

export function relayWires(): RelayWires {
  return { gpio: characterGpio(), gpioSysfs: sysfsGpio(), http: houseHttp() };
}
