/** What the contracts must say, by the model: of what a call changed, or of everything. */
import { keccak256 } from 'ethers';
import type { View } from '../chain/node.ts';
import { NOBODY } from '../model/assets.ts';
import { currentAt, lastTradableAt } from '../model/calendar.ts';
import { candidateChunk } from '../model/finalization.ts';
import { isWaiting } from '../model/offers.ts';
import { candidateValue } from '../model/solutions.ts';
import { type Asset, isSingle, leftWs, type Offer, type State } from '../model/state.ts';
import { nothing, type Objective } from '../model/trades.ts';
import { sideCode } from '../moves.ts';

interface Expected {
  view: View;
  value: unknown;
}

const ZERO = `0x${'0'.repeat(64)}`;

/** @param before null: everything */
export function expectations(before: State | null, state: State): Expected[] {
  const changed = <K, V extends object>(now: Map<K, V>, was: Map<K, V> | undefined) =>
    [...now].filter(([key, value]) => !isEqual(value, was?.get(key)));
  return [
    ...changed(state.assets, before?.assets).flatMap(([id, asset]) => ofAsset(id, asset)),
    ...changed(state.offers, before?.offers).map(([id, offer]) => ofOffer(id, offer)),
    ...changed(state.holders, before?.holders).flatMap(([address]) => ofHolder(state, address)),
    ...[...state.solvers.keys()].flatMap((solver) => ofSolver(state, solver)),
    ...ofTotals(state),
    ...intervals(state, before === null).flatMap((interval) =>
      ofInterval(state, interval, before?.suspended.size !== state.suspended.size),
    ),
  ];
}

/** Plain values, one level deep: maps within are told by `ofInterval`. */
function isEqual(a: object, b: object | undefined): boolean {
  return (
    b !== undefined && Object.entries(a).every(([key, value]) => Reflect.get(b, key) === value)
  );
}

function intervals(state: State, isAll: boolean): number[] {
  const current = currentAt(state.calendar, state.now);
  const last = lastTradableAt(state.calendar, state.now);
  const first = isAll ? state.deployedIn : current - 1;
  return Array.from({ length: last - first + 2 }, (_, i) => first + i);
}

const expect = (to: View['to'], method: string, args: unknown[], value: unknown): Expected => ({
  view: { to, method, args },
  value,
});

function ofAsset(id: number, asset: Asset): Expected[] {
  const { owner, feeder, side, first, last, heldWs, maxPowerW } = asset;
  const right = [owner, feeder, sideCode(side), first, last, heldWs, maxPowerW];
  const { enteredWs, offeredPowerW, since, reach, offers } = asset;
  const place = [heldWs, enteredWs, offeredPowerW, since, reach, offers];
  return [expect('assets', 'assets', [id], right), expect('assets', 'placeOf', [id], place)];
}

/** An offer of one interval shows all of it until it is closed. */
function ofOffer(id: number, offer: Offer): Expected {
  if (offer.isClosed) {
    return expect('matching', 'offers', [id], [NOBODY, ...Array(10).fill(0), true]);
  }
  const energyWs = isSingle(offer) ? offer.postedWs : leftWs(offer);
  const { owner, assetId, feeder, side, first, last, maxPowerW, price } = offer;
  const terms = [owner, assetId, feeder, sideCode(side), first, last, energyWs, maxPowerW, price];
  const rest = [offer.moneyMicro, offer.postedAt, false];
  return expect('matching', 'offers', [id], [...terms, ...rest]);
}

function ofHolder(state: State, address: string): Expected[] {
  const holder = state.holders.get(address);
  return [
    expect('assets', 'balanceMicro', [address], holder?.balanceMicro ?? 0n),
    expect('assets', 'feederOf', [address], holder?.feeder ?? 0),
    expect('assets', 'isKnown', [address], (holder?.feeder ?? null) !== null),
    expect('assets', 'marketOf', [address], holder === undefined ? NOBODY : state.market),
  ];
}

function ofSolver(state: State, address: string): Expected[] {
  const solver = state.solvers.get(address);
  const newest = solver?.newest;
  const canAdd = newest?.isOpen === true && newest.finalizationsSeen === state.finalizations;
  return [
    expect('matching', 'stakeOf', [address], solver?.stakeMicro ?? 0n),
    expect('matching', 'openSolutionOf', [address], canAdd ? newest.id : 0),
  ];
}

function ofTotals(state: State): Expected[] {
  const day = Math.floor(state.now / 86_400);
  const { grantedMicro, depositedMicro, grantedWs, depositedWs } = state;
  return [
    expect('assets', 'assetCount', [], state.assets.size),
    expect('assets', 'insideMicro', [state.market], state.insideMicro),
    expect('assets', 'moneyTotals', [], [grantedMicro, depositedMicro]),
    expect('assets', 'energyTotals', [0], [grantedWs.sell, depositedWs.sell]),
    expect('assets', 'energyTotals', [1], [grantedWs.buy, depositedWs.buy]),
    expect('assets', 'grantedMicroOn', [day], state.grantedOn.get(day) ?? 0n),
    expect('matching', 'offerCount', [], state.offers.size),
    expect('microgrid', 'isPaused', [], state.isPaused),
    ...[...state.ceilings].map(([feeder, { internalLimitW, externalLimitW }]) =>
      expect('microgrid', 'ceilingOf', [feeder], [internalLimitW, externalLimitW]),
    ),
    expect('matching', 'rewardPotMicro', [], state.potMicro),
    expect('matching', 'candidateValue', [], figures(candidateValue(state))),
  ];
}

function ofInterval(state: State, interval: number, suspendedAnew: boolean): Expected[] {
  const chunk = candidateChunk(state, interval);
  const solver = chunk === undefined ? NOBODY : state.candidate?.solver;
  const hash = chunk === undefined ? ZERO : keccak256(chunk.trades);
  const value = figures(chunk?.value ?? nothing());
  const water = state.waters.get(interval);
  const list = [
    expect('matching', 'candidateOf', [interval], [hash, solver, value]),
    expect('matching', 'isFinal', [interval], state.finals.has(interval)),
    expect('matching', 'unsettled', [interval], isWaiting(state, interval)),
  ];
  for (const feeder of suspendedAnew ? state.limits.keys() : []) {
    const isSuspended = state.suspended.has(`${feeder}/${interval}`);
    list.push(expect('microgrid', 'isSuspended', [feeder, interval], isSuspended));
  }
  for (const address of state.solvers.keys()) {
    const own = water?.credits.get(address) ?? 0n;
    const said = [water?.highestWs ?? 0n, water?.creditedWs ?? 0n, own, water?.rewardMicro ?? 0n];
    list.push(expect('matching', 'creditOf', [interval, address], said));
  }
  return list;
}

function figures({ homeEnergyWs, utilityEnergyWs, welfare }: Objective): bigint[] {
  return [homeEnergyWs, utilityEnergyWs, welfare];
}

/** One form for both: of a hash that waits for settlement only whether there is one. */
export function inOneForm(view: View, value: unknown): string {
  if (view.method === 'unsettled') return String(value !== ZERO && value !== false);
  const form = (each: unknown): unknown =>
    Array.isArray(each) ? each.map(form) : String(each).toLowerCase();
  return JSON.stringify(form(value));
}
