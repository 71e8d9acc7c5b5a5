/**
 * One run over a plant: the agent's own metering and following services, on a clock that is moved
 * from one look to the next, so that nothing is waited for.
 */
import { EventMap } from '../../agent/events.ts';
import { FollowingService } from '../../agent/following.ts';
import { Journal } from '../../agent/journal/journal.ts';
import { JOURNAL_MIGRATIONS } from '../../agent/journal/schema.ts';
import { loadModel } from '../../agent/loads/model.ts';
import { MeteringService } from '../../agent/metering.ts';
import type { Clock, Log } from '../../host/ports.ts';
import { openSql } from '../../host/sqlite.ts';
import { SteppedClock } from '../../host/stepped-clock.ts';
import { applianceLoad, BATTERY, chance, INTERVAL_S, Plant, RELAY_W } from './plant.ts';

export interface RunOptions {
  seed: number;
  intervals: number;
  device: 'battery' | 'relay';
}

/** What one interval came to; energies in Ws. */
export interface FollowedInterval {
  committedWs: number;
  meteredWs: number;
  /** Of the appliances alone: what the home would have drawn, had nothing been done. */
  loadWs: number;
  forecastWs: number;
  /** Whether the battery came to an end of its charge, within half a hundredth. */
  isSaturated: boolean;
}

export interface Run {
  intervals: FollowedInterval[];
  switches: number;
}

/** The relay's load: a heating rod that may be cut at a minute's notice. */
export const RELAY_LOAD = loadModel({
  ...{ name: 'rod', kind: 'interruptible', powerW: RELAY_W, takesSurplus: true },
  ...{ minimumOnMs: 60_000, minimumOffMs: 60_000 },
});

/** Forecasts are wrong by so much of the interval's load at least, and at most. */
const FORECAST_ERROR = [0.2, 0.4] as const;
const START_MS = Date.UTC(2026, 0, 12);
const FIRST = START_MS / (INTERVAL_S * 1000);
const POLL_MS = 1000;
/** The battery is planned between these shares. */
const PLANNED = { low: 0.11, high: 0.94, turnIntervals: 8 };

const quiet: Log = { info() {}, warn() {}, error() {} };

export async function runPlant({ seed, intervals, device }: RunOptions): Promise<Run> {
  const clock = new LabClock(START_MS);
  const loadW = applianceLoad(seed, intervals * INTERVAL_S);
  const plant = new Plant(loadW, seed, () => (clock.now() - START_MS) / 1000);
  const sql = openSql(':memory:', { migrations: JOURNAL_MIGRATIONS });
  const journal = new Journal(sql);
  const calendar = { intervalSeconds: INTERVAL_S };
  const shared = { clock, log: quiet, journal, events: new EventMap(), calendar, pollMs: POLL_MS };
  const following = new FollowingService({
    ...shared,
    battery: device === 'battery' ? { device: plant.battery, limits: BATTERY } : null,
    loads: device === 'relay' ? [{ settings: RELAY_LOAD, relays: [plant.relay] }] : [],
    zone: 'UTC',
    isEnabled: true,
  });
  const metering = new MeteringService({ ...shared, meter: plant.meter, maxPowerW: 20_000 });
  const promises = new Promises(loadW, seed, plant, device);
  const ending = new AbortController();
  try {
    await following.start(ending.signal);
    for (let index = 0; index < intervals; index += 1) {
      await clock.runTo(START_MS + (index * INTERVAL_S - 1) * 1000);
      const committedW = promises.make(index);
      const decidedAtMs = clock.now();
      journal.recordSchedule({ interval: FIRST + index, committedW, untradedW: 0, decidedAtMs });
      if (index === 0) metering.start(ending.signal);
    }
    await clock.runTo(START_MS + intervals * INTERVAL_S * 1000 - 1);
  } finally {
    await metering.stop();
    await following.stop();
    clock.moveTo(START_MS + intervals * INTERVAL_S * 1000);
    plant.live();
    sql.close();
  }
  return { intervals: promises.outcomes(), switches: plant.switches };
}

/** What is promised for each interval, a second before it begins, and what came of it. */
class Promises {
  readonly #loadW: Float64Array;
  readonly #plant: Plant;
  readonly #device: RunOptions['device'];
  readonly #next: () => number;
  readonly #made: { committedWs: number; forecastWs: number; loadWs: number }[] = [];

  constructor(loadW: Float64Array, seed: number, plant: Plant, device: RunOptions['device']) {
    this.#loadW = loadW;
    this.#plant = plant;
    this.#device = device;
    this.#next = chance(seed * 104_729 + 2);
  }

  /** @returns mean W */
  make(index: number): number {
    const loadWs = this.#loadW
      .subarray(index * INTERVAL_S, (index + 1) * INTERVAL_S)
      .reduce((sum, each) => sum + each, 0);
    const [least, most] = FORECAST_ERROR;
    const error = (least + (most - least) * this.#next()) * (this.#next() < 0.5 ? -1 : 1);
    const forecastW = (loadWs / INTERVAL_S) * (1 + error);
    const committedW = Math.round(forecastW + this.#devicesW(index));
    this.#made.push({
      ...{ loadWs, forecastWs: forecastW * INTERVAL_S, committedWs: committedW * INTERVAL_S },
    });
    return committedW;
  }

  /** What the device is planned to take: the battery goes from one end to the other and back. */
  #devicesW(index: number): number {
    if (this.#device === 'relay') return RELAY_W * (0.35 + 0.3 * this.#next());
    const { low, high, turnIntervals } = PLANNED;
    const left = turnIntervals - (index % turnIntervals);
    const goal = Math.floor(index / turnIntervals) % 2 === 0 ? high : low;
    const storedWs = ((goal - this.#plant.share) / left) * BATTERY.capacityWs;
    return storedWs / INTERVAL_S;
  }

  outcomes(): FollowedInterval[] {
    const { netWs, atEndS } = this.#plant;
    return this.#made.map((made, index) => ({
      ...made,
      meteredWs: netWs[index] ?? Number.NaN,
      isSaturated: this.#device === 'battery' && (atEndS[index] ?? 0) > 0,
    }));
  }
}

/** Market and monotonic time in one, moved by hand. */
class LabClock implements Clock {
  readonly #inner: SteppedClock;

  constructor(startMs: number) {
    this.#inner = new SteppedClock(startMs);
  }

  now = () => this.#inner.now();
  monotonicMs = () => this.#inner.now();
  isProven = () => true;
  pacer = () => this.#inner.pacer();
  delay = (ms: number, signal: AbortSignal) => this.#inner.delay(ms, signal);

  async runTo(toMs: number): Promise<void> {
    if (toMs < this.now()) return;
    let next = await this.#inner.advance(this.now());
    while (next !== null && next <= toMs) next = await this.#inner.advance(next);
    await this.#inner.advance(toMs);
  }

  moveTo(toMs: number): void {
    this.#inner.advance(toMs);
  }
}
