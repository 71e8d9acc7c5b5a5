import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { communityOffers } from '../../studies/community-offers.ts';
import { DAY_BASE, type DayOffer } from '../../studies/day-offers.ts';
import { transaxLookalike } from '../../testbed/homes/lookalike.ts';

const test = suite('studies/community-offers');

const RULE = { capacityKwSlots: 90, chargeKw: 10, lastInterval: 95 };

function energyWs(offers: DayOffer[], side: DayOffer['side'], home?: string): number {
  return offers
    .filter((offer) => offer.side === side && (home === undefined || offer.home === home))
    .reduce((sum, offer) => sum + offer.energyWs, 0);
}

test('batteries move energy and make none', () => {
  const community = transaxLookalike(1);
  const without = communityOffers(community, null);
  const stored = communityOffers(community, RULE);
  assert.is(energyWs(stored, 'sell'), energyWs(without, 'sell'));
  assert.is(energyWs(stored, 'buy'), energyWs(without, 'buy'));
  assert.ok(without.every((offer) => offer.firstInterval === offer.lastInterval));
});

test('a battery is filled up to its size, at its rate, and offered to the end of the day', () => {
  const stored = communityOffers(transaxLookalike(1), RULE).filter(
    (offer) => offer.lastInterval > offer.firstInterval,
  );
  assert.ok(stored.length > 0);
  for (const offer of stored) {
    assert.is(offer.side, 'sell');
    assert.is(offer.lastInterval, DAY_BASE + 95);
    assert.ok(offer.maxPowerW <= 10_000);
  }
  for (const home of new Set(stored.map((offer) => offer.home))) {
    assert.ok(energyWs(stored, 'sell', home) <= 90_000 * 900);
  }
});

test('five homes sell, all others only buy', () => {
  const offers = communityOffers(transaxLookalike(1), null);
  const sellers = new Set(offers.filter(({ side }) => side === 'sell').map(({ home }) => home));
  assert.is(sellers.size, 5);
});

test.run();
