/**
 * The tidy tables of a run (`--out`): intervals, homes, trades, feeders; units in the headers.
 * Nothing in them depends on how fast the run went, so that in stepped time the same manifest gives
 * the same bytes.
 */
import type { GridFacts } from '../market/grid.ts';
import type { Book } from '../market/matching/book.ts';
import { midpointPrice } from '../market/units.ts';
import { INTERVAL_SECONDS } from './neighbourhood.ts';
import type { Run } from './run.ts';
import { type Cell, currentCommit, inputsOf, type Table, writeRun } from './run-folder.ts';

/** What the tables are made of, beside the homes' own books. */
export interface TradedRun {
  run: Run;
  facts: GridFacts;
  book: Book;
  homeOf: (address: string) => string | null;
  endedIntervals: number;
}

interface FinalTrade {
  interval: number;
  seller: string;
  buyer: string;
  sellerFeeder: number;
  buyerFeeder: number;
  powerW: number;
  priceMicroPerKwh: number;
}

/** Creates the folder and writes manifest and tables into it. */
export function writeTables(folder: string, traded: TradedRun): void {
  const { options, community } = traded.run;
  const trades = finalTrades(traded);
  writeRun(
    folder,
    {
      study: 'neighbourhood',
      commit: currentCommit(),
      parameters: {
        source: community.source,
        homes: community.homes.length,
        feeders: community.feeders.length,
        intervals: traded.endedIntervals,
        speed: options.speed,
        ticksPerInterval: options.ticksPerInterval,
        follow: options.follow,
        startsAtMs: community.startsAtMs,
        calendar: traded.facts.calendar,
      },
      seed: options.seed,
      inputs: options.dataDir === null ? [] : inputsOf(options.dataDir),
    },
    [intervals(traded, trades), homes(traded, trades), tradeTable(trades), feeders(traded, trades)],
  );
}

function finalTrades({ run, book, homeOf, endedIntervals }: TradedRun): FinalTrade[] {
  const nameOf = (address: string) => homeOf(address) ?? 'utility';
  return range(run.firstInterval, endedIntervals).flatMap((interval) => {
    const final = book.finalOf(interval);
    return (final?.trades ?? []).flatMap((trade, position) => {
      const ask = book.offer(trade.askId);
      const bid = book.offer(trade.bidId);
      if (final?.voided.has(position) || ask === undefined || bid === undefined) return [];
      return {
        interval,
        seller: nameOf(ask.owner),
        buyer: nameOf(bid.owner),
        sellerFeeder: ask.feeder,
        buyerFeeder: bid.feeder,
        powerW: trade.powerW,
        priceMicroPerKwh: midpointPrice(ask.priceMicroPerKwh, bid.priceMicroPerKwh),
      };
    });
  });
}

function intervals({ run, endedIntervals }: TradedRun, trades: FinalTrade[]): Table {
  const rows = range(run.firstInterval, endedIntervals).map((interval): Cell[] => {
    const books = run.neighbourhood.homes.map((home) => home.emulated.interval(interval));
    const sum = (pick: (book: (typeof books)[number]) => number) =>
      Math.round(books.reduce((total, book) => total + pick(book), 0));
    const here = trades.filter((trade) => trade.interval === interval);
    const tradedWs = here.reduce((total, { powerW }) => total + powerW * INTERVAL_SECONDS, 0);
    return [
      interval,
      sum((book) => book.loadWs + book.switchedLoadWs),
      sum((book) => book.generationWs),
      sum((book) => book.importedWs),
      sum((book) => book.exportedWs),
      tradedWs,
      here.length,
    ];
  });
  const columns = ['interval', 'load_ws', 'generation_ws', 'imported_ws', 'exported_ws'];
  return { name: 'intervals', columns: [...columns, 'traded_ws', 'trades'], rows };
}

function homes({ run, endedIntervals }: TradedRun, trades: FinalTrade[]): Table {
  const rows = run.neighbourhood.homes.flatMap(({ spec, emulated }) =>
    range(run.firstInterval, endedIntervals).map((interval): Cell[] => {
      const book = emulated.interval(interval);
      const powerOf = (side: 'seller' | 'buyer') =>
        trades
          .filter((trade) => trade.interval === interval && trade[side] === spec.name)
          .reduce((total, { powerW }) => total + powerW, 0);
      const energies = [book.loadWs, book.generationWs, book.importedWs, book.exportedWs];
      return [
        ...[spec.name, spec.feeder, interval, ...energies.map(Math.round)],
        ...[powerOf('seller'), powerOf('buyer')],
      ];
    }),
  );
  const columns = ['home', 'feeder', 'interval', 'load_ws', 'generation_ws', 'imported_ws'];
  return { name: 'homes', columns: [...columns, 'exported_ws', 'sold_w', 'bought_w'], rows };
}

function tradeTable(trades: FinalTrade[]): Table {
  const rows = trades.map((trade): Cell[] => [
    trade.interval,
    trade.seller,
    trade.buyer,
    trade.sellerFeeder,
    trade.buyerFeeder,
    trade.powerW,
    trade.priceMicroPerKwh,
  ]);
  const columns = ['interval', 'seller', 'buyer', 'seller_feeder', 'buyer_feeder', 'power_w'];
  return { name: 'trades', columns: [...columns, 'price_micro_per_kwh'], rows };
}

function feeders({ run, endedIntervals }: TradedRun, trades: FinalTrade[]): Table {
  const rows = range(run.firstInterval, endedIntervals).flatMap((interval) => {
    const here = trades.filter((trade) => trade.interval === interval);
    return run.community.feeders.map((limits, at): Cell[] => {
      const feeder = at + 1;
      const soldW = total(here.filter((trade) => trade.sellerFeeder === feeder));
      const boughtW = total(here.filter((trade) => trade.buyerFeeder === feeder));
      const { internalLimitW, externalLimitW } = limits;
      return [interval, feeder, internalLimitW, externalLimitW, soldW, boughtW, soldW - boughtW];
    });
  });
  const columns = ['interval', 'feeder', 'internal_limit_w', 'external_limit_w', 'sold_w'];
  return { name: 'feeders', columns: [...columns, 'bought_w', 'net_export_w'], rows };
}

function total(trades: FinalTrade[]): number {
  return trades.reduce((sum, { powerW }) => sum + powerW, 0);
}

function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => first + at);
}
