/** A simulated home with its metering and following services, on a clock that the test moves. */
import { EventMap } from '../../agent/events.ts';
import { FollowingService } from '../../agent/following.ts';
import { Journal } from '../../agent/journal/journal.ts';
import { JOURNAL_MIGRATIONS } from '../../agent/journal/schema.ts';
import { dailyNeed, type LoadModel, loadModel } from '../../agent/loads/model.ts';
import { MeteringService } from '../../agent/metering.ts';
import type { Log } from '../../host/ports.ts';
import { openSql } from '../../host/sqlite.ts';
import { fillable } from './fillable-sql.ts';
import { ManualClock } from './manual-clock.ts';
import { type HomeOptions, SimulatedHome } from './simulated-home.ts';

export const FIRST = 1_980_000;
export const START_MS = FIRST * 900_000;

export interface FollowedHome {
  clock: ManualClock;
  home: SimulatedHome;
  journal: Journal;
  following: FollowingService;
  disk: { isFull: boolean };
  /** Runs to a second since the start. */
  runTo(second: number): Promise<void>;
  /** What interval `index` is held to, W. */
  schedule(index: number, committedW: number, untradedW?: number): void;
  planLoads(index: number, loadsW: number): void;
  /** 100 * sum |metered - target| / sum |target| over intervals from `first` on, before `end`. */
  errorPercent(first: number, end: number): number;
}

export interface FollowOptions extends HomeOptions {
  pollS?: number;
  isEnabled?: boolean;
  hasBattery?: boolean;
  boiler?: Partial<LoadModel> | null;
}

const quiet: Log = { info() {}, warn() {}, error() {} };

const BOILER = loadModel({
  ...{ name: 'boiler', powerW: 2000, need: dailyNeed(4 * 3_600_000) },
  ...{ minimumOnMs: 600_000, minimumOffMs: 300_000 },
});

export async function withFollowedHome(
  options: FollowOptions,
  work: (followed: FollowedHome) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock(START_MS);
  const home = new SimulatedHome(() => clock.trueMs(), START_MS, options);
  const disk = { isFull: false };
  const sql = openSql(':memory:', { migrations: JOURNAL_MIGRATIONS });
  const journal = new Journal(fillable(sql, () => disk.isFull));
  const events = new EventMap();
  const calendar = { intervalSeconds: 900 };
  const pollMs = (options.pollS ?? 75) * 1000;
  const shared = { clock, log: quiet, journal, events, calendar, pollMs };
  const limits = {
    ...{ capacityWs: options.capacityWs ?? 36e6, lowShare: 0.1, highShare: 0.95 },
    ...{ chargeW: 5000, dischargeW: 5000, efficiency: 0.9 },
  };
  const { boiler } = options;
  const following = new FollowingService({
    ...shared,
    battery: options.hasBattery === false ? null : { device: home.battery, limits },
    loads: boiler ? [{ settings: { ...BOILER, ...boiler }, relays: [home.relay] }] : [],
    zone: 'UTC',
    isEnabled: options.isEnabled ?? true,
  });
  const metering = new MeteringService({ ...shared, meter: home.meter, maxPowerW: 20_000 });
  const ending = new AbortController();
  try {
    await following.start(ending.signal);
    metering.start(ending.signal);
    const runTo = (second: number) => clock.runTo(START_MS + second * 1000);
    const parts = { clock, home, journal, following, disk, runTo };
    await work({ ...parts, ...bookkeeping(clock, home, journal) });
  } finally {
    await metering.stop();
    await following.stop();
    sql.close();
  }
}

function bookkeeping(clock: ManualClock, home: SimulatedHome, journal: Journal) {
  const targetsWs = new Map<number, number>();
  return {
    schedule(index: number, committedW: number, untradedW = 0): void {
      targetsWs.set(index, (committedW + untradedW) * 900);
      const decidedAtMs = clock.now();
      journal.recordSchedule({ interval: FIRST + index, committedW, untradedW, decidedAtMs });
    },
    planLoads(index: number, loadsW: number): void {
      const interval = FIRST + index;
      const rest = { batteryW: 0, plannedW: 0, code: null, sentence: null };
      journal.recordPlan(interval - 1, [], [{ interval, madeIn: interval - 1, loadsW, ...rest }]);
    },
    errorPercent(first: number, end: number): number {
      let error = 0;
      let total = 0;
      for (let i = first; i < end; i++) {
        const target = targetsWs.get(i) ?? Number.NaN;
        error += Math.abs((home.netWs[i] ?? Number.NaN) - target);
        total += Math.abs(target);
      }
      return (100 * error) / total;
    },
  };
}
