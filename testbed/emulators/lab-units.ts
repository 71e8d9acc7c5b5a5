/** The Modbus faces of the lab battery (unit 2) and of the relay (unit 3): see emulated-home. */
import type { Boiler } from './boiler.ts';
import type { LabBattery } from './lab-battery.ts';
import { ModbusRefusal, type ModbusUnit } from './modbus-server.ts';

const SET_POINT = 0;
const DEAD_MAN = 2;
const MODE = 3;
const HOLDING_REGISTERS = 4;

/**
 * @param live brings the home up to now and tells the time, ms
 * @param powerW what the battery does now
 */
export function batteryUnit(
  battery: LabBattery,
  live: () => number,
  powerW: () => number,
): ModbusUnit {
  const modeCode = () => (battery.mode === 'set-point' ? 1 : 0);
  return {
    readInput(address, count) {
      live();
      return slice(
        [
          ...int32(powerW()),
          Math.round(battery.stateOfCharge * 1000),
          ...int32(Math.round(battery.spec.capacityWs / 3600)),
          battery.spec.chargeW,
          battery.spec.dischargeW,
          modeCode(),
        ],
        address,
        count,
      );
    },
    readHolding(address, count) {
      live();
      const registers = [...int32(battery.setPointW), battery.deadManSeconds, modeCode()];
      return slice(registers, address, count);
    },
    writeHolding(address, words) {
      const atMs = live();
      writeBattery(battery, address, words);
      battery.touch(atMs);
    },
  };
}

export function relayUnit(boiler: Boiler, live: () => number): ModbusUnit {
  return {
    readCoils(address, count) {
      live();
      if (address !== 0 || count !== 1) throw new ModbusRefusal(2, 'there is one coil, number 0');
      return [boiler.relayOn];
    },
    writeCoil(address, on) {
      live();
      if (address !== 0) throw new ModbusRefusal(2, 'there is one coil, number 0');
      boiler.switchTo(on);
    },
  };
}

/** All or nothing: what is wrong is found before anything is changed. */
function writeBattery(battery: LabBattery, address: number, words: Uint16Array): void {
  const end = address + words.length;
  if (end > HOLDING_REGISTERS) throw new ModbusRefusal(2, 'beyond the last holding register');
  const writes = (register: number) => address <= register && register < end;
  const word = (register: number) => words[register - address] ?? 0;
  if (writes(SET_POINT) !== writes(SET_POINT + 1)) {
    throw new ModbusRefusal(2, 'both words of the set-point are written together');
  }
  if (writes(MODE) && word(MODE) > 1) throw new ModbusRefusal(3, 'the mode is 0 or 1');
  if (writes(DEAD_MAN)) battery.deadManSeconds = word(DEAD_MAN);
  if (writes(SET_POINT)) {
    battery.setPointW = (word(SET_POINT) << 16) | word(SET_POINT + 1);
    battery.mode = 'set-point';
  }
  if (writes(MODE)) battery.mode = word(MODE) === 1 ? 'set-point' : 'automatic';
}

function int32(value: number): [high: number, low: number] {
  return [(value >>> 16) & 0xffff, value & 0xffff];
}

function slice(registers: number[], address: number, count: number): Uint16Array {
  if (address + count > registers.length) {
    throw new ModbusRefusal(2, `no registers from ${address} to ${address + count - 1}`);
  }
  return Uint16Array.from(registers.slice(address, address + count));
}
