/**
 * The battery where deviations are netted in the community and a kWh is worth what it saves all
 * together: each home plays as if it were alone with an equal share of the community's net load.
 * If all do, their batteries together do what one large battery behind one meter would. Pure.
 *
 * A home knows the community one interval ahead, from everybody's offers, and itself at once. What
 * it draws beyond what it offered for is no kWh of the whole: others' surprises may undo it. So it
 * is answered as much as the community's would be at such a time, and of that a share.
 */
import { levelsOf, respond, type Situation } from './battery-plan/response.ts';

export interface SharedInterval {
  /** At the supplier's prices. */
  situation: Situation;
  /** In the cells at the start, Ws. */
  storedWs: number;
  /** What a home's share of the community's net load without batteries is expected to be, W. */
  shareW: number;
  /** How far such expectations fell from what came, W, ascending; at least two that differ. */
  missedW: readonly number[];
  /** What this home draws beyond what it offered for, W. */
  surpriseW: number;
}

/**
 * Part of an own surprise that is answered. All of it would fill one battery and empty another
 * while the community needs neither (docs/experiments.md).
 */
const OWN_SURPRISE_SHARE = 0.7;
const LOOKED_AT = [0.1, 0.3, 0.5, 0.7, 0.9] as const;

/** @returns energy through the battery's terminals, charge positive, Ws; it may be unable to */
export function sharedAnswerWs(shared: SharedInterval): number {
  const { situation, storedWs, shareW, missedW, surpriseW } = shared;
  const { seconds } = situation;
  const levels = levelsOf(situation);
  const awayW = LOOKED_AT.map((share) => missedW[Math.round(share * (missedW.length - 1))] ?? 0);
  const middleW = meanOf(awayW);
  const answersWs = awayW.map((each) => {
    const netWs = (shareW + each - middleW) * seconds;
    return respond(situation, storedWs, netWs, levels).batteryWs;
  });
  const meanWs = meanOf(answersWs);
  let [together, apart] = [0, 0];
  for (const [place, each] of awayW.entries()) {
    together += (each - middleW) * ((answersWs[place] ?? 0) - meanWs);
    apart += (each - middleW) * (each - middleW);
  }
  // Least squares: what the battery answers to a W more, from 0 down to -1 of it.
  const slope = apart > 0 ? together / apart : 0;
  return meanWs + OWN_SURPRISE_SHARE * slope * surpriseW;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0) / values.length;
}
