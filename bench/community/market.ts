/**
 * The community through market and settlement, without a chain: in each interval every home
 * forecasts, plans and offers for the next one; the offers are cleared as solvers clear them; then
 * the interval comes as it was, batteries follow, and the meters are settled.
 */
import type { Offer } from '../../market/offers.ts';
import { midpointPrice, paymentMicro } from '../../market/units.ts';
import { clear } from '../../solver/clearing/clear.ts';
import type { Community } from './data.ts';
import { MarketHome, type Promised } from './market-home.ts';
import type { MarketSettings } from './market-settings.ts';
import { addInterval, addWear, type Bills, newBills } from './rivals.ts';
import { deviationsWs, wearMicro } from './settlement.ts';

export interface MarketRun extends Bills {
  tradedWs: number;
  offeredWs: number;
  /** By home: |metered - held to|, and what was metered either way, Ws. */
  strayWs: number[];
}

/** Looks at the clock on the wall are worth it this often. */
const PROGRESS_EVERY = 500;

export async function throughMarket(
  community: Community,
  settings: MarketSettings,
): Promise<MarketRun> {
  const { from, wearMicroPerKwh, settling } = settings;
  const run: MarketRun = {
    ...newBills(community),
    ...{ tradedWs: 0, offeredWs: 0, strayWs: community.homes.map(() => 0) },
  };
  const homes = community.homes.map((_, home) => new MarketHome(community, home, settings));
  const length = community.useMicroPerKwh.length;
  let promised: Promised[] = homes.map(() => ({ tradedWs: 0, paidMicro: 0, flexibleWs: 0 }));
  // Bids less asks of the running interval, W.
  let offeredW = 0;
  for (let at = 0; at < length; at += 1) {
    if (at % PROGRESS_EVERY === 0) settings.progress?.(at / length);
    for (const [index, home] of homes.entries()) {
      home.plan(at, { promised: promised[index], offeredW }, at + 1 < length);
    }
    const cleared = await clearing(community, homes, at + 1, settings.seed + at);
    const meteredWs = homes.map((home, index) => {
      const { meteredWs, batteryWs, strayWs } = home.live();
      const model = community.homes[index]?.battery ?? null;
      if (at >= from) {
        run.strayWs[index] = (run.strayWs[index] ?? 0) + Math.abs(strayWs);
        if (model !== null) addWear(run, index, wearMicro(model, batteryWs, wearMicroPerKwh));
      }
      return meteredWs;
    });
    if (at >= from) {
      const tradedWs = promised.map((each) => each.tradedWs);
      addInterval(run, community, at, meteredWs, settling, tradedWs);
      for (const [index, { paidMicro, tradedWs: traded }] of promised.entries()) {
        run.costMicro[index] = (run.costMicro[index] ?? 0) + paidMicro;
        run.tradedWs += Math.max(0, traded);
      }
      run.offeredWs += cleared.offeredWs;
    }
    const netted = deviationsWs({ meteredWs, tradedWs: promised.map((one) => one.tradedWs) });
    for (const home of homes) home.observe(cleared.past, netted);
    promised = cleared.promised;
    offeredW = cleared.past.bidW - cleared.past.askedW;
  }
  return run;
}

/** Offers of all homes for one interval, and what each got of them. */
async function clearing(
  community: Community,
  homes: readonly MarketHome[],
  at: number,
  seed: number,
) {
  const interval = community.firstInterval + at;
  const owners = new Map<number, { home: number; isFlexible: boolean }>();
  const offers: Offer[] = [];
  // Whose offer comes first is chance on a chain; here it goes round.
  for (let turn = 0; turn < homes.length; turn += 1) {
    const home = (turn + seed) % homes.length;
    for (const { isFlexible, ...terms } of homes[home]?.offers(interval) ?? []) {
      const id = offers.length + 1;
      offers.push({ id, feeder: 1, ...terms });
      owners.set(id, { home, isFlexible });
    }
  }
  const promised: Promised[] = homes.map(() => ({ tradedWs: 0, paidMicro: 0, flexibleWs: 0 }));
  const { chunks } = await clear({
    ...{ offers, firstInterval: interval, lastInterval: interval },
    limitsAt: () => ({ internalLimitW: 1e9, externalLimitW: 1e9 }),
    ...{ intervalSeconds: community.intervalSeconds, minTradeWs: community.intervalSeconds },
  });
  const priceOf = (id: number) => offers[id - 1]?.priceMicroPerKwh ?? 0;
  let tradedW = 0;
  for (const { askId, bidId, powerW } of chunks[0]?.trades ?? []) {
    const energyWs = powerW * community.intervalSeconds;
    const price = midpointPrice(priceOf(askId), priceOf(bidId));
    const paid = Number(paymentMicro(price, energyWs));
    tradedW += powerW;
    for (const [id, sign] of [
      [askId, -1],
      [bidId, 1],
    ] as const) {
      const owner = owners.get(id);
      const one = promised[owner?.home ?? 0];
      if (owner === undefined || one === undefined) continue;
      one.tradedWs += sign * energyWs;
      one.paidMicro += sign * paid;
      if (owner.isFlexible) one.flexibleWs += sign * energyWs;
    }
  }
  const offeredW = (side: Offer['side']) =>
    offers.reduce((sum, offer) => sum + (offer.side === side ? offer.maxPowerW : 0), 0);
  const past = { interval, askedW: offeredW('sell'), bidW: offeredW('buy'), tradedW };
  const offeredWs = (past.askedW + past.bidW) * community.intervalSeconds;
  return { promised, past, offeredWs };
}
