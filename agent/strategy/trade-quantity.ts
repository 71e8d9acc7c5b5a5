/**
 * How much to trade for an interval: as much as lowers the expected cost, what the battery answers
 * counted. Too much bought is fed in at little, too little bought is drawn dearly: the newsvendor's
 * weighing (Arrow, Harris, Marschak 1951), by the quantiles of the forecast and with the battery as
 * the cushion. Pure.
 */
import {
  changeInCells,
  costOf,
  type Levels,
  type Response,
  respond,
  type Situation,
} from './battery-plan/response.ts';
import type { NetLoadForecast } from './plan.ts';

export interface QuantityInput {
  /** The interval's end and its supplier's prices: what is not traded is drawn and fed in at. */
  situation: Situation;
  levels: Levels;
  /** In the cells at the start, Ws. */
  storedWs: number;
  /** Net load without the battery, and what planned loads add to it, W. */
  forecast: NetLoadForecast;
  loadsW: number;
  /** What a trade is expected to be made at. */
  priceMicroPerKwh: number;
  /** Only whole steps are traded, W. */
  stepW: number;
  mostBoughtW: number;
  mostSoldW: number;
}

/** Quantiles at which the net load is looked at; each is as likely as the others. */
const LOOKED_AT = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9] as const;
const WS_PER_KWH = 3_600_000;
/** What does not save so much is not worth an offer, micro. */
const LEAST_GAIN_MICRO = 1;

/** @returns W, positive when it is bought, a whole number of steps */
export function bestTradeW(input: QuantityInput): number {
  const bought = furthest(input, input.stepW, input.mostBoughtW);
  return bought > 0 ? bought : -furthest(input, -input.stepW, input.mostSoldW);
}

/**
 * The best quantity that leaves the home no worse off than its supplier's prices would, when its
 * net load comes at the quantile that the quantity goes by: nothing bought is fed in again, nothing
 * sold has to be drawn.
 * @returns as `bestTradeW`
 */
export function guardedTradeW(input: QuantityInput): number {
  const best = bestTradeW(input);
  const step = Math.sign(best) * input.stepW;
  const share = criticalShare(input);
  for (let tradedW = best; tradedW !== 0; tradedW -= step) {
    const { situation, forecast, loadsW } = input;
    const restWs = (netAtQuantile(forecast, share) + loadsW - tradedW) * situation.seconds;
    const meterWs = restWs + answerAt(input, share, tradedW).batteryWs;
    // Rounding of a millionth of a watt is no deviation.
    if (meterWs * Math.sign(best) >= -situation.seconds) return tradedW;
  }
  return 0;
}

/** The home's net load at a quantile, between those that are forecast linearly, W. */
export function netAtQuantile({ p10W, p50W, p90W }: NetLoadForecast, share: number): number {
  const away = Math.min(0.4, Math.abs(share - 0.5)) / 0.4;
  return p50W + away * ((share < 0.5 ? p10W : p90W) - p50W);
}

/**
 * The quantile of net load up to which buying pays: where the dearer mistakes end. Of selling: down
 * to which.
 */
export function criticalShare(input: QuantityInput): number {
  const { buyMicroPerKwh: use, sellMicroPerKwh: feedIn } = input.situation.prices;
  if (use <= feedIn) return 0.5;
  return Math.min(0.9, Math.max(0.1, (use - input.priceMicroPerKwh) / (use - feedIn)));
}

/** What the battery answers when so much is traded and the net load comes at a quantile. */
export function answerAt(input: QuantityInput, share: number, tradedW: number): Response {
  const { situation, storedWs, forecast, loadsW, levels } = input;
  const netW = netAtQuantile(forecast, share) + loadsW - tradedW;
  return respond(situation, storedWs, netW * situation.seconds, levels);
}

/** The cost is convex in what is traded, so that the first step that does not pay is the last. */
function furthest(input: QuantityInput, stepW: number, mostW: number): number {
  const steps = Math.floor(mostW / Math.abs(stepW));
  let best = expectedMicro(input, 0);
  for (let taken = 0; taken < steps; taken += 1) {
    const next = expectedMicro(input, (taken + 1) * stepW);
    if (next > best - LEAST_GAIN_MICRO) return taken * Math.abs(stepW);
    best = next;
  }
  return steps * Math.abs(stepW);
}

function expectedMicro(input: QuantityInput, tradedW: number): number {
  const { situation, storedWs, forecast, loadsW, levels, priceMicroPerKwh: price } = input;
  const { seconds } = situation;
  let sum = 0;
  for (const share of LOOKED_AT) {
    const netWs = (netAtQuantile(forecast, share) + loadsW - tradedW) * seconds;
    const changeWs = changeInCells(situation, storedWs, netWs, levels);
    sum += costOf(situation, storedWs, netWs, changeWs);
  }
  return sum / LOOKED_AT.length + (price * tradedW * seconds) / WS_PER_KWH;
}
