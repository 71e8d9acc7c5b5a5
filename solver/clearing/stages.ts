/**
 * In which order the gates of one side are opened, and how far at each stage.
 *
 * Early deadlines come first: what can be traded only soon is traded first, and what keeps is kept
 * for later offers. Among equal deadlines `welfare` opens cheap asks (dear bids) first, one stage
 * for each price; `equal-shares` opens every gate by a tenth at a time, so that nobody waits until
 * others are served whole.
 *
 * Offers stand by deadline, then by price, in that order already: clear.ts sorts them so.
 */
import type { SecondTieRule } from './input.ts';
import type { Gates } from './network.ts';
import { isLong, offerCount, type Side } from './problem.ts';

/** Steps in order; `stageEnds` says after which of them the flow is run. */
export interface Opening {
  gate: Int32Array;
  addW: Float64Array;
  stageEnds: number[];
}

/** Enough to make the order of prices felt, few enough to be quick. */
const MOST_PRICE_STAGES = 128;
const SHARES = 10;

export function openingOf(side: Side, gates: Gates, second: SecondTieRule): Opening {
  return second === 'welfare' ? openingByPrice(side, gates) : openingByShares(side, gates);
}

/** A stage for each deadline and price; where there are too many, near prices share one. */
function openingByPrice(side: Side, gates: Gates): Opening {
  const offers = offerCount(side);
  const homes = new Int32Array(offers);
  const gate = new Int32Array(offers);
  const addW = new Float64Array(offers);
  let count = 0;
  for (let offer = 0; offer < offers; offer++) {
    const own = gates.ofOffer[offer] ?? 0;
    if (gates.isUtility[own] === 1) continue;
    homes[count] = offer;
    gate[count] = own;
    const room = isLong(side, offer)
      ? side.energyW[offer]
      : side.cellCapW[side.firstCell[offer] ?? 0];
    addW[count++] = room ?? 0;
  }
  const distinct = stageEndsOf(side, homes.subarray(0, count), 1);
  const least = Math.ceil(count / MOST_PRICE_STAGES);
  const isFew = distinct.length <= MOST_PRICE_STAGES;
  return {
    gate: gate.subarray(0, count),
    addW: addW.subarray(0, count),
    stageEnds: isFew ? distinct : stageEndsOf(side, homes.subarray(0, count), least),
  };
}

/** Ends of stages of at least so many offers, unless the deadline changes; a price is never cut. */
function stageEndsOf(side: Side, offers: Int32Array, least: number): number[] {
  const { deadline, priceMicroPerKwh } = side;
  const ends: number[] = [];
  let begin = 0;
  for (let at = 1; at <= offers.length; at++) {
    const last = offers[at - 1] ?? 0;
    const next = offers[at] ?? 0;
    if (at < offers.length && deadline[last] === deadline[next]) {
      if (at - begin < least || priceMicroPerKwh[last] === priceMicroPerKwh[next]) continue;
    }
    ends.push(at);
    begin = at;
  }
  return ends;
}

function openingByShares(side: Side, gates: Gates): Opening {
  const isListed = new Uint8Array(gates.arc.length);
  const steps: number[] = [];
  const addW: number[] = [];
  const stageEnds: number[] = [];
  let same: number[] = [];
  for (let offer = 0; offer < offerCount(side); offer++) {
    const gate = gates.ofOffer[offer] ?? 0;
    if (isListed[gate] === 0 && gates.isUtility[gate] === 0) same.push(gate);
    isListed[gate] = 1;
    if (side.deadline[offer] === side.deadline[offer + 1]) continue;
    for (let share = 1; share <= SHARES; share++) {
      for (const one of same) {
        const capW = gates.capW[one] ?? 0;
        steps.push(one);
        addW.push(Math.floor((capW * share) / SHARES) - Math.floor((capW * (share - 1)) / SHARES));
      }
      stageEnds.push(steps.length);
    }
    same = [];
  }
  return { gate: Int32Array.from(steps), addW: Float64Array.from(addW), stageEnds };
}
