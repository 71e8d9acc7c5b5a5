/**
 * The offers of a day as published with TRANSAX: a table of prosumer, feeder, first and last
 * interval, and mean kW (positive sells). For an offer of several intervals the value is the total
 * over all of them in the same unit, kW times intervals. Intervals count from 1 at midnight.
 */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Offer } from '../market/offers.ts';

/** Length of an interval in the paper's data. */
export const DAY_INTERVAL_SECONDS = 900;
/** Interval 0 of the table: the one before midnight of the paper's date, 2020-12-21 UTC. */
export const DAY_BASE = Date.UTC(2020, 11, 21) / 1000 / DAY_INTERVAL_SECONDS - 1;
/** One price for all: the data has none. Millionths per kWh. */
export const DAY_PRICE_MICRO_PER_KWH = 200_000;

/** An offer of the table; intervals absolute, ids in the order of the table from 1. */
export interface DayOffer extends Offer {
  home: string;
}

export class OffersError extends Error {
  readonly code = 'bad-offers';
  constructor(where: string, message: string) {
    super(`${where}: ${message}`);
    this.name = 'OffersError';
  }
}

const HEADER = 'prosumer,feeder,first_interval,last_interval,mean_kw';

/** @throws OffersError */
export function readDayOffers(path: string): DayOffer[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new OffersError(path, `cannot be read; is ${dirname(path)} the folder of the offers?`);
  }
  return parseDayOffers(text, path);
}

/** @param where shown in errors. @throws OffersError */
export function parseDayOffers(text: string, where: string): DayOffer[] {
  const [header, ...lines] = text.split(/\r?\n/).filter((line) => line !== '');
  if (header !== HEADER) throw new OffersError(where, `the first line must be "${HEADER}"`);
  return lines.map((line, at) => {
    const cells = line.split(',');
    const [feeder, first, last, meanKw] = cells.slice(1).map(Number);
    const isWhole = [feeder, first, last].every(Number.isSafeInteger);
    if (cells.length !== 5 || !isWhole || !Number.isFinite(meanKw) || meanKw === 0) {
      throw new OffersError(`${where}, line ${at + 2}`, `"${line}" is not an offer`);
    }
    const powerW = Math.round(Math.abs(meanKw ?? 0) * 1000);
    return dayOffer(at + 1, {
      home: cells[0] ?? '',
      feeder: feeder ?? 0,
      side: (meanKw ?? 0) > 0 ? 'sell' : 'buy',
      first: first ?? 0,
      last: last ?? 0,
      powerW,
    });
  });
}

/** An offer of `powerW` times one interval of energy, that may also go in one interval at once. */
export function dayOffer(
  id: number,
  facts: {
    home: string;
    feeder: number;
    side: Offer['side'];
    first: number;
    last: number;
    powerW: number;
  },
): DayOffer {
  return {
    id,
    home: facts.home,
    feeder: facts.feeder,
    side: facts.side,
    firstInterval: DAY_BASE + facts.first,
    lastInterval: DAY_BASE + facts.last,
    energyWs: facts.powerW * DAY_INTERVAL_SECONDS,
    maxPowerW: facts.powerW,
    priceMicroPerKwh: DAY_PRICE_MICRO_PER_KWH,
  };
}

/** First and last interval that any offer reaches. */
export function reachOf(offers: readonly DayOffer[]): { first: number; last: number } {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const offer of offers) {
    first = Math.min(first, offer.firstInterval);
    last = Math.max(last, offer.lastInterval);
  }
  return { first, last };
}
