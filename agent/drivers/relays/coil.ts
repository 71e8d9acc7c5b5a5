/** The relay driver `modbus-coil`: a switched output that is one coil of a Modbus unit. */
import type { Bus, HeldRelay } from '../../../host/ports.ts';
import { RelayError } from './relay-error.ts';

/** `set` reads the coil back. @throws BusError, RelayError */
export function openCoilRelay(bus: Bus, unit: number, coil: number): HeldRelay {
  return {
    async set(on) {
      await bus.writeCoil(unit, coil, on);
      if ((await bus.readCoil(unit, coil)) === on) return;
      throw new RelayError('mismatch', `coil ${coil} of unit ${unit} does not do as told`);
    },
    read: () => bus.readCoil(unit, coil),
    // The bus has others on it, and is closed by whoever opened it.
    async close() {},
  };
}
