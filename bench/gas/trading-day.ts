/** Grants, posts, submits, finalizes, settles and closes on a chain, and counts the gas of each. */
import {
  addFinancialBalanceCall,
  type Call,
  type ClaimedChunk,
  closeOffersCall,
  finalizeCall,
  type Grant,
  grantCall,
  postOfferCall,
  postOffersCall,
  settleCall,
  stakeCall,
  submitSolutionCall,
} from '../../chain/calls.ts';
import { closeOf, type Interval, type MarketCalendar, startOf } from '../../market/intervals.ts';
import { objectiveOf } from '../../market/matching/objective.ts';
import type { Chunk, Offer } from '../../market/offers.ts';
import { paymentMicro } from '../../market/units.ts';
import { GasChain, type Sender, type Sent } from './gas-chain.ts';

/** The interval that runs when a day begins. */
export const CURRENT: Interval = 2_000_000;
/** Grants of one transaction of the DSO. */
const GRANTS_AT_ONCE = 50;
const CLOSED_AT_ONCE = 100;

export function calendarOf(horizonIntervals: number): MarketCalendar {
  const times = { intervalSeconds: 900, clearIntervals: 1, leadSeconds: 60, quietSeconds: 60 };
  return { ...times, horizonIntervals };
}

export class TradingDay {
  readonly #chain: GasChain;
  readonly #calendar: MarketCalendar;
  readonly #solver: Sender;
  readonly #offers: readonly Offer[];

  private constructor(chain: GasChain, calendar: MarketCalendar, offers: readonly Offer[]) {
    this.#chain = chain;
    this.#calendar = calendar;
    this.#offers = offers;
    this.#solver = chain.sender();
  }

  static async begin(horizon: number, feeders: number, offers: readonly Offer[]) {
    const calendar = calendarOf(horizon);
    const chain = await GasChain.open(calendar, feeders, startOf(calendar, CURRENT));
    const day = new TradingDay(chain, calendar, offers);
    const { owner, contracts } = chain;
    const to = day.#solver.wallet.address;
    const money = addFinancialBalanceCall(contracts, to, contracts.matching, 1n);
    await chain.send([{ from: owner, call: money }]);
    await chain.send([{ from: day.#solver, call: stakeCall(contracts, 1n) }]);
    return day;
  }

  /**
   * Every offer is granted, by the DSO in batches, and posted.
   * @param together offers that share an address and its one energyAsset, and are posted in one
   * transaction; their intervals go forward
   */
  async post(together = 1): Promise<{ grantGas: number; postGas: number }> {
    const { owner, contracts } = this.#chain;
    const homes: { sender: Sender; offers: readonly Offer[] }[] = [];
    for (let from = 0; from < this.#offers.length; from += together) {
      const offers = this.#offers.slice(from, from + together);
      homes.push({ sender: this.#chain.sender(), offers });
    }
    const market = contracts.matching;
    const grants = homes.map(({ sender, offers }) => grantFor(sender, market, offers));
    let grantGas = 0;
    for (let from = 0; from < grants.length; from += GRANTS_AT_ONCE) {
      const call = grantCall(contracts, grants.slice(from, from + GRANTS_AT_ONCE));
      grantGas += sum(await this.#chain.send([{ from: owner, call }]));
    }
    const sent: Sent[] = [];
    for (const [place, { sender, offers }] of homes.entries()) {
      const posts = offers.map((offer) => ({ ...offer, assetId: place + 1 }));
      const [first, ...more] = posts;
      if (first === undefined) break;
      const isOne = more.length === 0;
      const call = isOne ? postOfferCall(contracts, first) : postOffersCall(contracts, posts);
      sent.push({ from: sender, call });
    }
    const postGas = sum(await this.#chain.send(sent));
    return { grantGas, postGas };
  }

  async submit(chunks: readonly Chunk[]): Promise<number> {
    return this.#solve(
      submitSolutionCall(
        this.#chain.contracts,
        chunks.map((one) => this.#claim(one)),
      ),
    );
  }

  async finalize(chunk: Chunk): Promise<number> {
    this.#chain.advanceTo(closeOf(this.#calendar, chunk.interval));
    return this.#solve(finalizeCall(this.#chain.contracts, chunk));
  }

  /** Once the interval is past. */
  async settle(chunk: Chunk): Promise<number> {
    this.#chain.advanceTo(startOf(this.#calendar, chunk.interval + 1));
    return this.#solve(settleCall(this.#chain.contracts, chunk));
  }

  /**
   * All offers that settlement left open, once the last interval is past.
   * @param chunks what was settled: offers of one interval that trade in it are closed
   */
  async close(last: Interval, chunks: readonly Chunk[]): Promise<number> {
    this.#chain.advanceTo(startOf(this.#calendar, last + 1));
    const traded = new Set(
      chunks.flatMap(({ trades }) => trades.flatMap(({ askId, bidId }) => [askId, bidId])),
    );
    const open = this.#offers.filter(
      ({ id, firstInterval, lastInterval }) => firstInterval < lastInterval || !traded.has(id),
    );
    let gas = 0;
    for (let from = 0; from < open.length; from += CLOSED_AT_ONCE) {
      const ids = open.slice(from, from + CLOSED_AT_ONCE).map(({ id }) => id);
      gas += await this.#solve(closeOffersCall(this.#chain.contracts, ids));
    }
    return gas;
  }

  async end(): Promise<void> {
    await this.#chain.close();
  }

  async #solve(call: Call): Promise<number> {
    return sum(await this.#chain.send([{ from: this.#solver, call }]));
  }

  #claim(chunk: Chunk): ClaimedChunk {
    const offerOf = (id: number) => this.#offers[id - 1];
    return { ...chunk, claimed: objectiveOf(chunk, offerOf, this.#calendar.intervalSeconds) };
  }
}

/** One energyAsset for all offers of a home, and the money of its bids. */
function grantFor(sender: Sender, market: string, offers: readonly Offer[]): Grant {
  const [first] = offers;
  if (first === undefined) throw new RangeError('a home without offers');
  const { feeder, side } = first;
  const micro = offers.map((offer) => paymentMicro(offer.priceMicroPerKwh, offer.energyWs));
  return {
    ...{ to: sender.wallet.address, market, feeder, side },
    firstInterval: Math.min(...offers.map(({ firstInterval }) => firstInterval)),
    lastInterval: Math.max(...offers.map(({ lastInterval }) => lastInterval)),
    energyWs: sum(offers.map(({ energyWs }) => energyWs)),
    maxPowerW: Math.max(...offers.map(({ maxPowerW }) => maxPowerW)),
    amountMicro: side === 'buy' ? micro.reduce((total, part) => total + part, 0n) : 0n,
  };
}

export function sum(parts: readonly number[]): number {
  return parts.reduce((total, part) => total + part, 0);
}
