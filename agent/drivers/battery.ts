/** A battery that takes set-points over Modbus, by its profile. Positive power charges. */
import type { Bus } from '../../host/ports.ts';
import { planBlocks } from './blocks.ts';
import type { Control, Profile } from './profile.ts';
import { readPoints } from './read-points.ts';
import { encodeRegister } from './registers.ts';

export interface BatteryState {
  /** What it does now; null when it does not say. */
  powerW: number | null;
  /** 0 to 1; null when it does not say. */
  stateOfCharge: number | null;
}

export interface Battery {
  /** @throws BusError */
  read(): Promise<BatteryState>;
  /**
   * Holds a power until told otherwise, or until `deadManSeconds` pass without another word: then
   * it goes to its own automatic mode. @throws BusError
   */
  setPoint(powerW: number, deadManSeconds: number): Promise<void>;
  /** Its own automatic mode (self-consumption), at once. @throws BusError */
  automatic(): Promise<void>;
}

/** @throws RangeError when the profile is none of a battery. */
export function openBattery(bus: Bus, profile: Profile, unit: number): Battery {
  const { controls } = profile;
  const points = profile.points.filter(
    ({ name }) => name === 'power' || name === 'state_of_charge',
  );
  if (controls === null || points.length !== 2) {
    throw new RangeError(`profile ${profile.name} is none of a battery that can be controlled`);
  }
  const blocks = planBlocks(points, profile);
  return {
    async read() {
      const values = await readPoints(bus, unit, blocks);
      return {
        powerW: values.get('power')?.value ?? null,
        stateOfCharge: values.get('state_of_charge')?.value ?? null,
      };
    },
    async setPoint(powerW, deadManSeconds) {
      const words = [
        { ...controls.setPoint, value: Math.round(powerW) },
        { ...controls.deadMan, value: Math.ceil(deadManSeconds) },
      ];
      for (const write of joinWrites(words)) {
        await bus.writeHolding(unit, write.address, write.words);
      }
    },
    async automatic() {
      const { address, type, value } = controls.automatic;
      await bus.writeHolding(unit, address, encodeRegister(type, value));
    },
  };
}

/** Neighbours go in one request, so that a set-point never stands without its dead-man time. */
function joinWrites(values: (Control & { value: number })[]) {
  const writes: { address: number; words: Uint16Array }[] = [];
  for (const { address, type, value } of values.sort((a, b) => a.address - b.address)) {
    const words = encodeRegister(type, value);
    const last = writes.at(-1);
    if (last !== undefined && last.address + last.words.length === address) {
      last.words = Uint16Array.of(...last.words, ...words);
    } else {
      writes.push({ address, words });
    }
  }
  return writes;
}
