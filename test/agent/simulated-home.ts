/**
 * A home of whole seconds for tests of the follower: a load, a battery that acts late and ramps, a
 * boiler behind a relay, and a meter with counters. Its devices are the ports' own interfaces.
 */
import type { Battery } from '../../agent/drivers/battery.ts';
import type { Meter, MeterValues } from '../../agent/drivers/meter.ts';
import { BusError, type Relay } from '../../host/ports.ts';

export interface HomeOptions {
  /** Load without battery and boiler at a second since the start, W. */
  loadW: (second: number) => number;
  capacityWs?: number;
  batteryW?: number;
  /** State of charge at the start. */
  share?: number;
  /** The battery obeys so many seconds after a set-point, and changes by so much a second. */
  delayS?: number;
  rampWPerS?: number;
  boilerW?: number;
}

type Fault = 'meter' | 'battery' | 'relay';

export class SimulatedHome {
  readonly faults = new Set<Fault>();
  readonly meter: Meter;
  readonly battery: Battery;
  readonly relay: Relay;
  /** `on 120`, `off 900`: what the relay was told, and at which second. */
  readonly switches: string[] = [];
  mode: 'automatic' | 'set-point' = 'set-point';
  isRelayOn = false;
  batteryW = 0;
  share: number;
  importedWs = 5e9;
  exportedWs = 3e9;
  /** Net energy of each interval of 900 s since the start. */
  readonly netWs: number[] = [];
  readonly #options: Required<HomeOptions>;
  readonly #nowS: () => number;
  #second = 0;
  #orders: { fromS: number; powerW: number }[] = [];
  #deadManS = 0;

  /** @param nowMs true time, @param startMs of the home's first second */
  constructor(nowMs: () => number, startMs: number, options: HomeOptions) {
    this.#options = {
      ...{ capacityWs: 36e6, batteryW: 5000, share: 0.5, delayS: 0, rampWPerS: 1e9 },
      ...{ boilerW: 2000, ...options },
    };
    this.share = this.#options.share;
    this.#nowS = () => (nowMs() - startMs) / 1000;
    this.meter = this.#meter();
    this.battery = this.#battery();
    this.relay = {
      set: async (on) => {
        this.#live('relay');
        if (on !== this.isRelayOn) this.switches.push(`${on ? 'on' : 'off'} ${this.#second}`);
        this.isRelayOn = on;
      },
      read: async () => {
        this.#live('relay');
        return this.isRelayOn;
      },
    };
  }

  /** Lives up to now. */
  #live(device: Fault): void {
    while (this.#second + 1 <= this.#nowS()) this.#live1();
    if (this.faults.has(device)) throw new BusError('timeout', `no answer of the ${device}`);
  }

  #netW(): number {
    const { loadW, boilerW } = this.#options;
    return loadW(this.#second) + (this.isRelayOn ? boilerW : 0) + this.batteryW;
  }

  #live1(): void {
    this.#moveBattery();
    const netW = this.#netW();
    this.importedWs += Math.max(0, netW);
    this.exportedWs += Math.max(0, -netW);
    const interval = Math.floor(this.#second / 900);
    this.netWs[interval] = (this.netWs[interval] ?? 0) + netW;
    this.#second += 1;
  }

  #moveBattery(): void {
    const { loadW, boilerW, batteryW, delayS, rampWPerS, capacityWs } = this.#options;
    const last = this.#orders.at(-1);
    if (last && this.#deadManS > 0 && this.#second > last.fromS + this.#deadManS) {
      this.mode = 'automatic';
    }
    const order = this.#orders.filter(({ fromS }) => fromS + delayS <= this.#second).at(-1);
    const othersW = loadW(this.#second) + (this.isRelayOn ? boilerW : 0);
    let wantedW = this.mode === 'automatic' ? -othersW : (order?.powerW ?? 0);
    wantedW = Math.min(batteryW, Math.max(-batteryW, wantedW));
    if ((wantedW > 0 && this.share >= 1) || (wantedW < 0 && this.share <= 0)) wantedW = 0;
    const step = Math.min(rampWPerS, Math.max(-rampWPerS, wantedW - this.batteryW));
    this.batteryW += step;
    const oneWay = Math.sqrt(0.9);
    const stored = this.batteryW > 0 ? this.batteryW * oneWay : this.batteryW / oneWay;
    this.share = Math.min(1, Math.max(0, this.share + stored / capacityWs));
  }

  #meter(): Meter {
    const read = async (): Promise<MeterValues> => {
      this.#live('meter');
      // As a float32 of kWh tells them.
      const told = (ws: number) => Math.round(ws / 220) * 220;
      const counters = {
        importedWs: told(this.importedWs),
        exportedWs: told(this.exportedWs),
        stepWs: 220,
      };
      return { powerW: this.#netW(), counters };
    };
    return { readFast: read, readCounters: read, readAll: async () => new Map() };
  }

  #battery(): Battery {
    return {
      read: async () => {
        this.#live('battery');
        return { powerW: this.batteryW, stateOfCharge: Math.round(this.share * 1000) / 1000 };
      },
      setPoint: async (powerW, deadManSeconds) => {
        this.#live('battery');
        this.#orders = [...this.#orders.slice(-9), { fromS: this.#second, powerW }];
        this.#deadManS = deadManSeconds;
        this.mode = 'set-point';
      },
      automatic: async () => {
        this.#live('battery');
        this.mode = 'automatic';
      },
    };
  }
}
