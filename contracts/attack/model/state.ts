/**
 * All that the model remembers: plain data, so that a copy of it is soon made. Addresses are in
 * lower case. Energy and power are whole numbers, money is bigint.
 */
import type { Calendar } from './calendar.ts';
import type { Objective } from './trades.ts';

export type Side = 'sell' | 'buy';

export interface Limits {
  fromInterval: number;
  internalLimitW: number;
  externalLimitW: number;
}

export interface Params {
  minOfferWs: number;
  minTradeWs: number;
  offersPerAsset: number;
  minStakeMicro: bigint;
  priceRule: number;
  minGainWs: number;
  rewardMicroPerKwh: number;
}

export interface Asset {
  owner: string;
  feeder: number;
  side: Side;
  first: number;
  last: number;
  maxPowerW: number;
  heldWs: number;
  enteredWs: number;
  offeredPowerW: number;
  since: number;
  reach: number;
  offers: number;
}

interface Holder {
  /** Null until the first energyAsset. */
  feeder: number | null;
  balanceMicro: bigint;
}

export interface Offer {
  id: number;
  owner: string;
  assetId: number;
  feeder: number;
  side: Side;
  first: number;
  last: number;
  postedWs: number;
  /** By final trades, those that wait for settlement too. */
  takenWs: number;
  /** Escrow left of a bid, proceeds of an ask, by what is settled. */
  moneyMicro: bigint;
  maxPowerW: number;
  price: number;
  postedAt: number;
  isClosed: boolean;
}

export interface FinalInterval {
  trades: string;
  voided: number[];
  /** Trades before this position are settled. */
  settled: number;
  isSettled: boolean;
}

export interface KeptChunk {
  trades: string;
  value: Objective;
}

interface Candidate {
  solver: string;
  firstInterval: number;
  chunks: Map<number, KeptChunk>;
}

interface OpenSolution {
  id: number;
  isOpen: boolean;
  finalizationsSeen: number;
  chunks: Map<number, KeptChunk>;
  usedWs: Map<number, number>;
  /** All chunks so far, in order: what its digest is of. */
  said: { interval: number; trades: string }[];
}

export interface Solver {
  stakeMicro: bigint;
  lastSubmission: number;
  announced: string;
  announcedIn: number;
  newest: OpenSolution | null;
}

/** How one interval was raised, and what it pays. */
export interface Water {
  highestWs: bigint;
  creditedWs: bigint;
  rewardMicro: bigint;
  credits: Map<string, bigint>;
}

export interface State {
  calendar: Calendar;
  params: Params;
  market: string;
  owner: string;
  granters: Set<string>;
  now: number;
  block: number;
  deployedIn: number;
  /** By feeder from 1 on, oldest first. */
  limits: Map<number, Limits[]>;
  /** `feeder/interval`. */
  suspended: Set<string>;
  /** What the owner allows a feeder. */
  ceilings: Map<number, Omit<Limits, 'fromInterval'>>;
  isPaused: boolean;

  moneyCapMicro: bigint;
  powerCapW: number;
  holders: Map<string, Holder>;
  assets: Map<number, Asset>;
  /** `feeder/interval/side`, W. */
  grantedPowerW: Map<string, number>;
  /** By UTC day. */
  grantedOn: Map<number, bigint>;
  grantedMicro: bigint;
  depositedMicro: bigint;
  grantedWs: Record<Side, number>;
  depositedWs: Record<Side, number>;
  insideMicro: bigint;

  offers: Map<number, Offer>;
  finals: Map<number, FinalInterval>;
  finalizations: number;
  candidate: Candidate | null;
  solutions: number;
  solvers: Map<string, Solver>;
  waters: Map<number, Water>;
  potMicro: bigint;
}

export function openOffer(state: State, id: number): Offer | undefined {
  const offer = state.offers.get(id);
  return offer?.isClosed === false ? offer : undefined;
}

export function leftWs(offer: Offer): number {
  return offer.postedWs - offer.takenWs;
}

export function isSingle(offer: Offer): boolean {
  return offer.first === offer.last;
}

export function limitsAt(state: State, feeder: number, interval: number): Limits {
  const none = { fromInterval: 0, internalLimitW: 0, externalLimitW: 0 };
  return state.limits.get(feeder)?.findLast((one) => one.fromInterval <= interval) ?? none;
}

function copyMap<K, V extends object>(map: ReadonlyMap<K, V>, copy: (value: V) => V): Map<K, V> {
  const copied = new Map<K, V>();
  for (const [key, value] of map) copied.set(key, copy(value));
  return copied;
}

/** A call changes a copy, so that one that is refused has changed nothing. */
export function copyOf(state: State): State {
  const flat = <T extends object>(value: T): T => ({ ...value });
  return {
    ...state,
    granters: new Set(state.granters),
    limits: copyMap(state.limits, (versions) => [...versions]),
    suspended: new Set(state.suspended),
    ceilings: copyMap(state.ceilings, flat),
    holders: copyMap(state.holders, flat),
    assets: copyMap(state.assets, flat),
    grantedPowerW: new Map(state.grantedPowerW),
    grantedOn: new Map(state.grantedOn),
    grantedWs: { ...state.grantedWs },
    depositedWs: { ...state.depositedWs },
    offers: copyMap(state.offers, flat),
    finals: copyMap(state.finals, flat),
    solvers: copyMap(state.solvers, (solver) => ({ ...solver, newest: copyNewest(solver.newest) })),
    waters: copyMap(state.waters, (water) => ({ ...water, credits: new Map(water.credits) })),
  };
}

function copyNewest(newest: OpenSolution | null): OpenSolution | null {
  if (newest === null) return null;
  return {
    ...newest,
    chunks: new Map(newest.chunks),
    usedWs: new Map(newest.usedWs),
    said: [...newest.said],
  };
}
