/** A bus whose registers are given, and that remembers what was asked of it. */
import type { Bus } from '../../../host/ports.ts';

export interface ScriptedBus extends Bus {
  /** `4 @52 x24`: function, address, count. */
  requests: string[];
  input: Map<number, number>;
  holding: Map<number, number>;
  coils: Map<number, boolean>;
  /** When set, every request fails with it. */
  failure: Error | null;
  /** Coils that stay as they are whatever is written. */
  isStuck: boolean;
}

export function scriptedBus(): ScriptedBus {
  const ask = (request: string) => {
    bus.requests.push(request);
    if (bus.failure !== null) throw bus.failure;
  };
  const read = (code: number, words: Map<number, number>, address: number, count: number) => {
    ask(`${code} @${address} x${count}`);
    return Uint16Array.from({ length: count }, (_, i) => words.get(address + i) ?? 0);
  };
  const bus: ScriptedBus = {
    requests: [],
    input: new Map(),
    holding: new Map(),
    coils: new Map(),
    failure: null,
    isStuck: false,
    readInput: async (_unit, address, count) => read(4, bus.input, address, count),
    readHolding: async (_unit, address, count) => read(3, bus.holding, address, count),
    async writeHolding(_unit, address, words) {
      ask(`16 @${address} x${words.length}`);
      for (const [i, word] of words.entries()) bus.holding.set(address + i, word);
    },
    async writeRegister(_unit, address, word) {
      ask(`6 @${address}`);
      bus.holding.set(address, word);
    },
    async readCoils(_unit, address, count) {
      ask(`1 @${address} x${count}`);
      return Array.from({ length: count }, (_, i) => bus.coils.get(address + i) ?? false);
    },
    async readDiscrete(_unit, address, count) {
      ask(`2 @${address} x${count}`);
      return Array.from({ length: count }, (_, i) => bus.coils.get(address + i) ?? false);
    },
    async readCoil(_unit, address) {
      ask(`1 @${address}`);
      return bus.coils.get(address) ?? false;
    },
    async writeCoil(_unit, address, on) {
      ask(`5 @${address}`);
      if (!bus.isStuck) bus.coils.set(address, on);
    },
    counters: () => ({
      ...{ good: bus.requests.length, failed: 0, timeouts: 0, crcErrors: 0, framingErrors: 0 },
      ...{ exceptions: 0, closed: 0, reconnects: 0, staleBytes: 0, skipped: 0 },
    }),
    frames: () => [],
    close() {},
  };
  return bus;
}

export function putFloat(words: Map<number, number>, address: number, value: number): void {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  words.set(address, view.getUint16(0));
  words.set(address + 1, view.getUint16(2));
}
