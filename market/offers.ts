/** What is traded: energyAssets, offers, trades and the grid they must fit. Integers throughout. */
import type { Interval } from './intervals.ts';
import type { Side } from './units.ts';

/** The feeder number of the utility itself: its trades are bound by no feeder limit. */
export const UTILITY_FEEDER = 0;

/** A right, never a device, to sell or buy: what the DSO grants to an address. */
export interface EnergyAsset {
  id: number;
  owner: string;
  feeder: number;
  side: Side;
  firstInterval: Interval;
  lastInterval: Interval;
  energyWs: number;
  maxPowerW: number;
}

/** An ask (sell) or a bid (buy) on one energyAsset. */
export interface Offer {
  id: number;
  feeder: number;
  side: Side;
  firstInterval: Interval;
  lastInterval: Interval;
  /** What is left: the offer's energy less what final trades took. */
  energyWs: number;
  /** Limit of its power in every interval. */
  maxPowerW: number;
  /** Reservation price: an ask's lowest, a bid's highest. */
  priceMicroPerKwh: number;
}

/** Power sold by an ask to a bid through one whole interval. */
export interface Trade {
  askId: number;
  bidId: number;
  powerW: number;
}

/** All trades of one interval, in monotone merge order. */
export interface Chunk {
  interval: Interval;
  trades: Trade[];
}

/** Limits of one feeder for one interval (TRANSAX, equations 5 to 8). */
export interface FeederLimits {
  /** C_int: total sold, and total bought, inside it. */
  internalLimitW: number;
  /** C_ext: net flow out, and in. */
  externalLimitW: number;
}

/** What a solution is worth, compared in this order (design: a solution). */
export interface Objective {
  /** Energy traded between homes. */
  homeEnergyWs: bigint;
  /** Energy traded with the utility's feeder. */
  utilityEnergyWs: bigint;
  /** Sum over trades of (bid price - ask price) x energy, in micro per kWh x Ws. */
  welfare: bigint;
}
