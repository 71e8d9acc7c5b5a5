/**
 * What a battery does in one interval, once it is known what the home draws: the cheapest, given
 * what a kWh costs and brings at the meter now and what it is worth in the cells later. Pure.
 *
 * The worth of a stored kWh falls with what is stored, so that four levels decide: store own
 * surplus up to one, buy to store up to a lower one; cover own need down to one, sell down to a
 * higher one.
 */
import type { StoredValue } from './stored-value.ts';

export interface BatterySpec {
  /** Energy in the cells that plans may use, Ws. */
  lowWs: number;
  highWs: number;
  /** Most power at the terminals, W. */
  chargeW: number;
  dischargeW: number;
  /** Energy that arrives of what is sent, one way. */
  oneWay: number;
  /** Of a kWh in and out; half of it counts each way. */
  wearMicroPerKwh: number;
}

/** What a further kWh costs when it is drawn, and brings when it is fed in; the former is more. */
export interface MeterPrices {
  buyMicroPerKwh: number;
  sellMicroPerKwh: number;
}

export interface Situation {
  value: StoredValue;
  spec: BatterySpec;
  prices: MeterPrices;
  seconds: number;
  /** The battery never takes the meter beyond it, either way, W. */
  limitW: number;
}

export interface Response {
  /** Energy through the terminals, charge positive, Ws. */
  batteryWs: number;
  /** In the cells at the end, Ws. */
  storedWs: number;
  /** Of this interval and all later ones, micro. */
  costMicro: number;
}

const WS_PER_KWH = 3_600_000;
/** Worths that differ by less, as a share, are equal but for the noise of sums. */
const EQUAL = 1e-9;

/** The four levels of an interval, Ws in the cells; `holdFrom` to `holdTo` is left as it is. */
export interface Levels {
  /** Bought, if need be, up to here. */
  buyTo: number;
  /** Own surplus is stored up to here. */
  storeTo: number;
  /** Own need is covered down to here. */
  coverTo: number;
  /** Sold, if there is more, down to here. */
  sellTo: number;
}

export function levelsOf({ value, spec, prices }: Situation): Levels {
  const buy = prices.buyMicroPerKwh / WS_PER_KWH;
  const sell = prices.sellMicroPerKwh / WS_PER_KWH;
  const wear = spec.wearMicroPerKwh / WS_PER_KWH / 2;
  return {
    buyTo: value.upTo(buy / spec.oneWay + wear),
    // What is equal is stored: the sooner, the surer.
    storeTo: value.upTo((sell / spec.oneWay + wear) * (1 - EQUAL)),
    // What is equal is used: a need that is there is surer than one that is expected.
    coverTo: value.downTo((buy * spec.oneWay - wear) * (1 + EQUAL)),
    sellTo: value.downTo(sell * spec.oneWay - wear),
  };
}

/**
 * @param storedWs in the cells at the start
 * @param netWs what the home would draw without the battery, less what it bought; may be negative
 */
export function respond(
  situation: Situation,
  storedWs: number,
  netWs: number,
  levels: Levels = levelsOf(situation),
): Response {
  const changeWs = changeInCells(situation, storedWs, netWs, levels);
  return {
    batteryWs: atTerminals(situation.spec, changeWs),
    storedWs: storedWs + changeWs,
    costMicro: costOf(situation, storedWs, netWs, changeWs),
  };
}

/** Cost of the interval and all later ones when the battery takes so much into its cells, micro. */
export function costOf(
  { value, spec, prices }: Situation,
  storedWs: number,
  netWs: number,
  changeWs: number,
): number {
  const meterWs = netWs + atTerminals(spec, changeWs);
  const price = meterWs > 0 ? prices.buyMicroPerKwh : prices.sellMicroPerKwh;
  const wearMicro = (spec.wearMicroPerKwh * Math.abs(changeWs)) / 2;
  return (price * meterWs + wearMicro) / WS_PER_KWH + value.at(storedWs + changeWs);
}

function atTerminals({ oneWay }: BatterySpec, changeWs: number): number {
  return changeWs > 0 ? changeWs / oneWay : changeWs * oneWay;
}

/** What the battery takes into its cells, see `respond`, Ws. */
export function changeInCells(
  situation: Situation,
  storedWs: number,
  netWs: number,
  levels: Levels,
): number {
  return netWs < 0
    ? inSurplus(situation, storedWs, -netWs, levels)
    : inNeed(situation, storedWs, netWs, levels);
}

function inSurplus(
  { spec, seconds, limitW }: Situation,
  storedWs: number,
  surplusWs: number,
  levels: Levels,
): number {
  const { oneWay } = spec;
  if (storedWs > levels.sellTo) {
    const roomWs = Math.max(0, limitW * seconds - surplusWs);
    const mostWs = Math.min(spec.dischargeW * seconds, roomWs) / oneWay;
    return -Math.min(storedWs - levels.sellTo, mostWs);
  }
  const mostWs = spec.chargeW * seconds * oneWay;
  const ownWs = Math.min(Math.max(0, levels.storeTo - storedWs), surplusWs * oneWay, mostWs);
  const wantedWs = levels.buyTo - storedWs - ownWs;
  const isAllStored = ownWs >= surplusWs * oneWay;
  if (wantedWs <= 0 || !isAllStored) return ownWs;
  return ownWs + Math.min(wantedWs, mostWs - ownWs, limitW * seconds * oneWay);
}

function inNeed(
  { spec, seconds, limitW }: Situation,
  storedWs: number,
  needWs: number,
  levels: Levels,
): number {
  const { oneWay } = spec;
  if (storedWs < levels.buyTo) {
    const roomWs = Math.max(0, limitW * seconds - needWs);
    return Math.min(levels.buyTo - storedWs, Math.min(spec.chargeW * seconds, roomWs) * oneWay);
  }
  const mostWs = (spec.dischargeW * seconds) / oneWay;
  const coverWs = Math.min(Math.max(0, storedWs - levels.coverTo), needWs / oneWay, mostWs);
  const spareWs = storedWs - coverWs - levels.sellTo;
  if (spareWs <= 0 || coverWs < needWs / oneWay) return -coverWs;
  return -(coverWs + Math.min(spareWs, mostWs - coverWs, (limitW * seconds) / oneWay));
}
