/** The tidy tables of a day that was traded: intervals, homes, trades, feeders. */
import type { Chunk, FeederLimits } from '../market/offers.ts';
import type { Cell, Table } from '../testbed/run-folder.ts';
import { DAY_BASE, DAY_INTERVAL_SECONDS, type DayOffer } from './day-offers.ts';

/** A day's final trades under a name that tells the run apart. */
export interface TradedDay {
  run: string;
  offers: readonly DayOffer[];
  limits: FeederLimits;
  /** Final trades, ascending; intervals without trades may be missing. */
  finals: readonly Chunk[];
  intervals: number;
}

export function intervalTable(days: readonly TradedDay[]): Table {
  const rows = days.flatMap((day) => {
    const traded = new Map(day.finals.map((chunk) => [chunk.interval, chunk]));
    const supplyW = single(day, 'sell');
    const demandW = single(day, 'buy');
    return range(day.intervals).map((interval): Cell[] => {
      const trades = traded.get(DAY_BASE + interval)?.trades ?? [];
      const powerW = trades.reduce((sum, trade) => sum + trade.powerW, 0);
      const [supply, demand] = [supplyW.get(interval) ?? 0, demandW.get(interval) ?? 0];
      return [day.run, interval, supply, demand, powerW, trades.length];
    });
  });
  const columns = ['run', 'interval', 'offered_from_w', 'asked_from_w', 'traded_w', 'trades'];
  return { name: 'intervals', columns, rows };
}

export function tradeTable(days: readonly TradedDay[]): Table {
  const columns = ['run', 'interval', 'seller', 'buyer', 'seller_feeder', 'buyer_feeder'];
  const rows = days.flatMap((day) => {
    const offers = byId(day.offers);
    return day.finals.flatMap(({ interval, trades }) =>
      trades.map(({ askId, bidId, powerW }): Cell[] => {
        const [ask, bid] = [offers.get(askId), offers.get(bidId)];
        const feeders = [ask?.feeder ?? 0, bid?.feeder ?? 0];
        return [
          ...[day.run, interval - DAY_BASE, ask?.home ?? '', bid?.home ?? ''],
          ...[...feeders, powerW],
        ];
      }),
    );
  });
  return { name: 'trades', columns: [...columns, 'power_w'], rows };
}

export function homeTable(days: readonly TradedDay[]): Table {
  const columns = ['run', 'home', 'feeder', 'offered_ws', 'asked_ws', 'sold_ws', 'bought_ws'];
  const rows = days.flatMap((day) => {
    const homes = new Map<string, { feeder: number; sums: [number, number, number, number] }>();
    for (const offer of day.offers) {
      const home = homes.get(offer.home) ?? { feeder: offer.feeder, sums: [0, 0, 0, 0] };
      home.sums[offer.side === 'sell' ? 0 : 1] += offer.energyWs;
      homes.set(offer.home, home);
    }
    const offers = byId(day.offers);
    for (const { askId, bidId, powerW } of day.finals.flatMap(({ trades }) => trades)) {
      const [ask, bid] = [offers.get(askId), offers.get(bidId)];
      if (ask === undefined || bid === undefined) continue;
      const [seller, buyer] = [homes.get(ask.home), homes.get(bid.home)];
      if (seller !== undefined) seller.sums[2] += powerW * DAY_INTERVAL_SECONDS;
      if (buyer !== undefined) buyer.sums[3] += powerW * DAY_INTERVAL_SECONDS;
    }
    return [...homes].map(([home, { feeder, sums }]): Cell[] => [day.run, home, feeder, ...sums]);
  });
  return { name: 'homes', columns, rows };
}

export function feederTable(days: readonly TradedDay[]): Table {
  const columns = ['run', 'interval', 'feeder', 'sold_w', 'bought_w', 'net_export_w'];
  const rows = days.flatMap((day) => {
    const offers = byId(day.offers);
    const feeders = [...new Set(day.offers.map(({ feeder }) => feeder))].sort((a, b) => a - b);
    return day.finals.flatMap(({ interval, trades }) => {
      const flows = new Map(feeders.map((feeder) => [feeder, { soldW: 0, boughtW: 0 }]));
      for (const { askId, bidId, powerW } of trades) {
        const sold = flows.get(offers.get(askId)?.feeder ?? -1);
        const bought = flows.get(offers.get(bidId)?.feeder ?? -1);
        if (sold !== undefined) sold.soldW += powerW;
        if (bought !== undefined) bought.boughtW += powerW;
      }
      const { internalLimitW, externalLimitW } = day.limits;
      return [...flows].map(([feeder, { soldW, boughtW }]): Cell[] => [
        ...[day.run, interval - DAY_BASE, feeder, soldW, boughtW, soldW - boughtW],
        ...[internalLimitW, externalLimitW],
      ]);
    });
  });
  return { name: 'feeders', columns: [...columns, 'internal_limit_w', 'external_limit_w'], rows };
}

/** Power of offers by the first interval they could go in. */
function single(day: TradedDay, side: DayOffer['side']): Map<number, number> {
  const powerW = new Map<number, number>();
  for (const offer of day.offers) {
    if (offer.side !== side) continue;
    const interval = offer.firstInterval - DAY_BASE;
    powerW.set(interval, (powerW.get(interval) ?? 0) + offer.maxPowerW);
  }
  return powerW;
}

function byId(offers: readonly DayOffer[]): Map<number, DayOffer> {
  return new Map(offers.map((offer) => [offer.id, offer]));
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at + 1);
}
