/**
 * Makes the bill of each local day once it is over (strategy/daily-bill.ts), from the journal: what
 * the home paid, and what it would have paid without the market.
 */
import { type Clock, type Log, SqlError } from '../host/ports.ts';
import type { Interval } from '../market/intervals.ts';
import type { AgentSettings } from './config.ts';
import type { EventMap } from './events.ts';
import type { BillRow } from './journal/bill-records.ts';
import type { ControlledPower } from './journal/controlled.ts';
import type { Journal } from './journal/journal.ts';
import { planningLimits } from './strategy/battery.ts';
import { type BilledInterval, billOf } from './strategy/daily-bill.ts';
import { HomeTime } from './strategy/home-time.ts';
import { pricesAt, type Tariff } from './strategy/tariff.ts';

export interface BillingOptions {
  settings: Pick<AgentSettings, 'battery' | 'home'>;
  intervalSeconds: number;
  clock: Clock;
  log: Log;
  events: EventMap;
  journal: Journal;
  controlled: ControlledPower;
  /** Null while it is not known. */
  tariffAt: (interval: Interval) => Tariff | null;
}

/** After an outage so many days are made up for. */
const MOST_DAYS_BACK = 7;

export class BillingService {
  readonly #o: BillingOptions;
  readonly #time: HomeTime;

  constructor(options: BillingOptions) {
    this.#o = options;
    this.#time = new HomeTime(options.settings.home.zone);
  }

  start(signal: AbortSignal): void {
    // Services that close the day's last interval were told before: its row is there.
    this.#o.events.on('interval-closed', ({ interval }) => {
      if (!signal.aborted) this.#closed(interval);
    });
  }

  /** Days that ended with or before an interval, and have no bill yet. */
  #closed(interval: Interval): void {
    const seconds = this.#o.intervalSeconds;
    if (!this.#o.clock.isProven()) return;
    // At the first moment of a day the day before is over.
    const running = (interval + 1) * seconds;
    const today = this.#time.dayStart(running);
    if (today > interval * seconds) this.#makeUpTo(today);
  }

  #makeUpTo(today: number): void {
    const { journal, intervalSeconds } = this.#o;
    const last = journal.bills.last(1)[0];
    const days: number[] = [];
    let day = today;
    for (let back = 0; back < MOST_DAYS_BACK; back += 1) {
      day = this.#time.dayStart(day - 1);
      if (last !== undefined && day <= last.firstInterval * intervalSeconds) break;
      days.push(day);
    }
    for (const start of days.reverse()) this.#make(start);
  }

  #make(start: number): void {
    const { journal, intervalSeconds, settings, log } = this.#o;
    const first = Math.ceil(start / intervalSeconds);
    const end = Math.ceil(this.#time.nextDayStart(start) / intervalSeconds);
    const known = this.#known(first, end - 1);
    if (known.length === 0) return;
    const bill = billOf(known, intervalSeconds, settings.battery, this.#aloneStoredWs());
    const intervals = end - first;
    const row: BillRow = {
      ...{ ...bill, firstInterval: first, intervals },
      missing: intervals - known.length,
    };
    try {
      journal.bills.record(row);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      log.error("the day's bill could not be written to the journal", { cause: error.message });
    }
  }

  /** As the day before left it; at first half of the window. */
  #aloneStoredWs(): number {
    const { battery } = this.#o.settings;
    if (battery === null) return 0;
    const before = this.#o.journal.bills.last(1)[0]?.aloneStoredWs ?? null;
    const { lowWs, highWs } = planningLimits(battery);
    return before ?? (lowWs + highWs) / 2;
  }

  #known(first: Interval, last: Interval): BilledInterval[] {
    const { journal, controlled, intervalSeconds: seconds, settings, tariffAt } = this.#o;
    const battery = settings.battery === null ? null : controlled.batteryBetween(first, last);
    const schedules = journal.schedules(first, last);
    const traded = new Map(schedules.map((row) => [row.interval, row.committedW]));
    return journal.readings(first, last).flatMap((reading) => {
      const { interval, importedWs, exportedWs } = reading;
      const batteryW = battery === null ? 0 : battery.get(interval);
      const tariff = tariffAt(interval);
      if (importedWs === null || exportedWs === null || tariff === null) return [];
      if (batteryW === undefined) return [];
      return {
        ...{ interval, importedWs, exportedWs, batteryWs: batteryW * seconds },
        tradedWs: (traded.get(interval) ?? 0) * seconds,
        prices: pricesAt(tariff, interval, seconds),
      };
    });
  }
}
