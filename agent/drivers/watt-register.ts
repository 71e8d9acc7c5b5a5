/** Batteries that take a power in watts in one register. */
import type { Bus } from '../../host/ports.ts';
import type { BatteryControl } from './battery-control.ts';
import type { RawProfile } from './profile-schema.ts';
import { encodeRegister, type RegisterType } from './registers.ts';

type WattRegisters = Extract<NonNullable<RawProfile['setpoints']>, { method: 'watts' }>;

interface Write {
  address: number;
  type: RegisterType;
  value: number;
}

export function openWattRegister(
  bus: Bus,
  unit: number,
  { power, dead_man, automatic }: WattRegisters,
): BatteryControl {
  return {
    async setPoint(powerW, deadManSeconds) {
      const writes = joinWrites([
        { ...power, value: Math.round(powerW) },
        { ...dead_man, value: Math.ceil(deadManSeconds) },
      ]);
      for (const { address, words } of writes) await bus.writeHolding(unit, address, words);
    },
    async automatic() {
      await bus.writeHolding(unit, automatic.address, encode(automatic));
    },
  };
}

/** Neighbours go in one request, so that a set-point never stands without its dead-man time. */
function joinWrites(values: Write[]) {
  const writes: { address: number; words: Uint16Array }[] = [];
  for (const value of values.sort((a, b) => a.address - b.address)) {
    const words = encode(value);
    const last = writes.at(-1);
    if (last !== undefined && last.address + last.words.length === value.address) {
      last.words = Uint16Array.of(...last.words, ...words);
    } else {
      writes.push({ address: value.address, words });
    }
  }
  return writes;
}

function encode({ type, value }: Write): Uint16Array {
  return encodeRegister({ type, order: 'ABCD', nan: 'auto' }, value);
}
