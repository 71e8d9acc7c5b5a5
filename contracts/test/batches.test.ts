/** Many grants, offers or closings in one transaction. */
import type { Wallet } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertConserved } from './conservation.ts';
import { balanceOf, close, closedBy, finalize, settle } from './settling.ts';
import { buy, chunk, sell, startOf, submit, T, withOffers } from './trading.ts';
import { C, inWorld, type World } from './world.ts';

const test = suite('contracts: batches');

interface BatchGrant {
  feeder: number;
  side: number;
  first: number;
  last: number;
  energyWs: number;
  maxPowerW: number;
  amountMicro: number;
}

function grantOf(world: World, to: Wallet, change: Partial<BatchGrant> = {}): unknown[] {
  const grant: BatchGrant = {
    feeder: 1,
    side: 1,
    first: T,
    last: T + 1,
    energyWs: 3_600_000,
    maxPowerW: 4_000,
    amountMicro: 900_000,
    ...change,
  };
  return [to.address, world.address.matching, ...Object.values(grant)];
}

const MONEY_ALONE = { feeder: 0, side: 0, first: 0, last: 0, energyWs: 0, maxPowerW: 0 };

test('one transaction grants energy and money to many addresses', () =>
  inWorld({}, async (world) => {
    const [both, energy, money] = [world.fresh(), world.fresh(), world.fresh()] as const;
    const list = [
      grantOf(world, both),
      grantOf(world, energy, { side: 0, amountMicro: 0 }),
      grantOf(world, money, MONEY_ALONE),
      grantOf(world, both, { energyWs: 7, amountMicro: 5 }),
    ];
    const { events } = await world.send(world.granter, 'assets', 'grant', [list]);
    assert.equal(
      events.map((event) => event.name),
      [
        'AssetAdded',
        'FinancialAdded',
        'AssetAdded',
        'FinancialAdded',
        'AssetAdded',
        'FinancialAdded',
      ],
    );
    assert.is(Number(await world.read('assets', 'assetCount')), 3);
    assert.is(await balanceOf(world, both), 900_005n);
    assert.is(await balanceOf(world, energy), 0n);
    assert.is(await balanceOf(world, money), 900_000n);
    // Money alone fixes the market, and no feeder.
    assert.not.ok(await world.read('assets', 'isKnown', [money.address]));
    assert.is(String(await world.read('assets', 'marketOf', [money.address])), list[0]?.[1]);
    await world.send(world.granter, 'assets', 'grant', [[]]);
    await assertConserved(world);
  }));

test('a batch of grants counts in full against the caps, and passes whole or not at all', () =>
  inWorld({ capMicroPerDay: 1_000n, capPowerW: 10_000 }, async (world) => {
    const [one, two] = [world.fresh(), world.fresh()] as const;
    const grant = (to: Wallet, change: Partial<BatchGrant>) =>
      grantOf(world, to, { amountMicro: 500, ...change });
    const refused = (from: Wallet, ...list: unknown[][]) =>
      world.refused(from, 'assets', 'grant', [list]);
    const good = grant(one, {});
    const cases: [unknown[], string][] = [
      [grant(two, { amountMicro: 501 }), 'MoneyCapExceeded'],
      [grant(two, { maxPowerW: 6_001 }), `PowerCapExceeded(1, ${T}, 1, 10001)`],
      [grant(two, { energyWs: 0, amountMicro: 0 }), 'NothingGranted()'],
      [grant(two, { maxPowerW: 0 }), 'NothingGranted()'],
      [grant(two, { feeder: 9 }), 'NoSuchFeeder(9)'],
      [grant(two, { first: T + 2 }), 'BadRange'],
      [grant(one, { feeder: 2 }), `OtherFeeder(${one.address}, 1)`],
    ];
    for (const [bad, error] of cases) {
      assert.match(await refused(world.granter, good, bad), error);
    }
    for (const caller of [one, world.owner, world.solver]) {
      assert.is(await refused(caller, good), `NotGranter(${caller.address})`);
    }
    assert.is(Number(await world.read('assets', 'assetCount')), 0);
    await world.send(world.granter, 'assets', 'grant', [[good, grant(two, { maxPowerW: 6_000 })]]);
    await assertConserved(world);
  }));

test('nothing is granted in a batch before the grid is sealed', () =>
  inWorld({ sealed: false }, async (world) => {
    const list = [grantOf(world, world.fresh())];
    assert.is(await world.refused(world.granter, 'assets', 'grant', [list]), 'NotSealed()');
  }));

test('several offers are posted at once, of one asset or of more, all or none', () =>
  inWorld({}, async (world) => {
    const home = world.fresh();
    const grants = [grantOf(world, home), grantOf(world, home, { side: 0, amountMicro: 0 })];
    await world.send(world.granter, 'assets', 'grant', [grants]);
    const post = (assetId: number, change: { energyWs?: number; first?: number } = {}) => {
      const { energyWs = 900_000, first = T } = change;
      return [assetId, energyWs, first, T + 1, 1_000, 100_000];
    };
    const refused = (...posts: number[][]) =>
      world.refused(home, 'matching', 'postOffers', [posts]);
    assert.match(await refused(post(1), post(2), post(3)), 'NotAssetOwner(3');
    assert.match(await refused(post(1), post(1, { energyWs: 2_700_001 })), 'NotEnoughEnergy(1');
    assert.match(await refused(post(1), post(1, { first: C })), 'OutsideAsset');
    assert.match(await refused(...Array(5).fill(post(1, { energyWs: 900 }))), 'AssetOverPower');
    assert.is(Number(await world.read('matching', 'offerCount')), 0);
    const { events } = await world.send(home, 'matching', 'postOffers', [
      [post(1), post(2), post(1, { first: T + 1 })],
    ]);
    assert.equal(
      events.map(({ args }) => [Number(args.offerId), Number(args.assetId), Number(args.side)]),
      [
        [1, 1, 1],
        [2, 2, 0],
        [3, 1, 1],
      ],
    );
    await world.send(home, 'matching', 'postOffers', [[]]);
    await assertConserved(world);
  }));

test('the number of open offers of an asset holds within a batch', () =>
  inWorld({}, async (world) => {
    const home = world.fresh();
    await world.send(world.granter, 'assets', 'grant', [[grantOf(world, home)]]);
    const post = [1, 900, T, T, 10, 100_000];
    const why = await world.refused(home, 'matching', 'postOffers', [Array(5).fill(post)]);
    assert.is(why, 'TooManyOffers(1, 4)');
    await world.send(home, 'matching', 'postOffers', [Array(4).fill(post)]);
    await assertConserved(world);
  }));

test(
  'many offers are closed at once; those that are closed already are passed over',
  withOffers([sell(), buy(), sell(), buy(), buy({ first: T + 1 })], async (world, o) => {
    const part = chunk(T, [[o(0), o(1), 100]]);
    await submit(world, [part]);
    await finalize(world, T, part.trades);
    const refused = (ids: number[], at?: number) =>
      world.refused(world.fresh(), 'matching', 'closeOffers', [ids], at);
    assert.is(await refused([3, 4], startOf(T + 1)), `NotSettled(${T})`);
    assert.equal([...closedBy(await settle(world, T, part.trades)).keys()], [1, 2]);
    // One that is not over yet holds back all of its batch, so that nobody takes it for closed.
    assert.is(await refused([3, 5]), `NotPast(${startOf(T + 2)})`);
    assert.equal([...closedBy(await close(world, [1, 3, 2])).keys()], [3]);
    assert.equal([...closedBy(await close(world, [3, 4, 4, 0, 99])).keys()], [4]);
    const nothing = await close(world, []);
    assert.is(nothing.events.length, 0);
    await close(world, [1, 2, 3, 4, 5], startOf(T + 2));
    await assertConserved(world);
  }),
);

test.run();
