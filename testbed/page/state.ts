/**
 * What the community page shows, as the JSON it gets: `GET /state` and each event of `GET /events`.
 *
 * Powers are positive into the thing measured (design: words and units), energies are watt-seconds,
 * money and prices are millionths. Series are columns over `intervals`; null means "not known
 * (yet)", never zero. The state is a report: nothing here is read back by the market or an agent.
 */

/** One value per entry of `CommunityState.intervals`. */
export type PerInterval = readonly (number | null)[];

export interface CommunityState {
  version: 1;
  run: RunState;
  totals: Totals;
  /** The steps of an interval's life, in the order of `STAGES`. */
  life: readonly StageState[];
  /** Absolute interval indices, ascending without gaps: the window that the plots show. */
  intervals: readonly number[];
  neighbourhood: NeighbourhoodState;
  feeders: readonly FeederState[];
  homes: readonly HomeState[];
  /** Final trades, newest first; a bounded number of them. */
  trades: readonly TradeState[];
  health: readonly HealthState[];
}

export interface RunState {
  /** Name of the neighbourhood. */
  name: string;
  phase: 'starting' | 'running' | 'ended';
  /** What is being done now, or how the run ended; one sentence for people. */
  sentence: string;
  /** IANA zone in which times are shown. */
  zone: string;
  /** ISO 4217 code of the currency; null: prices are shown without one. */
  currency: string | null;
  intervalSeconds: number;
  firstInterval: number;
  intervalCount: number;
  /** Market time, ms since the epoch. */
  marketNowMs: number;
  currentInterval: number;
  /** Real seconds that an interval takes, or `max`: as fast as everyone settles. */
  secondsPerInterval: number | 'max';
  /** False in the control run, in which nobody follows the commitments. */
  isFollowing: boolean;
}

export interface Totals {
  endedIntervals: number;
  finalizedIntervals: number;
  trades: number;
  /** Energy of all final trades. */
  tradedEnergyWs: number;
  /** What homes drew and gave through their meters in ended intervals. */
  importedEnergyWs: number;
  exportedEnergyWs: number;
  /** Of what was drawn, the part bought from neighbours: sum of min(bought, imported). */
  coveredEnergyWs: number;
  /** What buyers paid less and sellers got more than with the utility; null without a tariff. */
  savedMicro: number | null;
  /** Feeders and intervals whose final trades exceed a limit. Must be 0. */
  limitViolations: number;
  /** Feeders and intervals whose metered net flow exceeds the external limit. Reported. */
  physicalOverloads: number;
  /** Solutions that the contract refused; null: nobody has counted. */
  rejectedSolutions: number | null;
  /** 100 * sum |metered - target| / sum |target| over homes that traded; null before the first. */
  commitmentErrorPercent: number | null;
}

export const STAGES = [
  'read',
  'forecast',
  'plan',
  'withdraw',
  'post',
  'clear',
  'follow',
  'settle',
] as const;
export type Stage = (typeof STAGES)[number];

/** How far one step has come: `done` of `of` homes (for `clear`: intervals) for `interval`. */
export interface StageState {
  stage: Stage;
  /** Which interval this step serves now; null: none yet. */
  interval: number | null;
  done: number;
  of: number;
}

export interface NeighbourhoodState {
  /** Consumption of all homes, without their batteries; positive. */
  loadW: PerInterval;
  /** Generation of all homes; positive. */
  generationW: PerInterval;
  /** Sum of all meters: what the neighbourhood draws from outside; negative: it gives. */
  meteredW: PerInterval;
  tradedEnergyWs: PerInterval;
  /** In all batteries, at the end of the interval. */
  storedEnergyWs: PerInterval;
  batteryCapacityWs: number;
}

export interface FeederState {
  id: number;
  name: string;
  homes: number;
  /** C_int: the most that may be sold, and bought, inside it. */
  internalLimitW: number;
  /** C_ext: the most that may flow, net, in and out. */
  externalLimitW: number;
  /** Final trades: sold and bought inside the feeder, both positive. */
  soldW: PerInterval;
  boughtW: PerInterval;
  /** Net flow into the feeder by its meters. */
  meteredW: PerInterval;
}

export interface HomeState {
  id: string;
  name: string;
  feeder: number;
  agent: ComponentState;
  /** Live values of the home, null before the first. Power through the meter, into the home. */
  powerW: number | null;
  /** Null: no battery. */
  battery: BatteryState | null;
  /** Whether the switched load is on; null: no such load. */
  isLoadOn: boolean | null;
  /** Mean power by the closed readings. */
  meteredW: PerInterval;
  /** Bought minus sold by final trades. */
  committedW: PerInterval;
  /** Commitment plus the untraded part of the plan: what the home expected of its meter. */
  targetW: PerInterval;
  /** Share of capacity at the end of the interval, 0 to 1. */
  storedShare: PerInterval;
  commitmentErrorPercent: number | null;
  /** Why it last offered, in words. */
  reason: string | null;
}

export interface BatteryState {
  capacityWs: number;
  /** 0 to 1; null before the first reading. */
  storedShare: number | null;
  /** Positive: charging. */
  powerW: number | null;
}

export interface TradeState {
  interval: number;
  /** Id of a home, or `utility`. */
  seller: string;
  buyer: string;
  energyWs: number;
  priceMicroPerKwh: number;
  /** Why each side offered, in its agent's words; null when it is not known. */
  sellerReason: string | null;
  buyerReason: string | null;
}

export const COMPONENTS = ['chain', 'dso', 'solver', 'agents', 'tor'] as const;
export type Component = (typeof COMPONENTS)[number];
export type ComponentState = 'starting' | 'ok' | 'degraded' | 'down';

export interface HealthState {
  component: Component;
  state: ComponentState;
  /** What the state rests on: `block 1204, 2 s old`. */
  sentence: string;
}
