/**
 * The fixed plant of `npm run bench:follow`: a home on a scale of seconds, one second a step.
 *
 * - Appliances: a base that wanders over the day, and one that switches 2 kW on for 1 to 3 minutes
 *   and off for 1 to 3 minutes, all the time.
 * - The meter shows the power of a second ago in whole W, and counters of a second ago in whole Wh.
 * - The battery obeys 3 s after a set-point, changes by 500 W/s, and does 3 % more (even seeds) or
 *   less (odd seeds) than it was told; what it says of itself is as wrong, so that the meter alone
 *   shows it. At either end of its charge it stops.
 * - A relay of 2 kW acts at once.
 */
import type { Battery } from '../../agent/drivers/battery.ts';
import type { Meter, MeterValues } from '../../agent/drivers/meter.ts';
import type { Relay } from '../../host/ports.ts';

export const INTERVAL_S = 900;
export const RELAY_W = 2000;
export const BATTERY = {
  ...{ capacityWs: 4 * 3_600_000, chargeW: 5000, dischargeW: 5000 },
  ...{ lowShare: 0.1, highShare: 0.95, efficiency: 0.9 },
} as const;

const APPLIANCE_W = 2000;
const BASE_W = 350;
const DELAY_S = 3;
const RAMP_W_PER_S = 500;
const GAIN_ERROR = 0.03;
const COUNTER_WS = 3600;
/** Of the capacity. */
const NEAR_END = 0.005;

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Power of the appliances by second, W. */
export function applianceLoad(seed: number, seconds: number): Float64Array {
  const next = chance(seed * 7919 + 1);
  const loadW = new Float64Array(seconds);
  for (let s = 0; s < seconds; s += 1) {
    const day = Math.sin((2 * Math.PI * s) / 86_400 + seed);
    loadW[s] = Math.round(BASE_W + 150 * day + 40 * (next() - 0.5));
  }
  const phaseS = () => 60 + Math.floor(next() * 121);
  for (let s = Math.floor(next() * 180); s < seconds; s += phaseS()) {
    const end = Math.min(seconds, s + phaseS());
    for (; s < end; s += 1) loadW[s] = (loadW[s] ?? 0) + APPLIANCE_W;
  }
  return loadW;
}

export class Plant {
  readonly meter: Meter;
  readonly battery: Battery;
  readonly relay: Relay;
  /** True net energy of each interval, Ws. */
  readonly netWs: number[] = [];
  /** Seconds of each interval that the battery spent at an end of its charge. */
  readonly atEndS: number[] = [];
  switches = 0;
  share: number;
  readonly #loadW: Float64Array;
  readonly #nowS: () => number;
  readonly #gain: number;
  #second = 0;
  #batteryW = 0;
  #isRelayOn = false;
  #orders: { atS: number; powerW: number }[] = [];
  #shown = { powerW: 0, importedWs: 3.6e9, exportedWs: 3.6e9 };
  #importedWs = 3.6e9;
  #exportedWs = 3.6e9;

  /** @param nowS seconds since the start */
  constructor(loadW: Float64Array, seed: number, nowS: () => number, share = 0.5) {
    this.#loadW = loadW;
    this.#nowS = nowS;
    this.#gain = 1 + (seed % 2 === 0 ? GAIN_ERROR : -GAIN_ERROR);
    this.share = share;
    const read = async (): Promise<MeterValues> => {
      this.live();
      const { powerW, importedWs, exportedWs } = this.#shown;
      const told = (ws: number) => Math.floor(ws / COUNTER_WS) * COUNTER_WS;
      const counters = { importedWs: told(importedWs), exportedWs: told(exportedWs) };
      return { powerW: Math.round(powerW), counters: { ...counters, stepWs: COUNTER_WS } };
    };
    this.meter = { readFast: read, readCounters: read, readAll: async () => new Map() };
    this.battery = {
      read: async () => {
        this.live();
        return { powerW: Math.round(this.#batteryW / this.#gain), stateOfCharge: this.#told() };
      },
      setPoint: async (powerW) => this.#order(powerW),
      automatic: async () => this.#order(0),
    };
    this.relay = {
      set: async (on) => {
        this.live();
        if (on !== this.#isRelayOn) this.switches += 1;
        this.#isRelayOn = on;
      },
      read: async () => this.#isRelayOn,
    };
  }

  /** Lives up to now. */
  live(): void {
    while (this.#second < this.#nowS()) this.#step();
  }

  /** In steps of a tenth of a per cent. */
  #told(): number {
    return Math.round(this.share * 1000) / 1000;
  }

  #order(powerW: number): void {
    this.live();
    this.#orders = [...this.#orders.slice(-9), { atS: this.#second, powerW }];
  }

  #step(): void {
    const s = this.#second;
    const interval = Math.floor(s / INTERVAL_S);
    this.#moveBattery(interval);
    const netW = (this.#loadW[s] ?? 0) + this.#batteryW + (this.#isRelayOn ? RELAY_W : 0);
    // What is shown from now on was true at the beginning of this second.
    this.#shown = { powerW: netW, importedWs: this.#importedWs, exportedWs: this.#exportedWs };
    this.#importedWs += Math.max(0, netW);
    this.#exportedWs += Math.max(0, -netW);
    this.netWs[interval] = (this.netWs[interval] ?? 0) + netW;
    this.#second += 1;
  }

  #moveBattery(interval: number): void {
    const order = this.#orders.filter(({ atS }) => atS + DELAY_S <= this.#second).at(-1);
    const limitW = BATTERY.chargeW * this.#gain;
    let wantedW = Math.min(limitW, Math.max(-limitW, (order?.powerW ?? 0) * this.#gain));
    const { lowShare, highShare } = BATTERY;
    if (this.share >= highShare - NEAR_END || this.share <= lowShare + NEAR_END) {
      this.atEndS[interval] = (this.atEndS[interval] ?? 0) + 1;
    }
    if (wantedW > 0 && this.share >= highShare + NEAR_END) wantedW = 0;
    if (wantedW < 0 && this.share <= lowShare - NEAR_END) wantedW = 0;
    const step = Math.min(RAMP_W_PER_S, Math.max(-RAMP_W_PER_S, wantedW - this.#batteryW));
    this.#batteryW += step;
    const oneWay = Math.sqrt(BATTERY.efficiency);
    const stored = this.#batteryW > 0 ? this.#batteryW * oneWay : this.#batteryW / oneWay;
    this.share = Math.min(1, Math.max(0, this.share + stored / BATTERY.capacityWs));
  }
}
