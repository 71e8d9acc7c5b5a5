/**
 * The law of the ledger (design: invariants). Energy, asset by asset: granted = held + entered +
 * deposited, and entered = in open offers + traded. Money, to the last millionth: granted =
 * balances + inside the market + deposited, and inside = offers + stakes + reward pot + rewards set
 * aside. What should be is computed from the log alone (ledger.ts), and every record of the
 * contracts is held against it.
 */
import * as assert from 'uvu/assert';
import { type AssetBook, type Ledger, type OfferRecord, readLedger } from './ledger.ts';
import type { World } from './world.ts';

/** @throws uvu's assertion when anything was created or lost. */
export async function assertConserved(world: World): Promise<void> {
  const ledger = await readLedger(world);
  await assertEnergy(world, ledger);
  await assertOffers(world, ledger);
  await assertMoney(world, ledger);
}

async function assertEnergy(world: World, ledger: Ledger): Promise<void> {
  const offers = [...ledger.offers.values()].filter((offer) => !offer.isClosed);
  assert.is(Number(await world.read('assets', 'assetCount')), ledger.assets.size, 'assets');
  const totals = [
    { grantedWs: 0n, depositedWs: 0n },
    { grantedWs: 0n, depositedWs: 0n },
  ];
  for (const [id, asset] of ledger.assets) {
    const open = offers.filter((offer) => offer.assetId === id);
    const inOffersWs = sum(open.map((offer) => offer.energyWs - offer.takenWs));
    const place = (await world.read('assets', 'placeOf', [id])).toObject();
    assert.is(place.enteredWs, inOffersWs + asset.tradedWs, `asset ${id}: entered`);
    const away = place.enteredWs + asset.depositedWs;
    assert.is(asset.grantedWs, place.heldWs + away, `asset ${id}: granted`);
    const all = [...ledger.offers.values()].filter((offer) => offer.assetId === id);
    assert.is(Number(place.offers), all.length, `asset ${id}: offers`);
    assertPower(all, asset);
    const view = (await world.read('assets', 'assets', [id])).toObject();
    assert.is(view.energyWs, place.heldWs, `asset ${id}: held`);
    const ofSide = totals[asset.side];
    if (ofSide === undefined) throw new RangeError(`side ${asset.side}`);
    ofSide.grantedWs += asset.grantedWs;
    ofSide.depositedWs += asset.depositedWs;
  }
  for (const [side, expected] of totals.entries()) {
    const said = await world.read('assets', 'energyTotals', [side]);
    assert.equal(said.toObject(), expected, `totals of side ${side}`);
  }
}

/** In no interval may offers of an asset have more power together than it has. */
function assertPower(offers: readonly OfferRecord[], asset: AssetBook): void {
  for (const { firstInterval } of offers) {
    const powerW = offers
      .filter((one) => one.firstInterval <= firstInterval && firstInterval <= one.lastInterval)
      .reduce((total, one) => total + one.powerW, 0);
    assert.ok(powerW <= asset.maxPowerW, `${powerW} W of an asset in interval ${firstInterval}`);
  }
}

async function assertOffers(world: World, ledger: Ledger): Promise<void> {
  assert.is(Number(await world.read('matching', 'offerCount')), ledger.offers.size, 'offers');
  for (const interval of ledger.finals.keys()) {
    const hash = BigInt(String(await world.read('matching', 'unsettled', [interval])));
    assert.is(hash !== 0n, ledger.unsettled.has(interval), `${interval} waits for settlement`);
  }
  for (const offer of ledger.offers.values()) {
    const view = (await world.read('matching', 'offers', [offer.id])).toObject();
    assert.is(view.closed, offer.isClosed, `offer ${offer.id}: closed`);
    assert.is(view.energyWs, shownWs(offer), `offer ${offer.id}: energy`);
    const [least, most] = shownMicro(offer);
    const isShown = view.moneyMicro >= least && view.moneyMicro <= most;
    assert.ok(isShown, `offer ${offer.id}: money ${view.moneyMicro}`);
  }
}

function shownWs(offer: OfferRecord): bigint {
  if (offer.isClosed) return 0n;
  return offer.isSingle ? offer.energyWs : offer.energyWs - offer.takenWs;
}

/** Of intervals that are being settled some trades are paid, and some are not. */
function shownMicro(offer: OfferRecord): [least: bigint, most: bigint] {
  if (offer.isClosed) return [0n, 0n];
  const pending = sum([...offer.pending.values()]);
  const before = offer.moneyMicro - pending;
  if (offer.isSingle) return [before, before];
  return pending < 0n ? [offer.moneyMicro, before] : [before, offer.moneyMicro];
}

async function assertMoney(world: World, ledger: Ledger): Promise<void> {
  const balances: bigint[] = [];
  for (const [holder, expected] of ledger.balances) {
    const balance = (await world.read('assets', 'balanceMicro', [holder])) as unknown as bigint;
    assert.is(balance, expected, `balance of ${holder}`);
    balances.push(balance);
  }
  for (const [solver, expected] of ledger.stakes) {
    const stake = (await world.read('matching', 'stakeOf', [solver])) as unknown as bigint;
    assert.is(stake, expected, `stake of ${solver}`);
  }
  const potMicro = await assertPot(world, ledger);
  const open = [...ledger.offers.values()].filter((offer) => !offer.isClosed);
  const inOffers = sum(open.map((offer) => offer.moneyMicro));
  const rewards = ledger.fundedMicro - ledger.rewardedMicro;
  const inside = inOffers + sum([...ledger.stakes.values()]) + rewards;
  const { matching } = world.address;
  const said = (await world.read('assets', 'insideMicro', [matching])) as unknown as bigint;
  assert.is(said, inside, 'money inside the market');
  assert.ok(potMicro >= 0n && potMicro <= rewards, 'the pot is a part of it');
  const money = (await world.read('assets', 'moneyTotals')).toObject();
  const { grantedMicro, depositedMicro } = ledger;
  assert.equal(money, { grantedMicro, depositedMicro }, 'totals of money');
  assert.is(grantedMicro, sum(balances) + said + depositedMicro, 'money granted');
}

/** What final intervals set aside came out of the pot, and is at least what was paid of it. */
async function assertPot(world: World, ledger: Ledger): Promise<bigint> {
  let reservedMicro = 0n;
  for (const interval of ledger.finals.keys()) {
    const args = [interval, world.solver.address];
    reservedMicro += (await world.read('matching', 'creditOf', args)).toObject().rewardMicro;
  }
  const pot = (await world.read('matching', 'rewardPotMicro')) as unknown as bigint;
  assert.is(pot, ledger.fundedMicro - reservedMicro, 'reward pot');
  assert.ok(ledger.rewardedMicro <= reservedMicro, 'no more rewards than were set aside');
  return pot;
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}
