/** What a market can do to the energy and the money of addresses, and what it cannot. */
import type { Wallet } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { admitKey, type Grant, grant } from './asset-grants.ts';
import { balanceOf } from './settling.ts';
import { inWorld, type World } from './world.ts';

const test = suite('contracts/Assets: markets');

const ZERO = `0x${'0'.repeat(40)}`;

interface Setting {
  market: Wallet;
  /** Asset 1 of 1,000 Ws to sell, with money that a right to sell never asks for. */
  seller: Wallet;
  /** Asset 2 of 1,000 Ws to buy, and 100 millionths. */
  buyer: Wallet;
  /** Asset 3, granted for another market, and 100 millionths. */
  foreign: Wallet;
  /** The first interval of all assets. */
  first: number;
  refused(method: string, ...args: unknown[]): Promise<string>;
  move(method: string, ...args: unknown[]): Promise<unknown>;
}

/** @param more intervals of each asset after its first */
async function setUp(world: World, change: Partial<Grant> = {}, more = 0): Promise<Setting> {
  const market = await admitKey(world);
  const now = Math.floor(world.now() / 900);
  const range = { first: now + 1, last: now + 1 + more, energyWs: 1_000, market: market.address };
  const [seller, buyer, foreign] = [world.fresh(), world.fresh(), world.fresh()] as const;
  await grant(world, seller, { ...range, ...change });
  await grant(world, buyer, { ...range, ...change, side: 1 });
  await grant(world, foreign, { ...range, market: world.address.matching });
  for (const to of [seller, buyer, foreign]) {
    const its = to === foreign ? world.address.matching : market.address;
    await world.send(world.granter, 'assets', 'addFinancialBalance', [to.address, its, 100]);
  }
  return {
    market,
    seller,
    buyer,
    foreign,
    first: now + 1,
    refused: (method, ...args) => world.refused(market, 'assets', method, args),
    move: (method, ...args) => world.send(market, 'assets', method, args),
  };
}

async function placeOf(world: World, assetId: number): Promise<bigint[]> {
  return (await world.read('assets', 'placeOf', [assetId])).toArray();
}

/** Granted = held + entered + deposited of each asset; money = balances + inside + deposited. */
async function assertLaw(world: World, setting: Setting): Promise<void> {
  const depositedWs = [0n, 0n];
  for (const id of [1, 2, 3]) {
    const place = (await world.read('assets', 'placeOf', [id])).toObject();
    const lacks = 1_000n - place.heldWs - place.enteredWs;
    const side = id === 2 ? 1 : 0;
    depositedWs[side] = (depositedWs[side] ?? 0n) + lacks;
  }
  for (const side of [0, 1]) {
    const totals = (await world.read('assets', 'energyTotals', [side])).toObject();
    assert.is(totals.grantedWs, side === 0 ? 2_000n : 1_000n);
    assert.is(totals.depositedWs, depositedWs[side]);
  }
  const { market, seller, buyer, foreign } = setting;
  let micro = 0n;
  for (const holder of [seller, buyer, foreign]) micro += await balanceOf(world, holder);
  for (const where of [market.address, world.address.matching]) {
    micro += (await world.read('assets', 'insideMicro', [where])) as unknown as bigint;
  }
  const { grantedMicro, depositedMicro } = (await world.read('assets', 'moneyTotals')).toObject();
  assert.is(grantedMicro, 300n);
  assert.is(micro + depositedMicro, 300n);
}

test('who is no market can move nothing', () =>
  inWorld({}, async (world) => {
    const to = world.fresh();
    await grant(world, to);
    const calls: [string, unknown[]][] = [
      ['moveIn', [to.address, 1, 1, 1, 1, 1, 0]],
      ['release', [[[1, 0, 0]]]],
      ['moveMoneyIn', [to.address, 0]],
      ['moveMoneyOut', [to.address, 0]],
    ];
    for (const caller of [to, world.granter, world.owner]) {
      for (const [method, args] of calls) {
        const why = await world.refused(caller, 'assets', method, args);
        assert.is(why, `NotMarket(${caller.address})`, method);
      }
    }
  }));

test('a market takes in only what its own addresses have, within the power of the asset', () =>
  inWorld({}, async (world) => {
    const setting = await setUp(world, { maxPowerW: 10 });
    const { market, seller, buyer, foreign, first: f, refused, move } = setting;
    const [s, b] = [seller.address, buyer.address];
    const cases: [unknown[], string][] = [
      [[foreign.address, 3, 1, 1, f, f, 0], `NotMarket(${market.address})`],
      [[s, 3, 1, 1, f, f, 0], `NotAssetOwner(3, ${s})`],
      [[s, 2, 1, 1, f, f, 0], `NotAssetOwner(2, ${s})`],
      [[s, 4, 1, 1, f, f, 0], `NotAssetOwner(4, ${s})`],
      [[ZERO, 4, 0, 0, f, f, 0], `NotMarket(${market.address})`],
      [[s, 1, 1_001, 1, f, f, 0], 'NotEnoughEnergy(1, 1001, 1000)'],
      [[s, 1, 1, 11, f, f, 0], 'AssetOverPower(1, 11, 10)'],
      [[b, 2, 1, 1, f, f, 101], `NotEnoughMoney(${b}, 101, 100)`],
    ];
    for (const [args, error] of cases) assert.is(await refused('moveIn', ...args), error);
    await move('moveIn', b, 2, 600, 6, f, f, 60);
    assert.is(await refused('moveIn', b, 2, 400, 5, f, f, 0), 'AssetOverPower(2, 11, 10)');
    assert.is(await refused('moveIn', b, 2, 401, 4, f, f, 0), 'NotEnoughEnergy(2, 401, 400)');
    assert.is(await refused('moveIn', b, 2, 400, 4, f, f, 41), `NotEnoughMoney(${b}, 41, 40)`);
    await move('moveIn', b, 2, 400, 4, f, f, 40);
    assert.equal(await placeOf(world, 2), [0n, 1_000n, 10n, 0n, 1n, 2n]);
    await assertLaw(world, setting);
  }));

test('offers of one asset go forward, each stretch of them within the power of the asset', () =>
  inWorld({}, async (world) => {
    const setting = await setUp(world, { maxPowerW: 10 }, 5);
    const { seller, first: f, refused, move } = setting;
    const offer = (powerW: number, first: number, last: number) =>
      [seller.address, 1, 10, powerW, f + first, f + last, 0] as const;
    assert.is(await refused('moveIn', ...offer(1, -1, 0)), `OutsideAsset(${f - 1}, ${f})`);
    assert.is(await refused('moveIn', ...offer(1, 5, 6)), `OutsideAsset(${f + 5}, ${f + 6})`);
    assert.is(await refused('moveIn', ...offer(1, 2, 1)), `OutsideAsset(${f + 2}, ${f + 1})`);
    await move('moveIn', ...offer(10, 0, 1));
    assert.is(await refused('moveIn', ...offer(1, 1, 5)), 'AssetOverPower(1, 11, 10)');
    // At full power again: no interval is in both.
    await move('moveIn', ...offer(7, 2, 3));
    await move('moveIn', ...offer(3, 3, 4));
    assert.equal(await placeOf(world, 1), [970n, 30n, 10n, 2n, 5n, 3n]);
    assert.is(await refused('moveIn', ...offer(1, 4, 5)), 'AssetOverPower(1, 11, 10)');
    assert.is(await refused('moveIn', ...offer(1, 1, 1)), `OutOfTurn(1, ${f + 1}, ${f + 2})`);
    await move('moveIn', ...offer(10, 5, 5));
    assert.equal(await placeOf(world, 1), [960n, 40n, 10n, 5n, 6n, 4n]);
  }));

test('money comes along with a right to buy alone', () =>
  inWorld({}, async (world) => {
    const setting = await setUp(world);
    const { market, seller, buyer, first: f, move } = setting;
    await move('moveIn', seller.address, 1, 1_000, 1, f, f, 1_000_000);
    await move('moveIn', buyer.address, 2, 1_000, 1, f, f, 70);
    assert.is(await balanceOf(world, seller), 100n);
    assert.is(await balanceOf(world, buyer), 30n);
    const inside = (await world.read('assets', 'insideMicro', [market.address])) as unknown;
    assert.is(inside, 70n);
    await assertLaw(world, setting);
  }));

test('energy goes back only to the asset it came from, and no more of it than came', () =>
  inWorld({}, async (world) => {
    const setting = await setUp(world);
    const { seller, buyer, first: f, refused, move } = setting;
    await move('moveIn', seller.address, 1, 600, 5, f, f, 0);
    const release = (...list: number[][]) => refused('release', list);
    assert.is(await release([1, 601, 0]), 'NotInside(1, 601, 0)');
    assert.is(await release([2, 1, 0]), 'NotInside(2, 1, 0)');
    assert.match(await release([4, 0, 0]), 'NotMarket');
    assert.match(await release([3, 0, 0]), 'NotMarket');
    // Twice in one call is once too often.
    assert.is(await release([1, 400, 0], [1, 400, 0]), 'NotInside(1, 400, 0)');
    // What was traded stays away: 250 of the 600.
    await move('release', [[1, 350, 0]]);
    assert.equal((await placeOf(world, 1)).slice(0, 2), [750n, 250n]);
    assert.is(await release([1, 251, 0]), 'NotInside(1, 251, 0)');
    await move('moveIn', buyer.address, 2, 1_000, 1, f, f, 10);
    await move('release', [[2, 1_000, 10]]);
    await assertLaw(world, setting);
    for (const [holder, id] of [
      [seller, 1],
      [buyer, 2],
    ] as const) {
      await world.send(holder, 'assets', 'depositEnergy', [id]);
    }
    assert.equal((await placeOf(world, 1)).slice(0, 2), [0n, 250n]);
    await assertLaw(world, setting);
  }));

test('money goes out to its own addresses, and no more in all than came in', () =>
  inWorld({}, async (world) => {
    const setting = await setUp(world);
    const { seller, buyer, foreign, first: f, refused, move } = setting;
    await move('moveIn', buyer.address, 2, 1_000, 1, f, f, 60);
    await move('moveIn', seller.address, 1, 1_000, 1, f, f, 0);
    await move('moveMoneyIn', seller.address, 20);
    assert.match(await refused('moveMoneyIn', seller.address, 81), 'NotEnoughMoney');
    assert.match(await refused('moveMoneyIn', foreign.address, 1), 'NotMarket');
    assert.match(await refused('moveMoneyOut', foreign.address, 1), 'NotMarket');
    assert.is(await refused('moveMoneyOut', buyer.address, 81), 'NotInside(0, 0, 81)');
    assert.is(
      await refused('release', [
        [1, 0, 41],
        [2, 0, 40],
      ]),
      'NotInside(0, 0, 81)',
    );
    // Money may be passed on, within the market's own addresses.
    await move('release', [
      [1, 0, 41],
      [2, 0, 9],
    ]);
    await move('moveMoneyOut', seller.address, 30);
    assert.is(await refused('moveMoneyOut', seller.address, 1), 'NotInside(0, 0, 1)');
    assert.is(await balanceOf(world, seller), 151n);
    await assertLaw(world, setting);
  }));

test('the money of one market is not to be had through another', () =>
  inWorld({}, async (world) => {
    const setting = await setUp(world);
    const { seller, foreign, refused } = setting;
    const { matching } = world.address;
    await world.send(foreign, 'matching', 'stake', [90]);
    assert.is((await world.read('assets', 'insideMicro', [matching])) as unknown, 90n);
    assert.is(await refused('moveMoneyOut', seller.address, 1), 'NotInside(0, 0, 1)');
    assert.match(await refused('moveMoneyOut', foreign.address, 1), 'NotMarket');
    await assertLaw(world, setting);
  }));

test.run();
