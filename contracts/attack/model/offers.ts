/** The life of offers: posted, settled, closed. By what `IMatching` promises. */
import { balanceOf, isHolder, pay } from './assets.ts';
import { endOf, lastTradableAt, latestPostingOf } from './calendar.ts';
import { Faults } from './faults.ts';
import { type FinalInterval, isSingle, leftWs, type Offer, type State } from './state.ts';
import { decode, payment } from './trades.ts';

export interface Post {
  assetId: number;
  energyWs: number;
  first: number;
  last: number;
  maxPowerW: number;
  price: number;
}

export function postOffers(state: State, caller: string, posts: readonly Post[]): void {
  for (const post of posts) postOffer(state, caller, post);
}

function postOffer(state: State, caller: string, post: Post): void {
  const faults: Faults = new Faults();
  const { params, calendar, now } = state;
  faults.check(post.energyWs > 0 && post.energyWs >= params.minOfferWs, 'OfferTooSmall');
  faults.check(post.maxPowerW > 0, 'NoPower');
  faults.check(isHolder(state, caller), 'NotMarket');
  const asset = state.assets.get(post.assetId);
  faults.check(asset?.owner === caller, 'NotAssetOwner');
  if (asset === undefined) {
    faults.stop();
    return;
  }
  faults.check(asset.heldWs >= post.energyWs, 'NotEnoughEnergy');
  // Offers of one asset go forward: behind a gap power is counted anew.
  const [first, last] = [post.first - asset.first, post.last - asset.first];
  const togetherW = post.maxPowerW + (first < asset.reach ? asset.offeredPowerW : 0);
  faults.check(first >= asset.since, 'OutOfTurn');
  faults.check(togetherW <= asset.maxPowerW, 'AssetOverPower');
  faults.check(asset.offers < params.offersPerAsset, 'TooManyOffers');
  const escrowMicro = asset.side === 'buy' ? payment(post.price, post.energyWs) : 0n;
  faults.check(balanceOf(state, caller) >= escrowMicro, 'NotEnoughMoney');
  const isInside = asset.first <= post.first && post.last <= asset.last;
  faults.check(post.first <= post.last && isInside, 'OutsideAsset');
  faults.check(post.first <= lastTradableAt(calendar, now), 'BeyondHorizon');
  faults.check(now <= latestPostingOf(calendar, post.last), 'TooLateToPost');
  faults.stop();

  pay(state, caller, -escrowMicro);
  state.insideMicro += escrowMicro;
  asset.heldWs -= post.energyWs;
  asset.enteredWs += post.energyWs;
  if (first >= asset.reach) asset.since = first;
  asset.reach = Math.max(asset.reach, last + 1);
  asset.offeredPowerW = togetherW;
  asset.offers++;
  const { energyWs: postedWs, ...terms } = post;
  const id = state.offers.size + 1;
  const { feeder, side } = asset;
  state.offers.set(id, {
    ...{ ...terms, id, owner: caller, feeder, side, postedWs },
    ...{ takenWs: 0, moneyMicro: escrowMicro, postedAt: now, isClosed: false },
  });
}

/** Whether trades of an interval still wait to be paid. */
export function isWaiting(state: State, interval: number): boolean {
  const final = state.finals.get(interval);
  return final !== undefined && final.trades !== '0x' && !final.isSettled;
}

export interface Slice {
  interval: number;
  trades: string;
  voided: readonly number[];
  most: number;
}

export function settle(state: State, slice: Slice): void {
  const faults: Faults = new Faults();
  const final = state.finals.get(slice.interval);
  const isThere = final !== undefined && isWaiting(state, slice.interval);
  faults.demand(isThere, 'NothingToSettle');
  const isSame =
    final.trades === slice.trades && `${final.voided.join()}` === `${slice.voided.join()}`;
  faults.check(isSame, 'NotFinalTrades');
  faults.check(state.now >= endOf(state.calendar, slice.interval), 'NotPast');
  faults.stop();
  const count = decode(final.trades, state.params.priceRule === 1).length;
  const until = Math.min(count, final.settled + slice.most);
  payUntil(state, slice.interval, final, until);
  final.settled = until;
  final.isSettled = until === count;
}

/** An offer is paid, and when it is over closed, when the last of its trades is through. */
function payUntil(state: State, interval: number, final: FinalInterval, until: number): void {
  const isPriced = state.params.priceRule === 1;
  const trades = decode(final.trades, isPriced);
  const sides = [
    { ids: trades.map(({ askId }) => askId), sign: 1n },
    { ids: trades.map(({ bidId }) => bidId), sign: -1n },
  ];
  for (const { ids, sign } of sides) {
    for (const id of new Set(ids)) {
      const offer = state.offers.get(id);
      if (offer === undefined) throw new Error(`interval ${interval} trades offer ${id}`);
      const last = ids.lastIndexOf(id);
      if (last < final.settled || last >= until) continue;
      for (const [i, trade] of trades.entries()) {
        if (ids[i] !== id || final.voided.includes(i)) continue;
        offer.moneyMicro += sign * paid(state, trade);
      }
      if (isSingle(offer)) end(state, offer);
    }
  }
}

function paid(
  state: State,
  trade: { askId: number; bidId: number; powerW: number; price: number },
): bigint {
  const priceOf = (id: number) => state.offers.get(id)?.price ?? 0;
  const middle = Math.floor((priceOf(trade.askId) + priceOf(trade.bidId)) / 2);
  const price = state.params.priceRule === 1 ? trade.price : middle;
  return payment(price, trade.powerW * state.calendar.intervalSeconds);
}

export function closeOffer(state: State, id: number): void {
  const faults: Faults = new Faults();
  const offer = state.offers.get(id);
  faults.demand(offer !== undefined, 'NoSuchOffer');
  faults.demand(!offer.isClosed, 'AlreadyClosed');
  close(state, offer, faults);
}

export function closeOffers(state: State, ids: readonly number[]): void {
  for (const id of ids) {
    const offer = state.offers.get(id);
    if (offer?.isClosed === false) close(state, offer, new Faults());
  }
}

function close(state: State, offer: Offer, faults: Faults): void {
  faults.check(state.now >= endOf(state.calendar, offer.last), 'NotPast');
  for (let t = offer.first; t <= offer.last; t++) {
    faults.check(!isWaiting(state, t), 'NotSettled');
  }
  faults.stop();
  end(state, offer);
}

/** What is left goes to the owner. */
function end(state: State, offer: Offer): void {
  const asset = state.assets.get(offer.assetId);
  if (asset === undefined) throw new Error(`offer ${offer.id} is of no asset`);
  asset.enteredWs -= leftWs(offer);
  asset.heldWs += leftWs(offer);
  pay(state, offer.owner, offer.moneyMicro);
  state.insideMicro -= offer.moneyMicro;
  offer.isClosed = true;
}
