/** What could have been traded had all offers of a day been known at once (TRANSAX equation 10). */
import type { FeederLimits } from '../market/offers.ts';
import { clear } from '../solver/clearing/clear.ts';
import { DAY_INTERVAL_SECONDS, type DayOffer, reachOf } from './day-offers.ts';

/** Proven upper bound, kW times intervals. */
export async function hindsightKwSlots(
  offers: readonly DayOffer[],
  limits: FeederLimits,
): Promise<number> {
  const { first, last } = reachOf(offers);
  const { upperBoundWs } = await clear({
    offers,
    firstInterval: first,
    lastInterval: last,
    limitsAt: () => limits,
    intervalSeconds: DAY_INTERVAL_SECONDS,
    minTradeWs: 1,
  });
  return upperBoundWs / DAY_INTERVAL_SECONDS / 1000;
}
