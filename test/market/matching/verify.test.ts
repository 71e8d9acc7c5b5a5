import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { beatsObjective, objectiveOf } from '../../../market/matching/objective.ts';
import {
  type FaultCode,
  type MatchingRules,
  type PostedOffer,
  verifySolution,
} from '../../../market/matching/verify.ts';
import type { Chunk, Trade } from '../../../market/offers.ts';

const test = suite('market/matching/verify');

const INTERVAL_SECONDS = 900;

function offer(id: number, change: Partial<PostedOffer>): PostedOffer {
  return {
    id,
    feeder: 1,
    side: 'sell',
    firstInterval: 10,
    lastInterval: 12,
    energyWs: 1000 * INTERVAL_SECONDS,
    maxPowerW: 1000,
    priceMicroPerKwh: 100,
    postedAt: 0,
    ...change,
  };
}

/** Two asks on feeder 1, a bid on 1 and one on 2, and the utility's ask and bid. */
const OFFERS = [
  offer(1, { priceMicroPerKwh: 100, maxPowerW: 600 }),
  offer(2, { priceMicroPerKwh: 120 }),
  offer(3, { side: 'buy', priceMicroPerKwh: 150 }),
  offer(4, { side: 'buy', feeder: 2, priceMicroPerKwh: 200 }),
  offer(5, { feeder: 0, priceMicroPerKwh: 180, maxPowerW: 9000, energyWs: 9e9 }),
  offer(6, { feeder: 0, side: 'buy', priceMicroPerKwh: 190, maxPowerW: 9000, energyWs: 9e9 }),
];

function rules(change: Partial<MatchingRules> = {}, offers = OFFERS): MatchingRules {
  return {
    intervalSeconds: INTERVAL_SECONDS,
    minTradeWs: 3600,
    offer: (id) => offers.find((one) => one.id === id),
    limitsAt: () => ({ internalLimitW: 2000, externalLimitW: 1500 }),
    isOpen: (interval) => interval >= 10 && interval <= 20,
    lastPostingOf: (interval) => interval * INTERVAL_SECONDS - 400,
    ...change,
  };
}

function trade(askId: number, bidId: number, powerW: number): Trade {
  return { askId, bidId, powerW };
}

const GOOD: Chunk[] = [
  { interval: 10, trades: [trade(1, 3, 500), trade(1, 4, 100), trade(2, 4, 400)] },
  { interval: 11, trades: [trade(1, 3, 400), trade(2, 4, 500)] },
];

test('accepts a feasible solution', () => {
  assert.equal(verifySolution(GOOD, rules()), []);
});

const REFUSED: [string, FaultCode, Chunk[], Partial<MatchingRules>?][] = [
  ['chunks that go back', 'interval-order', [...GOOD].reverse()],
  [
    'an interval twice',
    'interval-order',
    [
      { interval: 10, trades: [] },
      { interval: 10, trades: [] },
    ],
  ],
  ['a closed interval', 'not-open', [{ interval: 9, trades: [] }]],
  ['an unknown offer', 'unknown-offer', [{ interval: 10, trades: [trade(1, 99, 500)] }]],
  ['a bid that sells', 'wrong-side', [{ interval: 10, trades: [trade(3, 4, 500)] }]],
  ['utility with itself', 'both-utility', [{ interval: 10, trades: [trade(5, 6, 500)] }]],
  ['an interval outside an offer', 'outside-range', [{ interval: 13, trades: [trade(1, 3, 500)] }]],
  ['prices that do not meet', 'prices-do-not-meet', [{ interval: 10, trades: [trade(5, 3, 500)] }]],
  ['a trade below the minimum', 'too-small', [{ interval: 10, trades: [trade(1, 3, 3)] }]],
  [
    'a trade of nothing',
    'too-small',
    [{ interval: 10, trades: [trade(1, 3, 0)] }],
    { minTradeWs: 0 },
  ],
  ['part of a watt', 'not-an-integer', [{ interval: 10, trades: [trade(1, 3, 10.5)] }]],
  [
    'asks out of order',
    'merge-order',
    [{ interval: 10, trades: [trade(2, 3, 100), trade(1, 4, 100)] }],
  ],
  [
    'bids out of order',
    'merge-order',
    [{ interval: 10, trades: [trade(1, 4, 100), trade(2, 3, 100)] }],
  ],
  ['a pair twice', 'merge-order', [{ interval: 10, trades: [trade(1, 3, 100), trade(1, 3, 100)] }]],
  [
    'more power than offered',
    'offer-power',
    [{ interval: 10, trades: [trade(1, 3, 300), trade(1, 4, 301)] }],
  ],
  [
    'more energy than offered, over intervals',
    'offer-energy',
    [
      { interval: 10, trades: [trade(1, 3, 600)] },
      { interval: 11, trades: [trade(1, 3, 401)] },
    ],
  ],
  [
    'more sold than the internal limit',
    'internal-sold',
    [{ interval: 10, trades: [trade(1, 3, 500), trade(2, 4, 500)] }],
    { limitsAt: () => ({ internalLimitW: 999, externalLimitW: 9999 }) },
  ],
  [
    'more bought than the internal limit',
    'internal-bought',
    [{ interval: 10, trades: [trade(1, 4, 600)] }],
    { limitsAt: (feeder) => ({ internalLimitW: feeder === 2 ? 599 : 999, externalLimitW: 9999 }) },
  ],
  [
    'a net export above the external limit',
    'external-export',
    [{ interval: 10, trades: [trade(1, 4, 600)] }],
    { limitsAt: (feeder) => ({ internalLimitW: 9999, externalLimitW: feeder === 1 ? 599 : 999 }) },
  ],
  [
    'a net import above the external limit',
    'external-import',
    [{ interval: 10, trades: [trade(1, 4, 600)] }],
    { limitsAt: (feeder) => ({ internalLimitW: 9999, externalLimitW: feeder === 2 ? 599 : 999 }) },
  ],
  [
    'an offer posted in the quiet time',
    'late-offer',
    [{ interval: 10, trades: [trade(1, 3, 500)] }],
    { lastPostingOf: () => -1 },
  ],
];

for (const [what, code, chunks, change] of REFUSED) {
  test(`refuses ${what}`, () => {
    const codes = verifySolution(chunks, rules(change)).map((fault) => fault.code);
    assert.ok(codes.includes(code), `faults: ${codes.join(', ')}`);
    assert.is(new Set(codes).size, 1, `only this rule is broken: ${codes.join(', ')}`);
  });
}

test('sales inside a feeder do not count as its net flow', () => {
  const inside = [{ interval: 10, trades: [trade(1, 3, 600)] }];
  const limits = () => ({ internalLimitW: 600, externalLimitW: 0 });
  assert.equal(verifySolution(inside, rules({ limitsAt: limits })), []);
});

test('no limit binds the utility', () => {
  const chunk = { interval: 10, trades: [trade(5, 4, 1000)] };
  const limits = (feeder: number) =>
    feeder === 0
      ? { internalLimitW: 0, externalLimitW: 0 }
      : { internalLimitW: 1000, externalLimitW: 1000 };
  assert.equal(verifySolution([chunk], rules({ limitsAt: limits })), []);
});

test('values energy between homes apart from energy with the utility', () => {
  const offers = rules().offer;
  const chunk = { interval: 10, trades: [trade(1, 3, 500), trade(5, 4, 100)] };
  assert.equal(objectiveOf(chunk, offers, INTERVAL_SECONDS), {
    homeEnergyWs: 450_000n,
    utilityEnergyWs: 90_000n,
    welfare: 50n * 450_000n + 20n * 90_000n,
  });
});

test('compares home energy first, then utility energy, then welfare', () => {
  const value = { homeEnergyWs: 5n, utilityEnergyWs: 5n, welfare: 5n };
  const beats = (homeEnergyWs: bigint, utilityEnergyWs: bigint, welfare: bigint, gainWs = 0) =>
    beatsObjective(value, { homeEnergyWs, utilityEnergyWs, welfare }, gainWs);
  assert.not(beats(5n, 5n, 5n));
  assert.ok(beats(4n, 9n, 9n));
  assert.not(beats(5n, 6n, 0n));
  assert.ok(beats(5n, 5n, 4n));
  assert.equal([beats(3n, 9n, 9n, 2), beats(3n, 9n, 9n, 3)], [true, false], 'energy, Ws');
  assert.equal([beats(5n, 4n, 9n, 1), beats(5n, 4n, 9n, 2)], [true, false]);
  assert.equal([beats(5n, 5n, -9_995n, 1), beats(5n, 5n, -9_994n, 1)], [true, false], 'welfare');
});

test.run();
