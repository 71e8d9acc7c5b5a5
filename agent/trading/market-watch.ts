/**
 * Watches what the public market's intervals come to, for strategies that learn from its past: the
 * sums of all offers and trades, nobody's in particular.
 */
import type { MarketEvent } from '../../market/events.ts';
import type { Interval } from '../../market/intervals.ts';
import { decodeChunk } from '../../market/matching/chunk.ts';
import type { MarketRecords } from '../journal/market-records.ts';
import { type ClearedInterval, type Clears, MarketPast } from '../strategy/market-past.ts';

export interface MarketWatchOptions {
  intervalSeconds: number;
  /** The first interval whose offers are all still to be told of. */
  wholeFrom: Interval;
  records: MarketRecords;
}

const KEPT_DAYS = 28;
const SECONDS_PER_DAY = 86_400;

export class MarketWatch {
  readonly #o: MarketWatchOptions;
  readonly #past: MarketPast;
  readonly #kept: number;
  /** Offers of intervals that are not final yet, mean W. */
  readonly #open = new Map<Interval, { askedW: number; bidW: number }>();

  constructor(options: MarketWatchOptions) {
    this.#o = options;
    this.#past = new MarketPast(options.intervalSeconds);
    this.#kept = Math.ceil((KEPT_DAYS * SECONDS_PER_DAY) / options.intervalSeconds);
    for (const row of options.records.since(0)) this.#past.observe(row);
  }

  /** See `MarketPast`. */
  clearsAt(interval: Interval): Clears {
    return this.#past.clearsAt(interval);
  }

  /** @throws SqlError */
  observe(event: MarketEvent): void {
    if (event.kind === 'offer-posted') this.#offered(event);
    else if (event.kind === 'solution-finalized') this.#finalized(event);
  }

  #offered(offer: Extract<MarketEvent, { kind: 'offer-posted' }>): void {
    const { firstInterval, lastInterval, energyWs, maxPowerW, side } = offer;
    const seconds = this.#o.intervalSeconds * (lastInterval - firstInterval + 1);
    // Over a range it is spread evenly: more is not known of it.
    const powerW = Math.min(maxPowerW, energyWs / seconds);
    for (let at = firstInterval; at <= lastInterval; at += 1) {
      const sums = this.#open.get(at) ?? { askedW: 0, bidW: 0 };
      if (side === 'sell') sums.askedW += powerW;
      else sums.bidW += powerW;
      this.#open.set(at, sums);
    }
  }

  #finalized({ interval, trades }: { interval: Interval; trades: string }): void {
    const sums = this.#open.get(interval) ?? { askedW: 0, bidW: 0 };
    this.#open.delete(interval);
    // What never became final must not pile up.
    for (const old of this.#open.keys()) if (old < interval - this.#kept) this.#open.delete(old);
    // A log that is read again tells it again.
    if (interval < this.#o.wholeFrom || this.#o.records.has(interval)) return;
    const cleared: ClearedInterval = { interval, ...sums, tradedW: tradedW(trades) };
    this.#o.records.record(cleared, interval - this.#kept);
    this.#past.observe(cleared);
  }
}

function tradedW(bytes: string): number {
  if (bytes === '0x') return 0;
  return decodeChunk(bytes).reduce((sum, { powerW }) => sum + powerW, 0);
}
