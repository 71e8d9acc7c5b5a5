/** A house whose meter is exact, metered by the service under a clock that a test moves. */
import type { Meter, MeterValues } from '../../agent/drivers/meter.ts';
import { type AgentEvents, EventMap, type Sample } from '../../agent/events.ts';
import { Journal } from '../../agent/journal/journal.ts';
import { JOURNAL_MIGRATIONS } from '../../agent/journal/schema.ts';
import { MeteringService } from '../../agent/metering.ts';
import { BusError, type Log } from '../../host/ports.ts';
import { openSql } from '../../host/sqlite.ts';
import { fillable } from './fillable-sql.ts';
import { ManualClock, type Watch } from './manual-clock.ts';

export const FIRST = 1_980_000;
export const START_MS = FIRST * 900_000;
export const S = 1000;

const quiet: Log = { info() {}, warn() {}, error() {} };

type GuardOf = (clock: ManualClock) => Watch;

export interface House {
  clock: ManualClock;
  journal: Journal;
  metering: MeteringService;
  samples: Sample[];
  /** Other events, as `name value`. */
  heard: string[];
  meter: { powerW: number; fails: boolean; importedWs: number; counterOffsetWs: number };
  looks: number;
  disk: { isFull: boolean };
  /** Ends the service as kill -9 would: nothing is written. */
  restart(): void;
}

interface HouseOptions {
  startMs?: number;
  pollMs?: number;
  isProven?: boolean;
  guard?: GuardOf;
  /** The market clock less the truth at the start. */
  apartMs?: number;
}

function clockOf(options: HouseOptions): ManualClock {
  const clock = new ManualClock(options.startMs ?? START_MS);
  clock.setApartMs = options.apartMs ?? 0;
  clock.isTimeProven = options.isProven ?? true;
  if (options.guard !== undefined) clock.watch = options.guard(clock);
  return clock;
}

/** A house that draws `powerW`; its meter is exact. */
export async function withHouse(
  options: HouseOptions,
  work: (house: House) => Promise<void>,
): Promise<void> {
  const clock = clockOf(options);
  const sql = openSql(':memory:', { migrations: JOURNAL_MIGRATIONS });
  const openJournal = () => {
    const disk = { isFull: false };
    return { disk, journal: new Journal(fillable(sql, () => disk.isFull)) };
  };
  const state = { powerW: 1000, fails: false, importedWs: 36e9, counterOffsetWs: 0 };
  let countedAtMs = clock.trueMs();
  const read = async (): Promise<MeterValues> => {
    house.looks += 1;
    state.importedWs += (state.powerW * (clock.trueMs() - countedAtMs)) / 1000;
    countedAtMs = clock.trueMs();
    if (state.fails) throw new BusError('timeout', 'no answer');
    const importedWs = state.importedWs + state.counterOffsetWs;
    return { powerW: state.powerW, counters: { importedWs, exportedWs: 0, stepWs: 0 } };
  };
  const meter: Meter = { readFast: read, readCounters: read, readAll: async () => new Map() };
  let ending = new AbortController();
  const begin = (journal: Journal) => {
    const events = new EventMap();
    events.on('sample', (sample) => void house.samples.push(sample));
    for (const kind of ['meter-silent', 'interval-closed'] as const) {
      events.on(kind, (payload: AgentEvents[typeof kind]) => {
        house.heard.push(`${kind} ${Object.values(payload).join()}`);
      });
    }
    const calendar = { intervalSeconds: 900 };
    const pollMs = options.pollMs ?? 10 * S;
    return new MeteringService({
      ...{ clock, log: quiet, journal, events, meter, calendar, pollMs },
      maxPowerW: 11_000,
    });
  };
  const opened = openJournal();
  const house: House = {
    ...{ clock, samples: [], heard: [], meter: state, looks: 0, ...opened },
    metering: begin(opened.journal),
    restart() {
      house.disk.isFull = true;
      ending.abort();
      ending = new AbortController();
      Object.assign(house, openJournal());
      house.metering = begin(house.journal);
      house.metering.start(ending.signal);
    },
  };
  house.metering.start(ending.signal);
  try {
    await work(house);
  } finally {
    ending.abort();
    await house.metering.stop();
    sql.close();
  }
}

/** `interval energy quality` of all readings, intervals counted from the first. */
export function readingsOf(journal: Journal): string[] {
  return journal
    .readings(0, 2 ** 32)
    .map((each) => `${each.interval - FIRST} ${each.importedWs} ${each.quality}`);
}
