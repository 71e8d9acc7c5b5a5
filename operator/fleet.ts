/** How it is with each meter, from the books alone: what its readings and its reports tell. */
import type { UnixMs } from '../host/ports.ts';
import type { Interval, MarketCalendar } from '../market/intervals.ts';
import { HEALTH, type HealthCode } from '../market/messages.ts';
import type { Books } from './books/books.ts';
import type { StoredHealth } from './books/health.ts';
import type { MeterSummary } from './books/meters.ts';

/** What somebody should look at; the code is stable. */
export interface FleetAlert {
  code: 'silent' | 'two-boards' | 'clock' | 'health' | 'old-version' | 'low-balance' | 'suspended';
  sentence: string;
}

export interface FleetMeter {
  meterId: string;
  feeder: number;
  balanceMicro: string;
  lastReading: { interval: Interval; ageIntervals: number } | null;
  version: string | null;
  clock: { isProven: boolean; source: string } | null;
  health: HealthCode[];
  /** ISO 8601; null: it never reported. */
  reportedAt: string | null;
  alerts: FleetAlert[];
}

export interface Fleet {
  format: 'transax-fleet-1';
  at: string;
  meters: FleetMeter[];
  summary: {
    meters: number;
    good: number;
    /** Meters by alert. */
    alerts: Partial<Record<FleetAlert['code'], number>>;
    /** Boards in whose place another one is. */
    replaced: number;
    /** Addresses that were granted something which these books do not know. */
    strangeGrants: number;
    /** Books that were restored, and wait for what was granted since. */
    isRecovering: boolean;
  };
}

export interface FleetRules {
  calendar: MarketCalendar;
  /** The interval now. */
  interval: Interval;
  nowMs: UnixMs;
  /** Intervals without a reading after which a meter is silent. */
  silentIntervals: number;
  lowBalanceMicro: bigint;
  isRecovering: boolean;
}

const TWO_BOARDS_MS = 7 * 86_400_000;

export function fleetOf(books: Books, rules: FleetRules): Fleet {
  const all = books.meters.summaries(rules.interval);
  const present = all.filter(({ replacedBy }) => replacedBy === null);
  const rows = present.map((meter) => ({ meter, health: books.health.find(meter.meterId) }));
  const newest = newestOf(rows.flatMap(({ health }) => health?.version ?? []));
  const meters = rows.map(({ meter, health }) => fleetMeter(meter, health, { ...rules, newest }));
  const alerts: Fleet['summary']['alerts'] = {};
  for (const code of meters.flatMap((meter) => [
    ...new Set(meter.alerts.map((each) => each.code)),
  ])) {
    alerts[code] = (alerts[code] ?? 0) + 1;
  }
  return {
    format: 'transax-fleet-1',
    at: new Date(rules.nowMs).toISOString(),
    meters,
    summary: {
      meters: meters.length,
      good: meters.filter((meter) => meter.alerts.length === 0).length,
      alerts,
      replaced: all.length - present.length,
      strangeGrants: books.strays.summary(rules.interval).addresses,
      isRecovering: rules.isRecovering,
    },
  };
}

type Rules = FleetRules & { newest: string | null };

function fleetMeter(meter: MeterSummary, health: StoredHealth | null, rules: Rules): FleetMeter {
  const { lastInterval } = meter.readings;
  return {
    meterId: meter.meterId,
    feeder: meter.feeder,
    balanceMicro: meter.balanceMicro.toString(),
    lastReading:
      lastInterval === null
        ? null
        : { interval: lastInterval, ageIntervals: rules.interval - 1 - lastInterval },
    version: health?.version ?? null,
    clock: health === null ? null : { isProven: health.clockProven, source: health.clockSource },
    health: health?.codes ?? [],
    reportedAt: health === null ? null : new Date(health.atMs).toISOString(),
    alerts: alertsOf(meter, health, rules),
  };
}

function alertsOf(meter: MeterSummary, health: StoredHealth | null, rules: Rules): FleetAlert[] {
  const found: FleetAlert[] = [];
  const add = (code: FleetAlert['code'], sentence: string) => found.push({ code, sentence });
  const { lastInterval } = meter.readings;
  const age = lastInterval === null ? null : rules.interval - 1 - lastInterval;
  if (age === null) add('silent', 'no reading yet');
  else if (age > rules.silentIntervals) add('silent', `no reading for ${age} intervals`);
  if (meter.suspended) add('suspended', 'suspended');
  const twoBoardsAtMs = health?.twoBoardsAtMs ?? null;
  if (twoBoardsAtMs !== null && rules.nowMs - twoBoardsAtMs < TWO_BOARDS_MS) {
    const at = new Date(twoBoardsAtMs).toISOString();
    add('two-boards', `two boards report with one key, last at ${at}: see meter replace`);
  }
  if (health !== null && !health.clockProven) add('clock', 'its clock is not proven good');
  for (const code of health?.codes ?? []) {
    if (code !== 'clock') add('health', HEALTH[code]);
  }
  if (health !== null && rules.newest !== null && isOlder(health.version, rules.newest)) {
    add('old-version', `version ${health.version}, the newest is ${rules.newest}`);
  }
  if (meter.balanceMicro < rules.lowBalanceMicro) add('low-balance', 'its account is low');
  return found;
}

function newestOf(versions: readonly string[]): string | null {
  return versions.reduce<string | null>(
    (newest, each) => (newest === null || isOlder(newest, each) ? each : newest),
    null,
  );
}

/** By the numbers, as 0.9 is older than 0.10. */
function isOlder(version: string, than: string): boolean {
  const parts = (text: string) => (text.match(/\d+/g) ?? []).map(Number);
  const [own, other] = [parts(version), parts(than)];
  for (let at = 0; at < Math.max(own.length, other.length); at += 1) {
    const difference = (own[at] ?? 0) - (other[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
