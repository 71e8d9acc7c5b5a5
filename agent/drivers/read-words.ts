/** One read from a unit, by its function code. */
import type { Bus } from '../../host/ports.ts';
import type { FunctionCode } from './profile-types.ts';

/** Of a bus that can read discrete inputs. */
interface DiscreteInputs {
  readDiscrete(unit: number, address: number, count: number): Promise<boolean[]>;
}

/**
 * @param count 1 for coils and discrete inputs, which are read one by one
 * @returns `count` words; of coils and discrete inputs 0 or 1
 * @throws BusError
 */
export async function readWords(
  bus: Bus & Partial<DiscreteInputs>,
  unit: number,
  code: FunctionCode,
  address: number,
  count: number,
): Promise<Uint16Array> {
  switch (code) {
    case 1:
      return Uint16Array.of(Number(await bus.readCoil(unit, address)));
    case 2: {
      if (bus.readDiscrete === undefined) throw new RangeError('this bus has no discrete inputs');
      return Uint16Array.from(await bus.readDiscrete(unit, address, count), Number);
    }
    case 3:
      return bus.readHolding(unit, address, count);
    case 4:
      return bus.readInput(unit, address, count);
  }
}
