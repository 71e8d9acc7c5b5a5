/**
 * A day of offers traded interval by interval without a chain (TRANSAX equations 11 to 15): the
 * same solver, and the same rules in TypeScript in place of the contract; the replay has a chain.
 */
import { compareOffers, verifySolution } from '../market/matching/verify.ts';
import type { Chunk, FeederLimits } from '../market/offers.ts';
import { clear } from '../solver/clearing/clear.ts';
import type { TieRule } from '../solver/clearing/input.ts';
import { DAY_INTERVAL_SECONDS, type DayOffer, reachOf } from './day-offers.ts';

export interface RollingDayOptions {
  offers: readonly DayOffer[];
  limits: FeederLimits;
  /** L: an offer is known from L - 1 intervals before its first one on. */
  horizon: number;
  tieRule: TieRule;
}

/** Final trades of each interval that has some, ascending. @throws Error on an infeasible one */
export async function rollDay(options: RollingDayOptions): Promise<Chunk[]> {
  const { first, last } = reachOf(options.offers);
  const left = [...options.offers].map((offer) => ({ ...offer })).sort(compareOffers);
  const byId = new Map(left.map((offer) => [offer.id, offer]));
  const finals: Chunk[] = [];
  for (let current = first - 1; current < last; current++) {
    const next = current + 1;
    const seen = Math.min(last, current + options.horizon - 1);
    const offers = left.filter(
      (offer) => offer.firstInterval <= seen && offer.lastInterval >= next && offer.energyWs > 0,
    );
    const { chunks } = await clear({
      offers,
      firstInterval: next,
      lastInterval: seen,
      limitsAt: () => options.limits,
      intervalSeconds: DAY_INTERVAL_SECONDS,
      minTradeWs: 1,
      tieRule: options.tieRule,
    });
    const final = chunks[0];
    if (final === undefined || final.interval !== next) continue;
    verify(final, options, (id) => byId.get(id));
    for (const { askId, bidId, powerW } of final.trades) {
      for (const offer of [byId.get(askId), byId.get(bidId)]) {
        if (offer !== undefined) offer.energyWs -= powerW * DAY_INTERVAL_SECONDS;
      }
    }
    finals.push(final);
  }
  return finals;
}

/** Sum of the power of all trades, kW times intervals. */
export function tradedKwSlots(finals: readonly Chunk[]): number {
  const watts = finals.flatMap(({ trades }) => trades).reduce((sum, one) => sum + one.powerW, 0);
  return watts / 1000;
}

function verify(
  chunk: Chunk,
  { limits }: RollingDayOptions,
  offer: (id: number) => DayOffer | undefined,
): void {
  const [fault] = verifySolution([chunk], {
    intervalSeconds: DAY_INTERVAL_SECONDS,
    minTradeWs: 1,
    offer: (id) => {
      const known = offer(id);
      return known && { ...known, postedAt: 0 };
    },
    limitsAt: () => limits,
    isOpen: () => true,
    lastPostingOf: () => 0,
  });
  if (fault !== undefined) throw new Error(`interval ${chunk.interval}: ${fault.message}`);
}
