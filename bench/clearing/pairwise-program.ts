/**
 * The paper's own linear program (TRANSAX equations 3 to 8 and 16): a variable for every ask, bid
 * and interval. Slow and plain: the oracle that clearing is compared with, in tests and in the
 * benchmark; the solver itself never uses it.
 */
import type { Offer } from '../../market/offers.ts';
import type { ClearingInput } from '../../solver/clearing/input.ts';
import { LinearProgram, maximize } from '../../solver/clearing/linear-program.ts';

export interface PairwiseProgram {
  /** Energy between homes. */
  program: LinearProgram;
  utilityCosts: number[];
  welfareCosts: number[];
  /** Ask and bid of each column. */
  pairs: [ask: Offer, bid: Offer][];
}

/** Best energy between homes, and best with the utility beside it, W times intervals. */
export async function pairwiseOptimum(
  input: ClearingInput,
): Promise<{ homeW: number; utilityW: number }> {
  const { program, utilityCosts } = pairwiseProgram(input);
  const { values } = await maximize(program, [utilityCosts]);
  return { homeW: values[0] ?? 0, utilityW: values[1] ?? 0 };
}

export function pairwiseProgram(input: ClearingInput): PairwiseProgram {
  const program = new LinearProgram();
  const least = Number.NEGATIVE_INFINITY;
  const rows = new Map<string, number>();
  const row = (key: string, lower: number, upper: number) => {
    const known = rows.get(key);
    if (known !== undefined) return known;
    const added = program.row(lower, upper);
    rows.set(key, added);
    return added;
  };
  const energyW = (offer: Offer) => Math.floor(offer.energyWs / input.intervalSeconds);
  const made: PairwiseProgram = { program, utilityCosts: [], welfareCosts: [], pairs: [] };
  const asks = input.offers.filter(({ side }) => side === 'sell');
  const bids = input.offers.filter(({ side }) => side === 'buy');
  for (let t = input.firstInterval; t <= input.lastInterval; t++) {
    for (const ask of asks) {
      for (const bid of bids) {
        if (ask.priceMicroPerKwh > bid.priceMicroPerKwh) continue;
        if (ask.feeder === 0 && bid.feeder === 0) continue;
        if (t < Math.max(ask.firstInterval, bid.firstInterval)) continue;
        if (t > Math.min(ask.lastInterval, bid.lastInterval)) continue;
        const entries: [number, number][] = [];
        for (const offer of [ask, bid]) {
          entries.push([row(`energy ${offer.id}`, least, energyW(offer)), 1]);
          entries.push([row(`power ${offer.id} ${t}`, least, offer.maxPowerW), 1]);
        }
        for (const [offer, sign] of [[ask, 1] as const, [bid, -1] as const]) {
          if (offer.feeder === 0) continue;
          const { internalLimitW, externalLimitW } = input.limitsAt(offer.feeder, t);
          entries.push([row(`${offer.side} ${offer.feeder} ${t}`, least, internalLimitW), 1]);
          if (ask.feeder === bid.feeder) continue;
          const net = row(`net ${offer.feeder} ${t}`, -externalLimitW, externalLimitW);
          entries.push([net, sign]);
        }
        const isHome = ask.feeder !== 0 && bid.feeder !== 0;
        program.column(isHome ? 1 : 0, Number.POSITIVE_INFINITY, entries);
        made.utilityCosts.push(isHome ? 0 : 1);
        made.welfareCosts.push(bid.priceMicroPerKwh - ask.priceMicroPerKwh);
        made.pairs.push([ask, bid]);
      }
    }
  }
  return made;
}
