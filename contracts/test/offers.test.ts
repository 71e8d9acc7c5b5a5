import type { Wallet } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertConserved } from './conservation.ts';
import { CALENDAR } from './deployment.ts';
import { balanceOf, close, closedBy, finalize, refusedClose, settle } from './settling.ts';
import {
  chunk,
  closeOf,
  grants,
  payment,
  postOffers,
  stakeSolver,
  startOf,
  submit,
  type TestOffer,
  type Wish,
} from './trading.ts';
import { C, inWorld, START, type World } from './world.ts';

const test = suite('contracts/Matching: offers');

const LAST = C + CALENDAR.horizonIntervals - 1;

/** A granted asset whose offer is still to be posted. */
async function granted(world: World, wish: Partial<Wish> = {}): Promise<TestOffer> {
  const offer: TestOffer = {
    feeder: 1,
    side: 'sell',
    first: C + 1,
    last: C + 20,
    powerW: 1_000,
    energyWs: 10_000_000,
    priceMicroPerKwh: 100_000,
    id: 0,
    assetId: Number(await world.read('assets', 'assetCount')) + 1,
    owner: world.fresh(),
    escrowMicro: 0n,
    ...wish,
  };
  if (offer.side === 'buy') offer.escrowMicro = payment(offer.priceMicroPerKwh, offer.energyWs);
  await world.block(grants(world, offer));
  return offer;
}

interface Posting {
  energyWs: number;
  first: number;
  last: number;
  powerW: number;
  price: number;
}

function postArgs(asset: TestOffer, change: Partial<Posting> = {}): unknown[] {
  const posting: Posting = {
    energyWs: 900_000,
    first: C + 2,
    last: C + 3,
    powerW: 500,
    price: 100_000,
    ...change,
  };
  return [asset.assetId, ...Object.values(posting)];
}

const post = (world: World, asset: TestOffer, change: Partial<Posting> = {}, at?: number) =>
  world.send(asset.owner, 'matching', 'postOffer', postArgs(asset, change), at);
const refusedPost = (world: World, asset: TestOffer, change: Partial<Posting>, at?: number) =>
  world.refused(asset.owner, 'matching', 'postOffer', postArgs(asset, change), at);

test('an offer takes its energy, and a bid its money, out of Assets', () =>
  inWorld({}, async (world) => {
    const bid = await granted(world, { side: 'buy', feeder: 2, priceMicroPerKwh: 333_333 });
    const price = 333_333;
    const at = world.now() + 1;
    const { events } = await post(world, bid, { price, energyWs: 1_234_567 });
    const range = [BigInt(C + 2), BigInt(C + 3)];
    const said = [1n, bid.owner.address, 1n, 2n, 1n, ...range, 1_234_567n, 500n, 333_333n];
    assert.equal(events[0]?.args.toArray(), said);
    const escrow = payment(price, 1_234_567);
    const offer = (await world.read('matching', 'offers', [1])).toObject();
    assert.is(offer.moneyMicro, escrow);
    assert.is(offer.postedAt, BigInt(at));
    assert.is(offer.closed, false);
    const asset = (await world.read('assets', 'assets', [1])).toObject();
    assert.is(asset.energyWs, 10_000_000n - 1_234_567n);
    const left = (await world.read('assets', 'balanceMicro', [bid.owner.address])) as unknown;
    assert.is(left, bid.escrowMicro - escrow);
    await assertConserved(world);
  }));

test('only the owner of an asset offers it, within its range, power and energy', () =>
  inWorld({}, async (world) => {
    const asset = await granted(world, { first: C + 2, last: C + 5 });
    const refused = (caller: Wallet) =>
      world.refused(caller, 'matching', 'postOffer', postArgs(asset));
    for (const caller of [world.fresh(), world.granter, world.owner]) {
      assert.is(await refused(caller), `NotMarket(${world.address.matching})`);
    }
    const { owner: other } = await granted(world);
    assert.is(await refused(other), `NotAssetOwner(1, ${other.address})`);
    const cases: [Partial<Posting>, string][] = [
      [{ first: C + 1 }, 'OutsideAsset'],
      [{ last: C + 6 }, 'OutsideAsset'],
      [{ first: C + 4, last: C + 3 }, 'OutsideAsset'],
      [{ powerW: 0 }, 'NoPower()'],
      [{ powerW: 1_001 }, 'AssetOverPower(1, 1001, 1000)'],
      [{ energyWs: 899 }, 'OfferTooSmall(899, 900)'],
      [{ energyWs: 10_000_001 }, 'NotEnoughEnergy'],
    ];
    for (const [change, error] of cases) {
      assert.match(await refusedPost(world, asset, change), error, JSON.stringify(change));
    }
    await post(world, asset, { first: C + 2, last: C + 5, powerW: 1_000, energyWs: 10_000_000 });
    await assertConserved(world);
  }));

test('offers of an asset that may trade at once stay within its power, and all in number', () =>
  inWorld({}, async (world) => {
    const asset = await granted(world);
    await post(world, asset, { powerW: 600 });
    assert.is(await refusedPost(world, asset, { powerW: 401 }), 'AssetOverPower(1, 1001, 1000)');
    for (const powerW of [100, 100, 100]) await post(world, asset, { powerW });
    assert.is(await refusedPost(world, asset, { powerW: 1 }), 'TooManyOffers(1, 4)');
    // Also when one of them is closed.
    await world.send(world.fresh(), 'matching', 'closeOffer', [1], startOf(C + 4));
    assert.match(await refusedPost(world, asset, { powerW: 1 }), 'TooManyOffers');
    await assertConserved(world);
  }));

test('a bid without money for all it may buy is refused', () =>
  inWorld({}, async (world) => {
    const bid = await granted(world, { side: 'buy', energyWs: 3_600_000, priceMicroPerKwh: 1_000 });
    const whole = { energyWs: 3_600_000, price: 1_001 };
    assert.match(await refusedPost(world, bid, whole), 'NotEnoughMoney');
    await post(world, bid, { ...whole, price: 1_000 });
    await assertConserved(world);
  }));

test('an offer begins within the horizon and may reach beyond it', () =>
  inWorld({}, async (world) => {
    const asset = await granted(world);
    const beyond = { first: LAST + 1, last: LAST + 1 };
    assert.is(await refusedPost(world, asset, beyond), `BeyondHorizon(${LAST + 1}, ${LAST})`);
    await post(world, asset, { first: LAST, last: LAST + 5 });
    await post(world, asset, { first: LAST + 1, last: LAST + 1 }, START + 900);
  }));

test('an offer must be posted before quiet time of its last interval, to the second', () =>
  inWorld({}, async (world) => {
    const [early, late] = [await granted(world), await granted(world)];
    const latest = closeOf(C + 3) - CALENDAR.quietSeconds;
    await post(world, early, {}, latest);
    assert.is(await refusedPost(world, late, {}, latest + 1), `TooLateToPost(${C + 3}, ${latest})`);
    // Its earlier intervals may be past: what is left of the range counts.
    await post(world, late, { first: C + 1, last: C + 4 });
  }));

test('an offer is closed after its last interval, by anyone, to the second, once', () =>
  inWorld({}, async (world) => {
    await stakeSolver(world);
    const span = { first: C + 1, last: C + 2, powerW: 1_000, energyWs: 1_800_000 };
    const [ask, bid, idle] = await postOffers(world, [
      { ...span, feeder: 1, side: 'sell', priceMicroPerKwh: 100_000 },
      { ...span, feeder: 2, side: 'buy', priceMicroPerKwh: 300_000 },
      { feeder: 2, side: 'buy', first: C + 1, powerW: 1_000 },
    ]);
    if (!ask || !bid || !idle) throw new Error('no offers');
    const { trades } = chunk(C + 1, [[ask, bid, 600]]);
    await submit(world, [chunk(C + 1, [[ask, bid, 600]])]);
    await finalize(world, C + 1, trades);
    assert.is(await refusedClose(world, idle.id, startOf(C + 2) - 1), `NotPast(${startOf(C + 2)})`);
    await settle(world, C + 1, trades);
    const unused = await close(world, [idle.id]);
    assert.equal(closedBy(unused).get(idle.id), [900_000, idle.escrowMicro]);
    assert.is(await refusedClose(world, idle.id), `AlreadyClosed(${idle.id})`);
    for (const id of [0, 4]) assert.is(await refusedClose(world, id), `NoSuchOffer(${id})`);
    // Proceeds do not leave before the end of the offer.
    assert.is(await refusedClose(world, ask.id, startOf(C + 3) - 1), `NotPast(${startOf(C + 3)})`);
    const paid = payment(200_000, 540_000);
    const rest = bid.escrowMicro - paid;
    const closed = closedBy(await close(world, [ask.id, bid.id], startOf(C + 3)));
    assert.equal(
      [...closed],
      [
        [ask.id, [1_260_000, paid]],
        [bid.id, [1_260_000, rest]],
      ],
    );
    assert.is(await balanceOf(world, ask.owner), paid);
    await world.send(ask.owner, 'assets', 'depositFinancial', [paid]);
    await world.send(ask.owner, 'assets', 'depositEnergy', [ask.assetId]);
    await world.send(bid.owner, 'assets', 'depositEnergy', [bid.assetId]);
    await world.send(bid.owner, 'assets', 'depositFinancial', [rest]);
    await assertConserved(world);
  }));

test.run();
