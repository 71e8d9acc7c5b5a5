/** The relay driver `modbus-coil`: a switched output that is one coil of a Modbus unit. */
import type { Bus, Relay } from '../../host/ports.ts';

/** The device took the command, and its coil reads otherwise. */
export class RelayError extends Error {
  readonly code = 'mismatch';
  constructor(message: string) {
    super(message);
    this.name = 'RelayError';
  }
}

/** `set` reads the coil back. @throws BusError, RelayError */
export function openCoilRelay(bus: Bus, unit: number, coil: number): Relay {
  return {
    async set(on) {
      await bus.writeCoil(unit, coil, on);
      if ((await bus.readCoil(unit, coil)) === on) return;
      throw new RelayError(`coil ${coil} of unit ${unit} does not do as told`);
    },
    read: () => bus.readCoil(unit, coil),
  };
}
