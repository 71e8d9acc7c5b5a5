import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { planningSpec } from '../../../agent/strategy/battery.ts';
import { BatteryPlan } from '../../../agent/strategy/battery-plan/battery-plan.ts';
import type { Block, Plan } from '../../../agent/strategy/plan.ts';
import {
  addOwnOffer,
  dropNeedless,
  isInCandidate,
  type MatchingState,
  matchingTrader,
  newMatchingState,
  tradedAt,
} from '../../../agent/traders/matching.ts';
import type { OwnOffer, OwnTerms } from '../../../agent/traders/own-offer.ts';
import type { MarketEvent } from '../../../market/events.ts';
import { encodeChunk } from '../../../market/matching/chunk.ts';

const test = suite('traders: matching');
const CALENDAR = {
  intervalSeconds: 900,
  clearIntervals: 1,
  leadSeconds: 60,
  quietSeconds: 300,
  horizonIntervals: 13,
};
const NOW = 2_000_000;
const AT = { blockNumber: 7, logIndex: 0, transactionHash: '0x00' };
const ME = `0x${'a'.repeat(40)}`;

function stateOf(): MatchingState {
  return newMatchingState({ calendar: CALENDAR, minOfferWs: 3600, minTradeWs: 3600 }, 10_000, 60);
}

function offerOf(change: Partial<OwnTerms> = {}, address = ME): OwnOffer {
  return {
    index: 1,
    address,
    requestId: `0x${'1'.repeat(64)}`,
    terms: {
      side: 'buy',
      firstInterval: NOW + 1,
      lastInterval: NOW + 1,
      energyWs: 900_000,
      maxPowerW: 1000,
      priceMicroPerKwh: 280_000,
      isFlexible: false,
      ...change,
    },
    reservedAtMs: 0,
    postAtMs: 0,
    expiresAt: 0,
    state: 'reserved',
    assetId: null,
    offerId: null,
    isClosed: false,
    heldWs: 0,
    heldMicro: 0n,
    grantedMicro: 0n,
    trades: new Map(),
    note: null,
  };
}

function feed(state: MatchingState, ...events: MarketEvent[]): void {
  for (const event of events) matchingTrader.observe(event, state);
}

function posted(offer: OwnOffer, offerId: number): MarketEvent[] {
  const { side, firstInterval, lastInterval, energyWs, maxPowerW, priceMicroPerKwh } = offer.terms;
  const range = { firstInterval, lastInterval, energyWs, maxPowerW };
  const owner = offer.address;
  return [
    { ...AT, kind: 'asset-added', owner, assetId: 5, feeder: 1, side, ...range },
    ...(side === 'buy'
      ? [{ ...AT, kind: 'financial-added' as const, owner, amountMicro: 70_000n }]
      : []),
    {
      ...AT,
      kind: 'offer-posted',
      offerId,
      owner,
      assetId: 5,
      feeder: 1,
      side,
      ...range,
      priceMicroPerKwh,
    },
  ];
}

test('the life of a bid follows from the log alone, to the last millionth', () => {
  const state = stateOf();
  const offer = offerOf();
  addOwnOffer(state, offer);
  const events = posted(offer, 9);
  feed(state, ...events.slice(0, 1));
  assert.is(offer.state, 'reserved', 'a bid needs its money too');
  feed(state, ...events.slice(1, 2));
  assert.is(offer.state, 'granted');
  feed(state, ...events.slice(2));
  assert.is(offer.state, 'posted');
  assert.is(offer.heldMicro, 0n);
  assert.is(offer.heldWs, 0);
  feed(state, {
    ...AT,
    kind: 'solution-finalized',
    interval: NOW + 1,
    solver: ME,
    trades: encodeChunk([
      { askId: 3, bidId: 9, powerW: 400 },
      { askId: 4, bidId: 9, powerW: 100 },
      { askId: 4, bidId: 8, powerW: 999 },
    ]),
  });
  assert.equal(matchingTrader.commitments(state), [{ interval: NOW + 1, powerW: 500 }]);
  feed(state, {
    ...AT,
    kind: 'offer-closed',
    offerId: 9,
    owner: ME,
    energyWs: 450_000,
    moneyMicro: 45_000n,
  });
  assert.is(offer.state, 'settled');
  assert.is(offer.heldMicro, 45_000n);
  feed(
    state,
    { ...AT, kind: 'energy-deposited', owner: ME, assetId: 5, energyWs: 450_000 },
    { ...AT, kind: 'financial-deposited', owner: ME, amountMicro: 45_000n },
  );
  assert.is(offer.heldWs, 0);
  assert.is(offer.heldMicro, 0n);
});

test('the same log told twice changes nothing', () => {
  const state = stateOf();
  const offer = offerOf();
  addOwnOffer(state, offer);
  const events: MarketEvent[] = [
    ...posted(offer, 9),
    {
      ...AT,
      kind: 'solution-finalized',
      interval: NOW + 1,
      solver: ME,
      trades: encodeChunk([{ askId: 3, bidId: 9, powerW: 400 }]),
    },
    { ...AT, kind: 'offer-closed', offerId: 9, owner: ME, energyWs: 540_000, moneyMicro: 5n },
  ];
  feed(state, ...events);
  const before = JSON.stringify({ ...offer, trades: [...offer.trades] }, (_, value) => `${value}`);
  feed(state, ...events);
  assert.is(
    JSON.stringify({ ...offer, trades: [...offer.trades] }, (_, value) => `${value}`),
    before,
  );
});

test('voided trades bind to nothing, whichever is told first', () => {
  for (const isVoidFirst of [true, false]) {
    const state = stateOf();
    const offer = offerOf({ side: 'sell', isFlexible: true });
    addOwnOffer(state, offer);
    feed(state, ...posted(offer, 3));
    const final: MarketEvent = {
      ...AT,
      kind: 'solution-finalized',
      interval: NOW + 1,
      solver: ME,
      trades: encodeChunk([
        { askId: 3, bidId: 9, powerW: 400 },
        { askId: 3, bidId: 8, powerW: 50 },
      ]),
    };
    const voided: MarketEvent = { ...AT, kind: 'trades-voided', interval: NOW + 1, positions: [0] };
    feed(state, ...(isVoidFirst ? [voided, final] : [final, voided]));
    assert.equal(tradedAt(state, NOW + 1), { plannedW: 0, flexibleW: -50 });
    assert.equal(state.unsettled.get(NOW + 1)?.voided, [0]);
    feed(state, voided);
    assert.equal(tradedAt(state, NOW + 1), { plannedW: 0, flexibleW: -50 }, 'told again');
  }
});

test('keeps the final trades that an own offer waits for, until they are settled', () => {
  const state = stateOf();
  const final = (interval: number, trades = encodeChunk([{ askId: 3, bidId: 8, powerW: 1 }])) =>
    ({ ...AT, kind: 'solution-finalized', interval, solver: ME, trades }) as const;
  const kept = () => [...state.unsettled.keys()];
  feed(state, final(NOW));
  assert.equal(kept(), [], 'no own offer reaches over it');
  const offer = offerOf({ lastInterval: NOW + 3 });
  addOwnOffer(state, offer);
  feed(state, final(NOW + 1), final(NOW + 2, '0x'), final(NOW + 3), final(NOW + 4));
  assert.equal(kept(), [NOW + 1, NOW + 3]);
  feed(state, { ...AT, kind: 'interval-settled', interval: NOW + 1 });
  assert.equal(kept(), [NOW + 3]);
  dropNeedless(state);
  assert.equal(kept(), [NOW + 3]);
  offer.state = 'settled';
  dropNeedless(state);
  assert.equal(kept(), []);
});

test('the candidate is asked whether an interval may still bind this home', () => {
  const state = stateOf();
  const offer = offerOf();
  addOwnOffer(state, offer);
  feed(state, ...posted(offer, 9));
  assert.ok(isInCandidate(state, NOW + 1), 'an unknown candidate may hold anything');
  state.isCandidateKnown = true;
  assert.not(isInCandidate(state, NOW + 1));
  feed(
    state,
    {
      ...AT,
      kind: 'candidate-chunk',
      solutionId: 1,
      interval: NOW + 1,
      trades: encodeChunk([{ askId: 1, bidId: 9, powerW: 7 }]),
    },
    {
      ...AT,
      kind: 'candidate-accepted',
      solutionId: 1,
      solver: ME,
      firstInterval: NOW + 1,
      homeEnergyWs: 1n,
      utilityEnergyWs: 0n,
      welfare: 0n,
    },
  );
  assert.ok(isInCandidate(state, NOW + 1));
});

const NO_BATTERY = new BatteryPlan({
  ...{ spec: planningSpec(null), stages: [], seconds: 900, limitW: 0, endMicroPerKwh: 0 },
});

function planWith(...blocks: Partial<Block>[]): Plan {
  return {
    madeIn: NOW,
    slots: [],
    battery: NO_BATTERY,
    blocks: blocks.map((block) => ({
      side: 'buy',
      firstInterval: NOW + 1,
      lastInterval: NOW + 1,
      energyWs: 900_000,
      maxPowerW: 1000,
      valueMicroPerKwh: 280_000,
      isFlexible: false,
      reason: { code: 'x', sentence: 'x' },
      ...block,
    })),
  };
}

test('proposes what the market would take, once', () => {
  const now = NOW * 900;
  const propose = (plan: Plan, state: MatchingState, at = now) =>
    matchingTrader.propose(plan, state, at).length;
  assert.is(propose(planWith({}), stateOf()), 1);
  assert.is(propose(planWith({}), stateOf(), now + 541 - 60), 0, 'too late for the posting window');
  assert.is(propose(planWith({ energyWs: 3599 }), stateOf()), 0, 'below the least offer');
  assert.is(propose(planWith({}, { side: 'sell', isFlexible: true }), stateOf()), 1, 'one side');
  assert.is(propose(planWith({ maxPowerW: 10_001 }), stateOf()), 0, 'beyond the meter');
  const state = stateOf();
  addOwnOffer(state, offerOf());
  assert.is(propose(planWith({}), state), 0, 'it is out already');
});

test('a block becomes one offer for each common size in it, one for each address', () => {
  const plan = planWith({ maxPowerW: 2750, energyWs: 2750 * 900 });
  const intents = matchingTrader.propose(plan, stateOf(), NOW * 900);
  assert.equal(
    intents.map(({ block }) => [block.maxPowerW, block.energyWs]),
    [1000, 1000, 250, 250, 250].map((powerW) => [powerW, powerW * 900]),
  );
});

test.run();
