import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addOwnOffer, newMatchingState } from '../../../agent/traders/matching.ts';
import type { OwnOffer } from '../../../agent/traders/own-offer.ts';
import { decideSchedule } from '../../../agent/trading/schedule-decision.ts';

const test = suite('trading: schedule decision');
const CALENDAR = {
  intervalSeconds: 900,
  clearIntervals: 1,
  leadSeconds: 60,
  quietSeconds: 300,
  horizonIntervals: 13,
};
const T = 2_000_001;
const START = T * 900;

function inputOf(offers: [side: 'sell' | 'buy', isFlexible: boolean, tradedW: number][]) {
  const state = newMatchingState({ calendar: CALENDAR, minOfferWs: 1, minTradeWs: 1 }, 9999, 60);
  state.isCandidateKnown = true;
  offers.forEach(([side, isFlexible, tradedW], index) => {
    const offer: OwnOffer = {
      index,
      address: `0x${index}`,
      requestId: `0x${index}`,
      terms: {
        side,
        firstInterval: T,
        lastInterval: T,
        energyWs: 900_000,
        maxPowerW: 1000,
        priceMicroPerKwh: 1,
        isFlexible,
      },
      reservedAtMs: 0,
      postAtMs: 0,
      expiresAt: 0,
      state: 'posted',
      assetId: index,
      offerId: index,
      isClosed: false,
      heldWs: 0,
      heldMicro: 0n,
      grantedMicro: 0n,
      trades: new Map(tradedW > 0 ? [[T, tradedW]] : []),
      note: null,
    };
    addOwnOffer(state, offer);
  });
  return {
    interval: T,
    plannedW: 800 as number | null,
    state,
    calendar: CALENDAR,
    readAt: (START - 20) as number | null,
    marginSeconds: 30,
    isTrading: true,
  };
}

test('a bid of p out of a need of n commits to p and leaves n - p untraded', () => {
  const input = inputOf([['buy', false, 300]]);
  input.state.finals.add(T);
  assert.equal(decideSchedule(input), { committedW: 300, untradedW: 500 });
});

test('what the battery sells comes on top of the plan', () => {
  const input = inputOf([
    ['sell', false, 700],
    ['sell', true, 250],
  ]);
  input.plannedW = -1000;
  input.state.finals.add(T);
  assert.equal(decideSchedule(input), { committedW: -950, untradedW: -300 });
});

test('an interval that may still hold trades is left open', () => {
  const input = inputOf([['buy', false, 0]]);
  assert.is(decideSchedule({ ...input, readAt: START - 100 }), null, 'the gate is open');
  input.state.candidate.set(T, '0x000000010000000000000005');
  assert.is(decideSchedule(input), null, 'the candidate holds it');
  assert.is(decideSchedule({ ...input, readAt: null }), null, 'the chain cannot be read');
});

test('an interval that can hold no trade any more follows the plan', () => {
  const input = inputOf([['buy', false, 0]]);
  assert.equal(decideSchedule(input), { committedW: 0, untradedW: 800 });
  const without = { ...inputOf([]), readAt: START - 300 };
  assert.equal(decideSchedule(without), { committedW: 0, untradedW: 800 });
  assert.is(decideSchedule({ ...without, readAt: START - 400 }), null, 'an offer could still come');
});

test('final commitments hold when nothing can be traded; without them nothing does', () => {
  const bound = inputOf([['buy', false, 300]]);
  bound.state.finals.add(T);
  assert.equal(decideSchedule({ ...bound, isTrading: false, readAt: null }), {
    committedW: 300,
    untradedW: 500,
  });
  assert.equal(decideSchedule({ ...bound, plannedW: null }), { committedW: 300, untradedW: 0 });
  const free = inputOf([]);
  assert.is(decideSchedule({ ...free, isTrading: false }), null);
});

test.run();
