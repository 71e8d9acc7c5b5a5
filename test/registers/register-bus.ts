/** The registers of a table as a bus without a wire, for thousands of reads. */
import { BusError } from '../../host/ports.ts';
import type { ScriptedBus } from '../agent/drivers/scripted-bus.ts';
import { scriptedBus } from '../agent/drivers/scripted-bus.ts';
import type { RegisterImage } from './register-table.ts';

/** Refuses, like a device, what the table has not. */
export function registerBus({ words }: RegisterImage): ScriptedBus {
  const bus = scriptedBus();
  const read = async (code: number, address: number, count: number) => {
    bus.requests.push(`${code} @${address} x${count}`);
    return Uint16Array.from({ length: count }, (_, i) => {
      const word = words.get(`${code} ${address + i}`);
      if (word === undefined) throw new BusError('exception', 'no such register', 2);
      return word;
    });
  };
  bus.readInput = (_unit, address, count) => read(4, address, count);
  bus.readHolding = (_unit, address, count) => read(3, address, count);
  bus.writeHolding = async (_unit, address, written) => {
    bus.requests.push(`16 @${address} x${written.length}`);
    for (const [i, word] of written.entries()) {
      if (!words.has(`3 ${address + i}`)) throw new BusError('exception', 'no such register', 2);
      words.set(`3 ${address + i}`, word);
    }
  };
  return bus;
}
