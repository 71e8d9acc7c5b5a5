/** Random markets: homes on a few feeders with tight limits, and the utility. */
import { type Arena, addressOf } from '../arena.ts';
import type { Chance } from '../chance.ts';
import type { Grant } from '../model/assets.ts';
import { endOf, latestPostingOf } from '../model/calendar.ts';
import type { Post } from '../model/offers.ts';
import { openIntervals } from '../model/solutions.ts';
import { leftWs, openOffer, type Side, type State } from '../model/state.ts';
import { payment } from '../model/trades.ts';
import { closingAll, grantingAll, grantingMoney, type Move, posting, staking } from '../moves.ts';

export const SOLVERS = [addressOf(1, 1), addressOf(1, 2)] as const;
export const STRANGER = addressOf(9, 9);
/** Few prices, some of them neighbours, so that there are ties and near misses. */
const PRICES = [100_000, 100_001, 120_000, 150_000, 150_001, 150_002, 200_000, 200_001];
const UTILITY_PRICE: Record<Side, readonly number[]> = {
  sell: [200_000, 200_001, 300_000],
  buy: [80_000, 100_001, 150_000, 200_001],
};

interface Home {
  address: string;
  feeder: number;
  assets: { side: Side; first: number; last: number; posts: Omit<Post, 'assetId'>[] }[];
}

export async function stakeSolvers(arena: Arena): Promise<void> {
  const { state } = arena;
  const from = granterOf(state);
  const amountMicro = state.params.minStakeMicro;
  await arena.play(SOLVERS.map((to) => grantingMoney(from, moneyFor(state, to, amountMicro))));
  await arena.play(SOLVERS.map((solver) => staking(solver, amountMicro)));
}

export function granterOf(state: State): string {
  const [granter] = state.granters;
  if (granter === undefined) throw new Error('nobody grants');
  return granter;
}

export function moneyFor(state: State, to: string, amountMicro: bigint): Grant {
  const none = { feeder: 0, first: 0, last: 0, energyWs: 0, maxPowerW: 0 };
  return { to, market: state.market, side: 'sell', ...none, amountMicro };
}

/** Posts the offers of so many new homes, each with all its power in one direction or in both. */
export async function postMarket(
  arena: Arena,
  chance: Chance,
  homes: number,
  at = arena.state.now + 1,
): Promise<void> {
  const { state } = arena;
  const open = openIntervals({ ...state, now: at });
  const list = Array.from({ length: homes }, (_, i) => {
    const feeder = i < 3 ? 0 : chance.between(1, state.limits.size);
    return homeOf(chance, state, at, open, {
      address: addressOf(2, 100 * state.assets.size + i),
      feeder,
    });
  }).filter(({ assets }) => assets.length > 0);
  const grants: Grant[] = [];
  const posts: Move[] = [];
  let assetId = state.assets.size;
  for (const home of list) {
    const own: Post[] = [];
    for (const asset of home.assets) {
      assetId++;
      grants.push(grantOf(state.market, home, asset));
      own.push(...asset.posts.map((post) => ({ ...post, assetId })));
    }
    posts.push(posting(home.address, own));
  }
  for (let i = 0; i < grants.length; i += 8) {
    await arena.play([grantingAll(granterOf(state), grants.slice(i, i + 8))], at);
  }
  for (let i = 0; i < posts.length; i += 10) await arena.play(posts.slice(i, i + 10), at);
}

function homeOf(
  chance: Chance,
  state: State,
  at: number,
  open: readonly number[],
  { address, feeder }: { address: string; feeder: number },
): Home {
  const assets: Home['assets'] = [];
  const sides: Side[] =
    feeder === 0 || chance.isOnce(3) ? ['sell', 'buy'] : [chance.pick(['sell', 'buy'])];
  for (const side of sides) {
    // Every other one from the first open interval on, where the edges of posting are.
    const first = chance.isOnce(2) ? (open[0] ?? 0) : chance.pick(open);
    const reach = chance.isOnce(3) ? first : first + chance.between(1, 5);
    const last = chance.isOnce(6) ? open.length + first : reach;
    const posts = Array.from({ length: chance.between(1, 3) }, () =>
      postOf(chance, state, { side, feeder, first, last }),
    ).filter(
      (post) => open.includes(post.first) && at <= latestPostingOf(state.calendar, post.last),
    );
    posts.sort((a, b) => a.first - b.first); // offers of one asset go forward
    if (posts.length > 0) assets.push({ side, first, last, posts });
  }
  return { address, feeder, assets };
}

function postOf(
  chance: Chance,
  state: State,
  { side, feeder, first, last }: { side: Side; feeder: number; first: number; last: number },
): Omit<Post, 'assetId'> {
  const { intervalSeconds } = state.calendar;
  const from = chance.isOnce(2) ? first : Math.min(last, first + chance.below(2));
  const to = chance.isOnce(2) ? last : from;
  const scale = feeder === 0 ? 4 : 1;
  const maxPowerW = scale * chance.between(300, 4_000);
  const powers = to === from ? chance.between(60, 110) / 100 : chance.between(50, 250) / 100;
  // To the watt-second: just whole watts, one short of them, one more.
  const odd = chance.pick([0, 0, 1, intervalSeconds - 1, chance.below(intervalSeconds)]);
  const energyWs = Math.floor(maxPowerW * powers) * intervalSeconds + odd;
  const price = chance.pick(feeder === 0 ? UTILITY_PRICE[side] : PRICES);
  return { energyWs, first: from, last: to, maxPowerW, price };
}

function grantOf(market: string, { address, feeder }: Home, asset: Home['assets'][number]): Grant {
  const { side, first, last, posts } = asset;
  const total = (value: (post: Omit<Post, 'assetId'>) => number) =>
    posts.reduce((sum, post) => sum + value(post), 0);
  const energyWs = total((post) => post.energyWs);
  const maxPowerW = total((post) => post.maxPowerW);
  const escrow = posts.reduce((sum, post) => sum + payment(post.price, post.energyWs), 0n);
  const amountMicro = side === 'buy' ? escrow : 0n;
  return { to: address, market, feeder, side, first, last, energyWs, maxPowerW, amountMicro };
}

/** Closes what is past and settled, as anyone may. */
export async function closePast(arena: Arena): Promise<void> {
  const { state } = arena;
  const ids = [...state.offers.values()]
    .filter((offer) => !offer.isClosed && endOf(state.calendar, offer.last) <= state.now)
    .map(({ id }) => id);
  for (let i = 0; i < ids.length; i += 40) {
    await arena.play([closingAll(STRANGER, ids.slice(i, i + 40))]);
  }
}

/** Offers that can be used in an interval, in merge order. */
export function usable(state: State, side: Side, interval: number) {
  const latest = latestPostingOf(state.calendar, interval);
  return [...state.offers.values()]
    .filter((offer) => openOffer(state, offer.id) !== undefined && offer.side === side)
    .filter((offer) => offer.first <= interval && interval <= offer.last)
    .filter((offer) => offer.postedAt <= latest && leftWs(offer) > 0)
    .sort((a, b) => a.price - b.price || a.id - b.id);
}
