/** The replay of a day on a real chain, on a small part of the generated look-alike. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { clearTransport } from '../../host/http-transport.ts';
import type { Log } from '../../host/ports.ts';
import { communityOffers } from '../../studies/community-offers.ts';
import { DAY_BASE, type DayOffer } from '../../studies/day-offers.ts';
import { replayDay } from '../../studies/replay/replay.ts';
import { rollDay, tradedKwSlots } from '../../studies/rolling-day.ts';
import { transaxLookalike } from '../../testbed/homes/lookalike.ts';

const test = suite('system/replay');

const SILENT: Log = { info: () => {}, warn: () => {}, error: () => {} };
const RULE = { capacityKwSlots: 90, chargeKw: 10, lastInterval: 60 };
const LIMITS = { internalLimitW: 25_000, externalLimitW: 20_000 };

/** Noon, with all producers and every fourth consumer. */
function someOffers(): DayOffer[] {
  const all = communityOffers(transaxLookalike(3), RULE);
  const homes = [...new Set(all.map(({ home }) => home))];
  return all
    .filter(({ home, side }) => side === 'sell' || homes.indexOf(home) % 4 === 0)
    .filter(({ firstInterval }) => firstInterval >= DAY_BASE + 48)
    .filter(({ lastInterval }) => lastInterval <= DAY_BASE + 60)
    .map((offer, at) => ({ ...offer, id: at + 1 }));
}

test('trades on the chain the optimum, which the study computes without a chain', async () => {
  const offers = someOffers();
  assert.ok(offers.length > 200);
  assert.ok(offers.some((offer) => offer.lastInterval > offer.firstInterval));
  const horizon = 6;
  const result = await replayDay({
    offers,
    horizon,
    limits: LIMITS,
    openTransport: (origin) => clearTransport({ origins: [origin] }),
    log: SILENT,
  });
  const { audit } = result;
  assert.is(audit.owners.size, offers.length);
  assert.is(audit.finalizedIntervals, 13);
  assert.is(audit.limitViolations, 0);
  assert.is(audit.offerViolations, 0);
  assert.equal([audit.openOffers.length, audit.moneyViolations], [0, 0]);
  assert.ok(result.gas.settlement > 0);
  assert.ok(audit.trades > 100);
  assert.ok(audit.tradedKwSlots <= result.optimumKwSlots);
  assert.ok(audit.tradedKwSlots >= 0.999 * result.optimumKwSlots);
  const rule = { kind: 'earliest-deadline' } as const;
  const finals = await rollDay({ offers, limits: LIMITS, horizon, tieRule: rule });
  assert.is(audit.tradedKwSlots, tradedKwSlots(finals));
});

test.run();
