/** A relay by its settings, whatever its driver. */
import type { Bus, Clock, Gpio, HeldRelay, HouseHttp } from '../../../host/ports.ts';
import type { RelaySettings } from '../../config/relay.ts';
import { openCoilRelay } from './coil.ts';
import { openGpioRelay } from './gpio.ts';
import { openHttpRelay } from './http.ts';

export interface RelayPorts {
  /** The bus of this name; it stays the caller's. */
  bus(name: string): Bus;
  gpio: Gpio;
  gpioSysfs: Gpio;
  http: HouseHttp;
  clock: Pick<Clock, 'delay' | 'monotonicMs'>;
}

/**
 * Nothing is reached before the first `set` or `read`, so this never fails; a relay that is out of
 * order says so at each call, and works again once its cause is gone.
 *
 * @param safeOn its safe state: a GPIO line begins with it, and a network relay with a dead-man
 * timer returns to it.
 */
export function openRelay(settings: RelaySettings, ports: RelayPorts, safeOn: boolean): HeldRelay {
  switch (settings.driver) {
    case 'modbus-coil':
      return openCoilRelay(ports.bus(settings.bus), settings.unit, settings.coil);
    case 'gpio':
      return openGpioRelay(ports.gpio, settings, safeOn);
    case 'gpio-sysfs':
      return openGpioRelay(ports.gpioSysfs, settings, safeOn);
    case 'http':
      return openHttpRelay(settings, ports, safeOn);
  }
}

/**
 * What a relay is now, without taking it over: for looking while nobody holds it.
 * @throws GpioError `busy` when somebody does; BusError, TransportError, RelayError
 */
export function lookAtRelay(settings: RelaySettings, ports: RelayPorts): Promise<boolean> {
  switch (settings.driver) {
    case 'gpio':
      return ports.gpio.look(settings);
    case 'gpio-sysfs':
      return ports.gpioSysfs.look(settings);
    case 'modbus-coil':
    case 'http':
      // These read without switching, and know no safe state before they are told one.
      return openRelay(settings, ports, false).read();
  }
}
