/** What offers that are not closed should hold, as far as intervals are settled. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Findings } from '../../../testbed/audit/findings.ts';
import { BUY, type MarketLog, type PostedOffer, SELL } from '../../../testbed/audit/market-log.ts';
import { moneyFaults } from '../../../testbed/audit/money.ts';

const test = suite('audit: money of open offers');

const PRICE = 200_000;
/** What 1,000 W over an interval cost. */
const PAID = 50_000n;
const ESCROW = 4n * PAID;

function offer(id: number, side: number, firstInterval: number, lastInterval: number): PostedOffer {
  const terms = { energyWs: 4 * 900_000, maxPowerW: 4000, priceMicroPerKwh: PRICE };
  const range = { firstInterval, lastInterval };
  return { id, owner: `0x${id}`, assetId: id, side, ...range, ...terms, blockNumber: 1 };
}

/** An ask and a bid of two intervals, and a bid of the second alone; both intervals are final. */
function logOf(settled: number[], closed: number[] = []): MarketLog {
  const offers = [offer(1, SELL, 5, 6), offer(2, BUY, 5, 6), offer(3, BUY, 6, 6)];
  const trade = (interval: number, bidId: number) => ({
    ...{ interval, askId: 1, bidId, powerW: 1000, priceMicroPerKwh: null },
  });
  const final = { blockNumber: 2, voided: [] };
  return {
    assets: new Map(),
    offers: new Map(offers.map((each) => [each.id, each])),
    closed: closed.map((offerId) => ({
      ...{ offerId, owner: `0x${offerId}`, energyWs: 0, moneyMicro: ESCROW - PAID, blockNumber: 3 },
    })),
    energyDeposits: [],
    money: [2, 3].map((id) => ({ kind: 'added', address: `0x${id}`, amountMicro: ESCROW })),
    finalizations: [
      { ...final, interval: 5, trades: [trade(5, 2)] },
      { ...final, interval: 6, trades: [trade(6, 2), trade(6, 3)] },
    ],
    settled: new Set(settled),
    limits: [],
    solutions: new Map(),
  };
}

/** @param held money of the open offers @returns created and lost */
function faults(log: MarketLog, held: [offerId: number, amountMicro: bigint][]): [bigint, bigint] {
  const balances = new Map(log.closed.map(({ owner, moneyMicro }) => [owner, moneyMicro]));
  const givenBack = log.closed.reduce((sum, { moneyMicro }) => sum + moneyMicro, 0n);
  const holdings = { balances, offerMoney: new Map(held), marketMicro: 2n * ESCROW - givenBack };
  const { createdMicro, lostMicro } = moneyFaults(log, holdings, 900, new Findings());
  return [createdMicro, lostMicro];
}

test('nothing moves before an interval is settled', () => {
  const untouched: [number, bigint][] = [
    [1, 0n],
    [2, ESCROW],
    [3, ESCROW],
  ];
  assert.equal(faults(logOf([]), untouched), [0n, 0n]);
  assert.equal(faults(logOf([5]), untouched), [PAID, PAID], 'it is settled and nothing was paid');
});

test('what is settled has moved, in offers that have more intervals', () => {
  const paid: [number, bigint][] = [
    [1, PAID],
    [2, ESCROW - PAID],
    [3, ESCROW],
  ];
  assert.equal(faults(logOf([5]), paid), [0n, 0n]);
  assert.equal(faults(logOf([]), paid), [PAID, PAID], 'paid too early');
});

test('in the middle of a settlement an offer may have been paid or not', () => {
  const log = logOf([5], [3]);
  const held = (ask: bigint, bid: bigint): [number, bigint][] => [
    [1, ask],
    [2, bid],
  ];
  assert.equal(faults(log, held(PAID, ESCROW - 2n * PAID)), [0n, 0n]);
  assert.equal(faults(log, held(3n * PAID, ESCROW - PAID)), [0n, 0n]);
  assert.equal(faults(log, held(2n * PAID, ESCROW - PAID)), [PAID, 0n], 'a part of it is neither');
});

test.run();
