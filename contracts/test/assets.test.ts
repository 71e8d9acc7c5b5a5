import type { Wallet } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { admitKey, type Grant, grant, grantArgs } from './asset-grants.ts';
import { assertConserved } from './conservation.ts';
import { postOffers } from './trading.ts';
import { C, inWorld, START } from './world.ts';

const test = suite('contracts/Assets');

test('nothing is granted before the grid is sealed', () =>
  inWorld({ sealed: false }, async (world) => {
    const to = world.fresh();
    const { granter } = world;
    const energy = await world.refused(granter, 'assets', 'addEnergy', grantArgs(world, to));
    assert.is(energy, 'NotSealed()');
    const args = [to.address, world.address.matching, 1];
    assert.is(await world.refused(granter, 'assets', 'addFinancialBalance', args), 'NotSealed()');
  }));

test('a grant creates an asset for its address, with an event that says all', () =>
  inWorld({}, async (world) => {
    const to = world.fresh();
    const { events } = await grant(world, to, { side: 1, feeder: 2 });
    const said = [to.address, 1n, 2n, 1n, BigInt(C + 1), BigInt(C + 2), 900_000n, 1_000n];
    assert.equal(events[0]?.args.toArray(), said);
    const asset = await world.read('assets', 'assets', [1]);
    assert.equal(
      asset.toArray(),
      said.filter((_, i) => i !== 1),
    );
    assert.is(Number(await world.read('assets', 'feederOf', [to.address])), 2);
    assert.ok(await world.read('assets', 'isKnown', [to.address]));
    assert.is(String(await world.read('assets', 'marketOf', [to.address])), world.address.matching);
    assert.not.ok(await world.read('assets', 'isKnown', [world.solver.address]));
    await assertConserved(world);
  }));

test('only a granter grants', () =>
  inWorld({}, async (world) => {
    const to = world.fresh();
    for (const caller of [to, world.owner, world.solver]) {
      const why = await world.refused(caller, 'assets', 'addEnergy', grantArgs(world, to));
      assert.is(why, `NotGranter(${caller.address})`);
      const args = [to.address, world.address.matching, 1];
      const money = await world.refused(caller, 'assets', 'addFinancialBalance', args);
      assert.is(money, `NotGranter(${caller.address})`);
    }
    await world.send(world.owner, 'microgrid', 'setGranter', [world.granter.address, false]);
    const why = await world.refused(world.granter, 'assets', 'addEnergy', grantArgs(world, to));
    assert.match(why, 'NotGranter');
  }));

test('a grant that makes no sense is refused', () =>
  inWorld({}, async (world) => {
    const to = world.fresh();
    const cases: [Partial<Grant>, string][] = [
      [{ energyWs: 0 }, 'NothingGranted'],
      [{ maxPowerW: 0 }, 'NothingGranted'],
      [{ feeder: 4 }, 'NoSuchFeeder(4)'],
      [{ first: C + 3 }, 'BadRange'],
      [{ first: C - 2, last: C - 1 }, 'BadRange'],
      [{ last: C + 1 + 96 }, 'BadRange'],
      [{ to: `0x${'0'.repeat(40)}` }, 'NoHolder'],
      [{ market: world.solver.address }, 'NotMarket'],
    ];
    for (const [change, error] of cases) {
      const args = grantArgs(world, to, change);
      assert.match(await world.refused(world.granter, 'assets', 'addEnergy', args), error);
    }
    await grant(world, to, { first: C, last: C + 95 });
  }));

test('the first grant fixes feeder and market of an address for ever', () =>
  inWorld({ capMicroPerDay: 10n ** 15n }, async (world) => {
    const other = await admitKey(world);
    const now = Math.floor(world.now() / 900);
    const range = { first: now + 1, last: now + 1 };
    const [seller, rich] = [world.fresh(), world.fresh()];
    await grant(world, seller, range);
    const refused = async (to: Wallet, change: Partial<Grant>) => {
      const args = grantArgs(world, to, { ...range, ...change });
      return world.refused(world.granter, 'assets', 'addEnergy', args);
    };
    assert.is(await refused(seller, { feeder: 2 }), `OtherFeeder(${seller.address}, 1)`);
    assert.match(await refused(seller, { market: other.address }), 'OtherMarket');
    const toOther = [seller.address, other.address, 5];
    const money = 'addFinancialBalance';
    assert.match(await world.refused(world.granter, 'assets', money, toOther), 'OtherMarket');
    await world.send(world.granter, 'assets', money, [rich.address, other.address, 5]);
    assert.match(await refused(rich, {}), 'OtherMarket');
    await grant(world, rich, { ...range, market: other.address, feeder: 3 });
  }));

test('granted money is capped by UTC day, to the last millionth', () =>
  inWorld({ capMicroPerDay: 1_000n }, async (world) => {
    const to = world.fresh();
    const args = (amount: number) => [to.address, world.address.matching, amount];
    const add = 'addFinancialBalance';
    await world.send(world.granter, 'assets', add, args(600));
    assert.match(await world.refused(world.granter, 'assets', add, args(401)), 'MoneyCapExceeded');
    await world.send(world.granter, 'assets', add, args(400));
    const midnight = Math.ceil(START / 86_400) * 86_400;
    const late = await world.refused(world.granter, 'assets', add, args(1), midnight - 1);
    assert.match(late, 'MoneyCapExceeded');
    await world.send(world.granter, 'assets', add, args(1_000), midnight);
    assert.is(Number(await world.read('assets', 'balanceMicro', [to.address])), 2_000);
    assert.match(await world.refused(world.granter, 'assets', add, args(0)), 'NothingGranted');
    await assertConserved(world);
  }));

test('granted power is capped per feeder, interval and side', () =>
  inWorld({ capPowerW: 10_000 }, async (world) => {
    const add = (change: Partial<Grant>) => grant(world, world.fresh(), change);
    await add({ maxPowerW: 6_000, first: C + 1, last: C + 3 });
    const args = grantArgs(world, world.fresh(), { maxPowerW: 4_001, first: C + 3, last: C + 5 });
    assert.is(
      await world.refused(world.granter, 'assets', 'addEnergy', args),
      `PowerCapExceeded(1, ${C + 3}, 0, 10001)`,
    );
    await add({ maxPowerW: 4_000, first: C + 3, last: C + 5 });
    await add({ maxPowerW: 10_000, first: C + 3, last: C + 3, side: 1 });
    await add({ maxPowerW: 10_000, first: C + 3, last: C + 3, feeder: 2 });
    const granted = await world.read('assets', 'grantedPowerW', [1, C + 3, 0]);
    assert.is(Number(granted), 10_000);
  }));

test('energy held is deposited by its owner alone, once, and not what an offer holds', () =>
  inWorld({}, async (world) => {
    const [offer] = await postOffers(world, [
      { feeder: 1, side: 'sell', first: C + 2, powerW: 500 },
    ]);
    const held = world.fresh();
    await grant(world, held);
    const deposit = (from: Wallet, id: number) =>
      world.refused(from, 'assets', 'depositEnergy', [id]);
    assert.match(await deposit(world.granter, 2), 'NotAssetOwner');
    assert.match(await deposit(held, 3), 'NotAssetOwner');
    assert.ok(offer);
    assert.is(await deposit(offer.owner, offer.assetId), 'NothingToDeposit()');
    const { events } = await world.send(held, 'assets', 'depositEnergy', [2]);
    assert.equal(events[0]?.args.toArray(), [held.address, 2n, 900_000n]);
    assert.is(await deposit(held, 2), 'NothingToDeposit()');
    await assertConserved(world);
  }));

test('money is deposited by its holder alone, up to what is held', () =>
  inWorld({}, async (world) => {
    const to = world.fresh();
    const args = [to.address, world.address.matching, 700];
    await world.send(world.granter, 'assets', 'addFinancialBalance', args);
    const deposit = (from: Wallet, amount: number) =>
      world.refused(from, 'assets', 'depositFinancial', [amount]);
    assert.is(await deposit(to, 701), `NotEnoughMoney(${to.address}, 701, 700)`);
    assert.match(await deposit(world.fresh(), 1), 'NotEnoughMoney');
    assert.is(await deposit(to, 0), 'NothingToDeposit()');
    const { events } = await world.send(to, 'assets', 'depositFinancial', [700]);
    assert.equal(events[0]?.args.toArray(), [to.address, 700n]);
    assert.match(await deposit(to, 1), 'NotEnoughMoney');
    await assertConserved(world);
  }));

test.run();
