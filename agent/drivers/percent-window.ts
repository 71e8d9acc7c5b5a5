/**
 * Batteries that take limits of charging and discharging in percent of one power (SunSpec model
 * 124). A limit below 0 means "at least so much the other way", so the two limits closed to a
 * point hold a power: to charge with 40 %, charge at most 40 % and discharge at most -40 %.
 */
import type { Bus } from '../../host/ports.ts';
import { type BatteryControl, ReadBackError } from './battery-control.ts';
import type { RawProfile } from './profile-schema.ts';
import type { Profile } from './profile-types.ts';
import { decodeRegister, decodeScale, encodeRegister } from './registers.ts';
import { discoverModels, isRefusal, SunSpecError } from './sunspec.ts';

type PercentWindow = Extract<NonNullable<RawProfile['setpoints']>, { method: 'percent-window' }>;

const U16 = { type: 'u16', order: 'ABCD', nan: 'auto' } as const;
const I16 = { type: 'i16', order: 'ABCD', nan: 'auto' } as const;
const FULL_PERCENT = 100;
/** The longest dead-man time that the register holds, seconds. */
const LONGEST_DEAD_MAN_S = 0xfffe;

export function openPercentWindow(
  bus: Bus,
  unit: number,
  profile: Profile,
  setpoints: PercentWindow,
): BatteryControl {
  return new PercentWindowControl(bus, unit, profile.sunspec?.bases ?? [], setpoints);
}

/** What the device says about its limits, read anew at each command: inverters change it. */
interface Ratings {
  /** 100 %. */
  fullW: number;
  /** Percent in one count of each register. */
  chargeStep: number;
  dischargeStep: number;
}

class PercentWindowControl implements BatteryControl {
  readonly #bus: Bus;
  readonly #unit: number;
  readonly #bases: readonly number[];
  readonly #map: PercentWindow;
  #start: number | null = null;

  constructor(bus: Bus, unit: number, bases: readonly number[], map: PercentWindow) {
    this.#bus = bus;
    this.#unit = unit;
    this.#bases = bases;
    this.#map = map;
  }

  async setPoint(powerW: number, deadManSeconds: number): Promise<void> {
    const { mode, dead_man, grid_charging } = this.#map;
    const { fullW, chargeStep, dischargeStep } = await this.#ratings();
    const percent = clamp((FULL_PERCENT * powerW) / fullW);
    // Rounded the same way: a window that is open by one count is none.
    const charge = Math.round(percent / chargeStep);
    const discharge = -Math.round(percent / dischargeStep);
    const deadMan = Math.min(Math.ceil(deadManSeconds), LONGEST_DEAD_MAN_S);
    // The timer stands before there is anything to revert; the mode makes it count.
    await this.#write(dead_man.address, encodeRegister(U16, deadMan));
    await this.#writeRates(charge, discharge);
    if (grid_charging) await this.#writeWord(grid_charging.address, grid_charging.value);
    await this.#writeWord(mode.address, mode.window);
    await this.#verify([
      [mode.address, mode.window],
      [dead_man.address, deadMan],
      [this.#map.charge_rate.address, wordOf(charge)],
      [this.#map.discharge_rate.address, wordOf(discharge)],
    ]);
  }

  async automatic(): Promise<void> {
    const { mode } = this.#map;
    await this.#writeWord(mode.address, mode.automatic);
    await this.#verify([[mode.address, mode.automatic]]);
    const { chargeStep, dischargeStep } = await this.#ratings();
    await this.#writeRates(FULL_PERCENT / chargeStep, FULL_PERCENT / dischargeStep);
  }

  async #ratings(): Promise<Ratings> {
    const { full_power, charge_rate, discharge_rate } = this.#map;
    const addresses = [full_power, charge_rate, discharge_rate].flatMap((each) => [
      each.address,
      each.sf,
    ]);
    const first = Math.min(...addresses);
    const words = await this.#read(first, Math.max(...addresses) - first + 1);
    const scaleAt = (address: number) => decodeScale(words[address - first] ?? 0x8000);
    const full = decodeRegister(U16, words, full_power.address - first);
    const scale = scaleAt(full_power.sf);
    const chargeStep = scaleAt(charge_rate.sf);
    const dischargeStep = scaleAt(discharge_rate.sf);
    if (full === null || full === 0 || scale === null) {
      throw new ReadBackError('the battery does not say how much power 100 % is');
    }
    if (chargeStep === null || dischargeStep === null) {
      throw new ReadBackError('the battery does not say how it counts percents');
    }
    return { fullW: full * scale, chargeStep, dischargeStep };
  }

  /** Both in one request where they are neighbours: a window is never open on one side. */
  async #writeRates(charge: number, discharge: number): Promise<void> {
    const { charge_rate, discharge_rate } = this.#map;
    const rates = [
      { address: charge_rate.address, word: wordOf(charge) },
      { address: discharge_rate.address, word: wordOf(discharge) },
    ].sort((a, b) => a.address - b.address);
    const [low, high] = rates;
    if (low && high && low.address + 1 === high.address) {
      await this.#write(low.address, Uint16Array.of(low.word, high.word));
      return;
    }
    for (const { address, word } of rates) await this.#writeWord(address, word);
  }

  async #verify(expected: [number, number][]): Promise<void> {
    const addresses = expected.map(([address]) => address);
    const first = Math.min(...addresses);
    const words = await this.#read(first, Math.max(...addresses) - first + 1);
    for (const [address, word] of expected) {
      const found = words[address - first];
      if (found === word) continue;
      throw new ReadBackError(
        `the battery took ${word} in register ${address} of its model and holds ${found}`,
      );
    }
  }

  #writeWord(address: number, word: number): Promise<void> {
    return this.#write(address, Uint16Array.of(word));
  }

  #write(address: number, words: Uint16Array): Promise<void> {
    return this.#atModel((base) => this.#bus.writeHolding(this.#unit, base + address, words));
  }

  #read(address: number, count: number): Promise<Uint16Array> {
    return this.#atModel((base) => this.#bus.readHolding(this.#unit, base + address, count));
  }

  /** A device that was exchanged, or restarted with other models, is discovered anew. */
  async #atModel<T>(work: (base: number) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#base());
    } catch (error) {
      if (isRefusal(error)) this.#start = null;
      throw error;
    }
  }

  async #base(): Promise<number> {
    if (this.#start !== null) return this.#start;
    const { model } = this.#map;
    const bases = await discoverModels(this.#bus, this.#unit, this.#bases, new Set([model]));
    const base = bases.get(model);
    if (base === undefined) throw new SunSpecError(`the battery has no SunSpec model ${model}`);
    this.#start = base;
    return base;
  }
}

function clamp(percent: number): number {
  return Math.min(Math.max(percent, -FULL_PERCENT), FULL_PERCENT);
}

function wordOf(value: number): number {
  return encodeRegister(I16, Math.round(value))[0] ?? 0;
}
