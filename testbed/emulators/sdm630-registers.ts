/**
 * The input registers of an Eastron SDM630 v2 (function 4, float32, high word first), as in its
 * manual: voltages, currents, powers, frequency, the two energy counters in kWh, and those counters
 * by phase, in a block of their own.
 */
import { ModbusRefusal } from './modbus-server.ts';

export interface MeterValues {
  /** Positive into the home. */
  netW: number;
  importedWs: number;
  exportedWs: number;
}

/** The blocks there are, from and up to; no request may go beyond one. */
const BLOCKS = [
  [0, 80],
  [0x15a, 0x166],
] as const;
const REGISTERS = 0x166;
const WS_PER_KWH = 3_600_000;
/** Phase voltages of an ordinary evening, and the grid's impedance as the meter feels it. */
const IDLE_VOLTAGES = [231.2, 230.4, 229.8] as const;
const OHM = 0.12;
const FREQUENCY_HZ = 50;

export function readSdm630(values: MeterValues, address: number, count: number): Uint16Array {
  if (!BLOCKS.some(([from, to]) => address >= from && address + count <= to)) {
    throw new ModbusRefusal(2, `the meter has no registers from ${address} to ${address + count}`);
  }
  const block = Buffer.alloc(REGISTERS * 2);
  fill(values, (register, value) => block.writeFloatBE(value, register * 2));
  const words = new Uint16Array(count);
  for (let i = 0; i < count; i += 1) words[i] = block.readUInt16BE((address + i) * 2);
  return words;
}

function fill(values: MeterValues, put: (register: number, value: number) => void): void {
  const phaseW = values.netW / 3;
  let amperes = 0;
  IDLE_VOLTAGES.forEach((idle, phase) => {
    const volts = idle - (phaseW / idle) * OHM;
    const ampere = Math.abs(phaseW) / volts;
    amperes += ampere;
    put(0x00 + 2 * phase, volts);
    put(0x06 + 2 * phase, ampere);
    put(0x0c + 2 * phase, phaseW);
    put(0x12 + 2 * phase, Math.abs(phaseW));
    put(0x1e + 2 * phase, Math.sign(phaseW) || 1);
  });
  put(0x2e, amperes / 3);
  put(0x30, amperes);
  put(0x34, values.netW);
  put(0x38, Math.abs(values.netW));
  put(0x3e, Math.sign(values.netW) || 1);
  put(0x46, FREQUENCY_HZ);
  for (let phase = 0; phase < 3; phase += 1) {
    put(0x15a + 2 * phase, values.importedWs / 3 / WS_PER_KWH);
    put(0x160 + 2 * phase, values.exportedWs / 3 / WS_PER_KWH);
  }
  put(0x48, values.importedWs / WS_PER_KWH);
  put(0x4a, values.exportedWs / WS_PER_KWH);
}
