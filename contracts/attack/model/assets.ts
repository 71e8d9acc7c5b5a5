/** energyAssets and money, by what `IAssets` promises. */
import { currentAt } from './calendar.ts';
import { Faults } from './faults.ts';
import type { Asset, Side, State } from './state.ts';

export const NOBODY = `0x${'0'.repeat(40)}`;
const MAX_RANGE = 96;
const DAY = 86_400;

export interface Grant {
  to: string;
  market: string;
  feeder: number;
  side: Side;
  first: number;
  last: number;
  energyWs: number;
  maxPowerW: number;
  amountMicro: bigint;
}

export function addEnergy(state: State, caller: string, grant: Grant): void {
  const faults: Faults = new Faults();
  checkGranting(state, caller, faults);
  faults.check(grant.energyWs > 0, 'NothingGranted');
  give(state, grant, faults);
}

export function addFinancialBalance(state: State, caller: string, grant: Grant): void {
  const faults: Faults = new Faults();
  checkGranting(state, caller, faults);
  faults.check(grant.amountMicro > 0n, 'NothingGranted');
  give(state, { ...grant, energyWs: 0 }, faults);
}

export function grantAll(state: State, caller: string, grants: readonly Grant[]): void {
  const faults: Faults = new Faults();
  checkGranting(state, caller, faults);
  for (const grant of grants) give(state, grant, faults);
  faults.stop();
}

function checkGranting(state: State, caller: string, faults: Faults): void {
  faults.check(state.granters.has(caller), 'NotGranter');
  faults.check(!state.isPaused, 'GridPaused');
}

function give(state: State, grant: Grant, faults: Faults): void {
  faults.check(grant.energyWs > 0 || grant.amountMicro > 0n, 'NothingGranted');
  faults.check(grant.to !== NOBODY, 'NoHolder');
  faults.check(grant.market === state.market, 'NotMarket');
  faults.stop();
  const holder = state.holders.get(grant.to) ?? { feeder: null, balanceMicro: 0n };
  if (grant.energyWs > 0) {
    faults.check(grant.maxPowerW > 0, 'NothingGranted');
    faults.check(grant.feeder <= state.limits.size, 'NoSuchFeeder');
    faults.check(holder.feeder === null || holder.feeder === grant.feeder, 'OtherFeeder');
    const isRange = grant.first <= grant.last && grant.last - grant.first < MAX_RANGE;
    faults.check(isRange, 'BadRange');
    faults.check(grant.last >= currentAt(state.calendar, state.now), 'BadRange');
    faults.stop();
    holder.feeder = grant.feeder;
    countPower(state, grant, faults);
    state.assets.set(state.assets.size + 1, assetOf(grant));
    state.grantedWs[grant.side] += grant.energyWs;
  }
  if (grant.amountMicro > 0n) {
    const day = Math.floor(state.now / DAY);
    const grantedMicro = (state.grantedOn.get(day) ?? 0n) + grant.amountMicro;
    faults.check(grantedMicro <= state.moneyCapMicro, 'MoneyCapExceeded');
    state.grantedOn.set(day, grantedMicro);
    state.grantedMicro += grant.amountMicro;
    holder.balanceMicro += grant.amountMicro;
  }
  state.holders.set(grant.to, holder);
  faults.stop();
}

function countPower(state: State, grant: Grant, faults: Faults): void {
  for (let t = grant.first; t <= grant.last; t++) {
    const key = `${grant.feeder}/${t}/${grant.side}`;
    const powerW = (state.grantedPowerW.get(key) ?? 0) + grant.maxPowerW;
    faults.check(powerW <= state.powerCapW, 'PowerCapExceeded');
    state.grantedPowerW.set(key, powerW);
  }
}

function assetOf({ to, feeder, side, first, last, energyWs, maxPowerW }: Grant): Asset {
  const places = {
    heldWs: energyWs,
    enteredWs: 0,
    offeredPowerW: 0,
    since: 0,
    reach: 0,
    offers: 0,
  };
  return { owner: to, feeder, side, first, last, maxPowerW, ...places };
}

export function depositEnergy(state: State, caller: string, assetId: number): void {
  const faults: Faults = new Faults();
  const asset = state.assets.get(assetId);
  faults.demand(asset?.owner === caller, 'NotAssetOwner');
  if (asset === undefined) return;
  faults.demand(asset.heldWs > 0, 'NothingToDeposit');
  state.depositedWs[asset.side] += asset.heldWs;
  asset.heldWs = 0;
}

export function depositFinancial(state: State, caller: string, amountMicro: bigint): void {
  const faults: Faults = new Faults();
  faults.check(amountMicro > 0n, 'NothingToDeposit');
  faults.check(balanceOf(state, caller) >= amountMicro, 'NotEnoughMoney');
  faults.stop();
  pay(state, caller, -amountMicro);
  state.depositedMicro += amountMicro;
}

export function balanceOf(state: State, address: string): bigint {
  return state.holders.get(address)?.balanceMicro ?? 0n;
}

/** An address with a grant for the market. */
export function isHolder(state: State, address: string): boolean {
  return state.holders.has(address);
}

export function pay(state: State, address: string, amountMicro: bigint): void {
  const holder = state.holders.get(address);
  if (holder === undefined) throw new Error(`nobody at ${address}`);
  holder.balanceMicro += amountMicro;
}

/** Money alone into the market. */
export function moveMoneyIn(
  state: State,
  address: string,
  amountMicro: bigint,
  faults: Faults,
): void {
  faults.demand(isHolder(state, address), 'NotMarket');
  faults.demand(balanceOf(state, address) >= amountMicro, 'NotEnoughMoney');
  pay(state, address, -amountMicro);
  state.insideMicro += amountMicro;
}

export function moveMoneyOut(
  state: State,
  address: string,
  amountMicro: bigint,
  faults: Faults,
): void {
  faults.demand(isHolder(state, address), 'NotMarket');
  pay(state, address, amountMicro);
  state.insideMicro -= amountMicro;
}
