/**
 * What `GET /status` on the agent's socket says, and `transax-agent status` prints: how it is with
 * meter, clock, chain, DSO and wallet, what is planned and why, what the home is held to. Never an
 * address or a key. Fields are only added within a major release.
 */
import { oneOfEachOrigin } from '../chain/agreed-feed.ts';
import type { Clock, Transport } from '../host/ports.ts';
import type { GridFacts } from '../market/grid.ts';
import { type Interval, intervalAt } from '../market/intervals.ts';
import { connectionText } from './config/buses.ts';
import { type AgentSettings, gridMeter } from './config.ts';
import { WITHOUT } from './countermeasures.ts';
import type { FollowingStatus } from './following.ts';
import type { BillRow } from './journal/bill-records.ts';
import type { Journal } from './journal/journal.ts';
import type { PlanRow, ScheduleRow } from './journal/rows.ts';
import type { MeteringStatus } from './metering.ts';
import type { SettlingStatus } from './settling.ts';
import type { SideMeterStatus } from './side-metering.ts';
import type { SolvingStatus } from './solving.ts';
import type { Plan } from './strategy/plan.ts';
import type { TradingStatus } from './trading/trading-status.ts';
import { VERSION } from './version.ts';

export interface BusStatus {
  name: string;
  connection: string;
  good: number;
  failed: number;
  reconnects: number;
}

export interface AgentStatus {
  format: 'transax-status-1';
  version: string;
  /** Market time, ISO 8601 in UTC, and its interval. */
  at: string;
  interval: Interval;
  intervalSeconds: number;
  zone: string;
  grid: { name: string; issue: number; chainId: number };
  state: 'good' | 'degraded';
  /** What is wrong, with what to do; empty when `good`. */
  problems: string[];
  /** What is right, but not for everyday use: settings of a lab. */
  warnings: string[];
  meter: {
    profile: string;
    powerW: number | null;
    ageSeconds: number | null;
    isSilent: boolean;
    unwrittenIntervals: number;
  };
  /** The other meters in the house. */
  meters: SideMeterStatus[];
  buses: BusStatus[];
  clock: { isProven: boolean };
  /** How chain and DSO are reached: where Tor listens (null: not through Tor), and what hinders. */
  transport: { kind: Transport['kind']; socks: string | null; problem: string | null };
  chain: TradingStatus['chain'] | null;
  dso: TradingStatus['dso'] | null;
  /** Money in millionths of the currency, as text. */
  account: { feeder: number; balanceMicro: string; maxPowerW: number; askedAt: string } | null;
  wallet: {
    isOpen: boolean;
    addresses: Record<string, number>;
    problem: string | null;
    /** Whether the words that restore it are on paper; null: not known. */
    isBackedUp: boolean | null;
  };
  offers: TradingStatus['live'];
  commitments: TradingStatus['commitments'];
  notes: string[];
  plan: { madeIn: Interval; slots: PlanSlotStatus[] } | null;
  schedule: (ScheduleRow & { targetW: number })[];
  /** Of the last day that is over; null before the first. */
  bill: BillRow | null;
  following: FollowingStatus;
  settling: SettlingStatus | null;
  /** Null where this agent is no solver. */
  solver: SolvingStatus | null;
  journalBytes: number;
}

export interface PlanSlotStatus extends PlanRow {
  p10W: number;
  p50W: number;
  p90W: number;
  method: string;
}

export interface StatusInput {
  settings: AgentSettings;
  facts: GridFacts;
  clock: Clock;
  transport: Pick<Transport, 'kind' | 'problem'>;
  journal: Journal;
  buses: BusStatus[];
  metering: MeteringStatus;
  sideMeters: SideMeterStatus[];
  following: FollowingStatus;
  trading: TradingStatus | null;
  settling: SettlingStatus | null;
  solving: SolvingStatus | null;
  plan: Plan | null;
  wallet: { addresses: Record<string, number>; isBackedUp: boolean } | null;
  walletProblem: string | null;
}

/** Slots of the plan that are shown. */
const SHOWN_SLOTS = 8;

export function statusOf(input: StatusInput): AgentStatus {
  const { settings, facts, clock, journal, metering, trading } = input;
  const nowMs = clock.now();
  const interval = intervalAt(facts.calendar, nowMs / 1000);
  const account = trading?.account ?? null;
  const problems = problemsOf(input);
  return {
    format: 'transax-status-1',
    version: VERSION,
    at: new Date(nowMs).toISOString(),
    interval,
    intervalSeconds: facts.calendar.intervalSeconds,
    zone: settings.home.zone,
    grid: { name: facts.name, issue: facts.issue, chainId: facts.chainId },
    state: problems.length === 0 ? 'good' : 'degraded',
    problems,
    warnings: [...warningsOf(input), ...backupWarnings(input.wallet)],
    meter: {
      profile: gridMeter(settings).profile,
      powerW: metering.last?.powerW ?? null,
      ageSeconds:
        metering.last === null ? null : (clock.monotonicMs() - metering.last.monotonicMs) / 1000,
      isSilent: metering.isSilent,
      unwrittenIntervals: metering.unwritten,
    },
    meters: input.sideMeters,
    buses: input.buses,
    clock: { isProven: clock.isProven() },
    transport: transportStatus(input),
    chain: trading?.chain ?? null,
    dso: trading?.dso ?? null,
    account:
      account === null
        ? null
        : {
            feeder: account.feeder,
            balanceMicro: account.balanceMicro.toString(),
            maxPowerW: account.maxPowerW,
            askedAt: new Date(account.askedAtMs).toISOString(),
          },
    wallet: {
      isOpen: input.wallet !== null,
      addresses: input.wallet?.addresses ?? {},
      problem: input.walletProblem,
      isBackedUp: input.wallet?.isBackedUp ?? null,
    },
    offers: trading?.live ?? [],
    commitments: trading?.commitments ?? [],
    notes: trading?.notes ?? [],
    plan: input.plan === null ? null : planStatus(input.plan),
    schedule: journal
      .schedules(interval, interval + facts.calendar.horizonIntervals)
      .map((row) => ({ ...row, targetW: row.committedW + row.untradedW })),
    bill: journal.bills.last(1)[0] ?? null,
    following: input.following,
    settling: input.settling,
    solver: input.solving,
    journalBytes: journal.bytesOnDisk(),
  };
}

function transportStatus({ transport, settings }: StatusInput): AgentStatus['transport'] {
  const { kind } = transport;
  return { kind, socks: kind === 'tor' ? settings.tor.socks : null, problem: transport.problem() };
}

function planStatus(plan: Plan): NonNullable<AgentStatus['plan']> {
  const slots = plan.slots.slice(0, SHOWN_SLOTS).map((slot) => ({
    interval: slot.interval,
    madeIn: plan.madeIn,
    batteryW: slot.batteryW,
    loadsW: slot.loadsW,
    plannedW: slot.plannedW,
    code: slot.reason?.code ?? null,
    sentence: slot.reason?.sentence ?? null,
    p10W: Math.round(slot.forecast.p10W),
    p50W: Math.round(slot.forecast.p50W),
    p90W: Math.round(slot.forecast.p90W),
    method: slot.forecast.method,
  }));
  return { madeIn: plan.madeIn, slots };
}

/** Each with what it means and what to do. */
function problemsOf(input: StatusInput): string[] {
  const { metering, clock, journal, settling, trading, settings } = input;
  const found: string[] = [];
  const { bus, unit, profile } = gridMeter(settings);
  const connection = settings.buses.find(({ name }) => name === bus)?.connection;
  const place = connection === undefined ? bus : connectionText(connection);
  if (metering.isSilent || metering.last === null) {
    found.push(
      `the meter at ${place} gives no good answer: check its power, wiring, unit ${unit} ` +
        `and profile ${profile}`,
    );
  }
  for (const { name, problem } of input.sideMeters) {
    if (problem !== null) found.push(`the meter ${name} cannot be read: ${problem}`);
  }
  if (!clock.isProven()) found.push('the clock is not proven good: check time synchronisation');
  if (!journal.isWritable) found.push('the journal cannot be written: check the disk');
  if (input.walletProblem !== null) {
    found.push(`the wallet cannot be used, so this home does not trade: ${input.walletProblem}`);
  }
  const stuck = input.transport.problem();
  if (stuck !== null) found.push(stuck);
  const isOfIt = (text: string) => stuck !== null && text.includes(stuck);
  for (const { origin, problem } of trading?.chain.endpoints ?? []) {
    if (problem !== null && !isOfIt(problem))
      found.push(`the endpoint ${origin} is not counted: ${problem}`);
  }
  for (const obstacle of trading?.obstacles ?? []) {
    if (!isOfIt(obstacle) && !found.some((problem) => problem.startsWith(obstacle)))
      found.push(obstacle);
  }
  const problem = settling?.problem ?? null;
  if (problem !== null && !isOfIt(problem) && !found.includes(problem))
    found.push(`readings wait: ${problem}`);
  const refused = settling?.refused[0];
  if (refused) {
    found.push(`the DSO refuses the reading of interval ${refused.interval}: ${refused.sentence}`);
  }
  return found;
}

function backupWarnings(wallet: StatusInput['wallet']): string[] {
  if (wallet === null || wallet.isBackedUp) return [];
  return [
    'the words that restore the wallet are not on paper yet: stop the agent, run ' +
      'transax-agent wallet backup show, and start it again',
  ];
}

/** Said at every start too. */
export function warningsOf(input: Pick<StatusInput, 'settings' | 'facts' | 'transport'>): string[] {
  const { settings, facts, transport } = input;
  const found: string[] = [];
  if (transport.kind === 'clear') {
    found.push('clear net (lab): chain and DSO see the address of this house');
  }
  if (oneOfEachOrigin(facts.rpc).length === 1) {
    const lab = settings.lab.singleEndpoint ? ' (lab)' : ', so this home does not trade';
    found.push(`unverified: one endpoint of the chain, which nobody can contradict${lab}`);
  }
  if (settings.lab.unprovenClock) found.push('the clock of this machine is taken as it is (lab)');
  if (settings.lab.clock !== undefined) found.push('market time is not the time of day (lab)');
  for (const each of settings.lab.without) found.push(`without ${each} (lab): ${WITHOUT[each]}`);
  if (!settings.following.enabled) found.push('commitments are not followed (settings)');
  return found;
}
