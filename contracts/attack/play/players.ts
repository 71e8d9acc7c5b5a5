/** Who plays: and what owners of addresses, and the utility, may come to do, rightly or not. */
import { addressOf } from '../arena.ts';
import type { Chance } from '../chance.ts';
import { type Grant, NOBODY } from '../model/assets.ts';
import { currentAt, lastTradableAt } from '../model/calendar.ts';
import type { Post } from '../model/offers.ts';
import type { Asset, State } from '../model/state.ts';
import * as moves from '../moves.ts';
import { granterOf, SOLVERS, STRANGER } from '../solutions/markets.ts';

export type Play = (state: State, chance: Chance) => moves.Move | null;

export const OWNERS = Array.from({ length: 16 }, (_, place) => addressOf(3, place));
export const ALL_SOLVERS = [...SOLVERS, addressOf(1, 3)];
const PRICES = [100_000, 120_000, 120_001, 150_000, 200_000, 333_333];

/** A pause is soon over, or little else would be tried. */
export const resumes: Play = (state, chance) =>
  moves.resuming(from(chance, chance.pick([state.owner, granterOf(state)]), state));

/** Mostly the one who may. */
export function from(chance: Chance, rightful: string, state: State): string {
  if (!chance.isOnce(12)) return rightful;
  return chance.pick([...OWNERS, ...ALL_SOLVERS, STRANGER, state.owner, granterOf(state)]);
}

/** Mostly as it is, else one more, one less, nothing or the most. */
export function near(chance: Chance, value: number, most: number): number {
  if (!chance.isOnce(10)) return value;
  return Math.max(0, chance.pick([value + 1, value - 1, 0, most]));
}

function someGrant(state: State, chance: Chance): Grant {
  const place = chance.below(OWNERS.length);
  const current = currentAt(state.calendar, state.now);
  const first = near(chance, current + chance.between(0, 7), current - 3);
  const last = near(chance, first + chance.pick([0, 0, 1, 2, 5]), first + 96);
  const maxPowerW = near(chance, chance.between(100, 3_000), 1_000_001);
  const count = Math.max(1, last - first + 1);
  const wholeWs = maxPowerW * state.calendar.intervalSeconds * count;
  const amountMicro = chance.isOnce(20) ? state.moneyCapMicro : BigInt(chance.below(2_000_000));
  return {
    to: chance.isOnce(40) ? NOBODY : (OWNERS[place] ?? NOBODY),
    market: chance.isOnce(40) ? STRANGER : state.market,
    feeder: near(chance, place % (state.limits.size + 1), 9),
    side: chance.pick(['sell', 'buy']),
    ...{ first, last, maxPowerW, amountMicro: chance.isOnce(20) ? 0n : amountMicro },
    energyWs: near(chance, Math.min(wholeWs, 2 ** 47), 0),
  };
}

export const grants: Play = (state, chance) => {
  const granter = from(chance, granterOf(state), state);
  const grant = someGrant(state, chance);
  if (chance.isOnce(4)) return moves.grantingMoney(granter, grant);
  if (chance.isOnce(2)) return moves.grantingEnergy(granter, grant);
  const more = Array.from({ length: chance.below(4) }, () => someGrant(state, chance));
  return moves.grantingAll(granter, [grant, ...more]);
};

function postOf(state: State, chance: Chance, assetId: number, asset: Asset): Post {
  const open = lastTradableAt(state.calendar, state.now);
  const latest = Math.min(asset.last, open);
  const earliest = Math.min(asset.first, latest);
  const forward = Math.min(latest, asset.first + chance.pick([asset.since, asset.reach]));
  const first = chance.pick([chance.between(earliest, latest), forward]);
  const last = chance.pick([first, asset.last, chance.between(first, Math.max(first, latest))]);
  const isApart = first >= asset.first + asset.reach;
  const power = Math.max(1, asset.maxPowerW - (isApart ? 0 : asset.offeredPowerW));
  const energyWs = chance.pick([asset.heldWs, chance.below(asset.heldWs + 1)]);
  return {
    assetId,
    energyWs: near(chance, energyWs, asset.heldWs + 1),
    first: near(chance, first, asset.first - 1),
    last: near(chance, last, asset.last + 1),
    maxPowerW: near(chance, chance.pick([power, chance.between(1, power)]), power + 1),
    price: chance.pick(PRICES),
  };
}

export const posts: Play = (state, chance) => {
  if (state.assets.size === 0) return null;
  const recent = [...state.assets].slice(-40).filter(([, { heldWs }]) => heldWs > 0);
  if (recent.length === 0) return null;
  const [assetId, asset] = chance.pick(recent);
  const count = chance.isOnce(4) ? chance.between(2, 3) : 1;
  const list = Array.from({ length: count }, () => {
    const post = postOf(state, chance, assetId, asset);
    const share = (value: number) => Math.floor(value / count);
    return { ...post, energyWs: share(post.energyWs), maxPowerW: share(post.maxPowerW) };
  });
  return moves.posting(from(chance, asset.owner, state), list);
};

export const deposits: Play = (state, chance) => {
  const owner = chance.pick(OWNERS);
  const balance = state.holders.get(owner)?.balanceMicro ?? 0n;
  if (chance.isOnce(2)) {
    const amount = chance.pick([balance, balance + 1n, balance / 2n, 0n]);
    return moves.depositingMoney(owner, amount);
  }
  const id = chance.between(0, state.assets.size + 1);
  const asset = state.assets.get(id);
  return moves.depositingEnergy(from(chance, asset?.owner ?? owner, state), id);
};

export const governs: Play = (state, chance) => {
  const feeder = chance.between(0, state.limits.size + (chance.isOnce(8) ? 1 : 0));
  const kind = chance.below(6);
  if (kind === 4) {
    const { internalLimitW = 0, externalLimitW = 0 } = state.ceilings.get(feeder) ?? {};
    const internalW = near(chance, chance.between(0, internalLimitW), internalLimitW + 1);
    const caller = from(chance, granterOf(state), state);
    return moves.lowering(caller, feeder, internalW, near(chance, externalLimitW, 9_000));
  }
  if (kind === 5)
    return chance.isOnce(3) ? moves.pausing(from(chance, granterOf(state), state), 'a test') : null;
  if (kind === 0) {
    const [internalW, externalW] = [chance.between(0, 8_000), chance.between(0, 5_000)];
    return moves.limiting(from(chance, state.owner, state), feeder, internalW, externalW);
  }
  if (kind === 1) {
    const holder = chance.pick([STRANGER, granterOf(state)]);
    const held = holder !== STRANGER || chance.isOnce(2);
    return moves.appointing(from(chance, state.owner, state), holder, held);
  }
  const first = currentAt(state.calendar, state.now) + chance.between(-1, 9);
  const last = near(chance, first + chance.below(2), first + 4_096);
  const caller = chance.pick([state.owner, granterOf(state)]);
  return moves.suspending(from(chance, caller, state), feeder, first, last);
};
