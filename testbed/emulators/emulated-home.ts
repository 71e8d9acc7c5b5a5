/**
 * One home as a meter agent sees it: a Modbus TCP server whose registers move with the home's
 * physics. Unit 1 is the electricity meter (Eastron SDM630), unit 2 the battery, unit 3 the relay
 * of the switched load.
 *
 * The physics is integrated exactly, from event to event (segment of the trace, full or empty
 * battery, thermostat, dead-man timer), up to market time whenever anybody asks. So the energy
 * books do not depend on how often the home is polled, only on what it is told to do.
 *
 * Unit 2, input registers (function 4): 0..1 power W int32 (charging positive), 2 charge per mille,
 * 3..4 capacity Wh uint32, 5 highest charging W, 6 highest discharging W, 7 mode (0 automatic, 1 by
 * set-point). Holding registers (3, 16): 0..1 set-point W int32, writing it starts the set-point
 * mode; 2 dead-man seconds (0: none), armed anew by every write; 3 mode. High word first.
 */
import type { HomeSpec } from '../homes/community.ts';
import { mixBits, Seeded } from '../homes/seeded.ts';
import { TRACE_STEP_SECONDS } from '../homes/trace-step.ts';
import { Boiler } from './boiler.ts';
import { CLOUD_WANDERING, HOUSEHOLD_WANDERING, SEGMENT_SECONDS, wander } from './fluctuation.ts';
import { type BatteryMode, LabBattery } from './lab-battery.ts';
import { batteryUnit, relayUnit } from './lab-units.ts';
import { type LineMode, ModbusServer, type ModbusUnit } from './modbus-server.ts';
import { readSdm630 } from './sdm630-registers.ts';

const STEP_MS = TRACE_STEP_SECONDS * 1000;
const SEGMENT_MS = SEGMENT_SECONDS * 1000;
const SEGMENTS = TRACE_STEP_SECONDS / SEGMENT_SECONDS;

/** What the home's own books say of one interval of 15 minutes; all in Ws, none negative. */
export interface HomeInterval {
  interval: number;
  importedWs: number;
  exportedWs: number;
  /** The household without battery and switched load. */
  loadWs: number;
  generationWs: number;
  switchedLoadWs: number;
  chargedWs: number;
  dischargedWs: number;
}

/** The home at this moment. Powers in W, positive into the home, generation positive. */
export interface HomeState {
  atMs: number;
  netW: number;
  loadW: number;
  pvW: number;
  batteryW: number;
  switchedLoadW: number;
  /** 0 to 1; null without a battery. */
  stateOfCharge: number | null;
  batteryMode: BatteryMode | null;
  relayOn: boolean | null;
  /** Share of the boiler's tank that is warm. */
  warmShare: number | null;
}

interface IntervalTrace {
  interval: number;
  load: Float64Array;
  pv: Float64Array;
  drawW: number;
}

export class EmulatedHome {
  readonly spec: HomeSpec;
  readonly battery: LabBattery | null;
  readonly boiler: Boiler | null;
  readonly #server: ModbusServer;
  readonly #now: () => number;
  readonly #seed: number;
  readonly #books = new Map<number, OpenBook>();
  readonly #firstInterval: number;
  /** Counters when the meter was put in: a meter never starts at nothing. */
  readonly #importedAtStartWs: number;
  readonly #exportedAtStartWs: number;
  #importedMws = 0;
  #exportedMws = 0;
  #atMs: number;
  #trace: IntervalTrace;

  /**
   * @param now market time in ms; the home lives from this moment on
   * @param seed of the wandering inside intervals; the spec's traces are fixed already
   */
  constructor(spec: HomeSpec, now: () => number, seed: number) {
    this.spec = spec;
    this.battery = spec.battery ? new LabBattery(spec.battery) : null;
    this.boiler = spec.switchedLoad ? new Boiler(spec.switchedLoad) : null;
    this.#now = now;
    this.#seed = mixBits(seed, ...Buffer.from(spec.name));
    this.#firstInterval = Math.floor(spec.startsAtMs / STEP_MS);
    const meter = new Seeded(this.#seed, 77);
    this.#importedAtStartWs = Math.round(meter.between(100, 1000) * 3_600_000);
    this.#exportedAtStartWs = spec.pvW.some((power) => power > 0)
      ? Math.round(meter.between(100, 1000) * 3_600_000)
      : 0;
    this.#atMs = Math.floor(now());
    this.#trace = this.#traceOf(Math.floor(this.#atMs / STEP_MS));
    this.#server = new ModbusServer(this.#units());
  }

  /** Requests answered well. */
  get reads(): number {
    return this.#server.reads;
  }

  /** Times the relay changed. */
  get relaySwitches(): number {
    return this.boiler?.switches ?? 0;
  }

  set lineMode(mode: LineMode) {
    this.#server.mode = mode;
  }

  get lineMode(): LineMode {
    return this.#server.mode;
  }

  /** @returns the port of the Modbus TCP server. */
  listen(host: string, port = 0): Promise<number> {
    return this.#server.listen(host, port);
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  /** A line of its own to some units, with faults of its own, as where the meter is wired apart. */
  line(units: readonly number[]): ModbusServer {
    return new ModbusServer(new Map([...this.#units()].filter(([unit]) => units.includes(unit))));
  }

  /** Cuts every connection; clients may connect again. */
  hangUp(): void {
    this.#server.hangUp();
  }

  /** Lives up to a moment; one that has passed changes nothing. */
  advance(toMs: number): void {
    const until = Math.floor(toMs);
    while (this.#atMs < until) this.#step(until);
  }

  /** The books of an interval so far; zeros for one that has not begun. */
  interval(interval: number): HomeInterval {
    return closeBook(this.#books.get(interval) ?? openBook(interval));
  }

  /** All books, oldest first; the last one may be of an interval that still runs. */
  intervals(): HomeInterval[] {
    return [...this.#books.values()].map(closeBook);
  }

  /** The home at the last moment it was advanced to; moves nothing. */
  state(): HomeState {
    const flows = this.#flows();
    return {
      atMs: this.#atMs,
      netW: flows.netW,
      loadW: flows.loadW,
      pvW: flows.pvW,
      batteryW: flows.batteryW,
      switchedLoadW: flows.switchedLoadW,
      stateOfCharge: this.battery?.stateOfCharge ?? null,
      batteryMode: this.battery?.mode ?? null,
      relayOn: this.boiler?.relayOn ?? null,
      warmShare: this.boiler?.warmShare ?? null,
    };
  }

  #flows(): Flows {
    const segment = Math.floor((this.#atMs % STEP_MS) / SEGMENT_MS);
    const loadW = this.#trace.load[segment] ?? 0;
    const pvW = this.#trace.pv[segment] ?? 0;
    const switchedLoadW = this.boiler?.powerW() ?? 0;
    const othersW = loadW + switchedLoadW - pvW;
    const batteryW = this.battery?.powerW(othersW) ?? 0;
    return { loadW, pvW, switchedLoadW, batteryW, netW: othersW + batteryW };
  }

  /** To the next event, at most `until`. */
  #step(until: number): void {
    const flows = this.#flows();
    const { drawW } = this.#trace;
    const segmentEnd = (Math.floor(this.#atMs / SEGMENT_MS) + 1) * SEGMENT_MS;
    const end = Math.min(
      until,
      segmentEnd,
      this.battery?.expiresAtMs ?? Number.POSITIVE_INFINITY,
      this.#atMs + (this.battery?.msToLimit(flows.batteryW) ?? Number.POSITIVE_INFINITY),
      this.#atMs + (this.boiler?.msToChange(drawW) ?? Number.POSITIVE_INFINITY),
    );
    const ms = Math.max(0, end - this.#atMs);
    this.#book(flows, ms);
    this.battery?.run(flows.batteryW, ms);
    this.boiler?.run(drawW, ms);
    this.#atMs += ms;
    if (this.battery && this.#atMs >= this.battery.expiresAtMs) this.battery.expire();
    const interval = Math.floor(this.#atMs / STEP_MS);
    if (interval !== this.#trace.interval) this.#trace = this.#traceOf(interval);
  }

  #book(flows: Flows, ms: number): void {
    let book = this.#books.get(this.#trace.interval);
    if (!book) {
      book = openBook(this.#trace.interval);
      this.#books.set(book.interval, book);
    }
    const importedMws = Math.max(0, flows.netW) * ms;
    const exportedMws = Math.max(0, -flows.netW) * ms;
    this.#importedMws += importedMws;
    this.#exportedMws += exportedMws;
    book.importedMws += importedMws;
    book.exportedMws += exportedMws;
    book.loadMws += flows.loadW * ms;
    book.generationMws += flows.pvW * ms;
    book.switchedLoadMws += flows.switchedLoadW * ms;
    book.chargedMws += Math.max(0, flows.batteryW) * ms;
    book.dischargedMws += Math.max(0, -flows.batteryW) * ms;
  }

  #traceOf(interval: number): IntervalTrace {
    const at = (trace: Float64Array): number => {
      const index = (interval - this.#firstInterval) % trace.length;
      return trace[index < 0 ? index + trace.length : index] ?? 0;
    };
    const chance = new Seeded(this.#seed, interval);
    return {
      interval,
      load: wander(at(this.spec.loadW), SEGMENTS, HOUSEHOLD_WANDERING, chance),
      pv: wander(at(this.spec.pvW), SEGMENTS, CLOUD_WANDERING, chance),
      drawW: this.spec.switchedLoad ? Math.round(at(this.spec.switchedLoad.drawW)) : 0,
    };
  }

  #units(): Map<number, ModbusUnit> {
    const live = () => {
      this.advance(this.#now());
      return this.#atMs;
    };
    const units = new Map<number, ModbusUnit>();
    units.set(1, {
      readInput: (address, count) => {
        live();
        return readSdm630(this.#meterValues(), address, count);
      },
    });
    if (this.battery)
      units.set(
        2,
        batteryUnit(this.battery, live, () => this.#flows().batteryW),
      );
    if (this.boiler) units.set(3, relayUnit(this.boiler, live));
    return units;
  }

  #meterValues() {
    return {
      netW: this.#flows().netW,
      importedWs: this.#importedAtStartWs + this.#importedMws / 1000,
      exportedWs: this.#exportedAtStartWs + this.#exportedMws / 1000,
    };
  }
}

type Flows = Pick<HomeState, 'netW' | 'loadW' | 'pvW' | 'batteryW' | 'switchedLoadW'>;

/** An interval's books in whole mWs: sums that come out the same however time was cut. */
interface OpenBook {
  interval: number;
  importedMws: number;
  exportedMws: number;
  loadMws: number;
  generationMws: number;
  switchedLoadMws: number;
  chargedMws: number;
  dischargedMws: number;
}

function openBook(interval: number): OpenBook {
  return {
    interval,
    importedMws: 0,
    exportedMws: 0,
    loadMws: 0,
    generationMws: 0,
    switchedLoadMws: 0,
    chargedMws: 0,
    dischargedMws: 0,
  };
}

function closeBook(book: OpenBook): HomeInterval {
  return {
    interval: book.interval,
    importedWs: book.importedMws / 1000,
    exportedWs: book.exportedMws / 1000,
    loadWs: book.loadMws / 1000,
    generationWs: book.generationMws / 1000,
    switchedLoadWs: book.switchedLoadMws / 1000,
    chargedWs: book.chargedMws / 1000,
    dischargedWs: book.dischargedMws / 1000,
  };
}
