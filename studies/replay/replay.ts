/**
 * A day of offers played on a real chain, interval by interval (TRANSAX section 7): every offer is
 * granted to an address of its own and posted from it, the solver follows the log and submits, the
 * contract verifies, and each interval is made final when its gate closes and settled when it is
 * past. In the end offers that nobody settles are closed.
 *
 * With c the current interval an offer is posted when its first interval is at most c + L - 1, and
 * trades are possible from c + 1 on (T_clear = 1). L = 96 begins before interval 1.
 */
import { addFinancialBalanceCall, closeOffersCall } from '../../chain/calls.ts';
import { LogFollower } from '../../chain/follower.ts';
import { askingOutbox } from '../../chain/outbox.ts';
import type { Log, Transport } from '../../host/ports.ts';
import { closeOf, type MarketCalendar, startOf } from '../../market/intervals.ts';
import type { FeederLimits } from '../../market/offers.ts';
import { RpcSolverChain } from '../../solver/chain-reads.ts';
import { SolverLoop, type SolverStatistics } from '../../solver/loop.ts';
import { solverPolicy } from '../../solver/signing-rules.ts';
import { DAY_BASE, DAY_INTERVAL_SECONDS, type DayOffer, reachOf } from '../day-offers.ts';
import { hindsightKwSlots } from '../hindsight.ts';
import { auditChain, type ChainAudit } from './chain-audit.ts';
import { MemoryOutboxStore } from './memory-outbox.ts';
import { OfferPoster } from './offer-poster.ts';
import { CHAIN_ID, ReplayError, ReplayMarket, Sender } from './replay-market.ts';

export interface ReplayOptions {
  offers: readonly DayOffer[];
  horizon: number;
  limits: FeederLimits;
  openTransport: (origin: string) => Transport;
  log: Log;
  /** Told as the day goes on: how many offers are posted, and the interval made final last. */
  onProgress?: (offersPosted: number, interval: number) => void;
}

export interface ReplayResult {
  audit: ChainAudit;
  optimumKwSlots: number;
  solver: SolverStatistics;
  gas: ReplayMarket['gas'];
  blocks: number;
  /** The place in the table of each offer on the chain. */
  offerOf: ReadonlyMap<number, number>;
}

const STAKE_MICRO = 1n;
const MIN_TRADE_WS = 1;
const MAX_TRADES_PER_CHUNK = 500;
const POLL_SECONDS = 1;
/** Offers that one transaction closes. */
const CLOSED_AT_ONCE = 200;
/** Steps of the solver in one interval, more than any large solution takes. */
const MAX_STEPS = 200;

export async function replayDay(options: ReplayOptions): Promise<ReplayResult> {
  const { first, last } = reachOf(options.offers);
  const calendar: MarketCalendar = {
    intervalSeconds: DAY_INTERVAL_SECONDS,
    clearIntervals: 1,
    leadSeconds: 60,
    quietSeconds: 60,
    horizonIntervals: options.horizon,
  };
  const market = await ReplayMarket.open({
    calendar,
    feeders: Math.max(...options.offers.map(({ feeder }) => feeder)),
    limits: options.limits,
    // The interval before the first is long enough for the set-up and for all offers of the day.
    startsAt: startOf(calendar, first - 1) - 30,
    openTransport: options.openTransport,
  });
  try {
    const day = new Day(market, calendar, options);
    for (let current = first - 1; current < last; current++) await day.play(current);
    await day.end(last);
    const audit = await day.audit(last);
    if (audit.owners.size !== options.offers.length) {
      throw new ReplayError(`${audit.owners.size} of ${options.offers.length} offers were posted`);
    }
    return {
      audit,
      optimumKwSlots: await hindsightKwSlots(options.offers, options.limits),
      solver: day.statistics,
      gas: market.gas,
      blocks: await market.rpc.blockNumber(),
      offerOf: day.offerOf(audit.owners),
    };
  } finally {
    await market.close();
  }
}

class Day {
  readonly #market: ReplayMarket;
  readonly #calendar: MarketCalendar;
  readonly #options: ReplayOptions;
  readonly #waiting: DayOffer[];
  readonly #solver: SolverLoop;
  readonly #store = new MemoryOutboxStore();
  readonly #solverKey = new Sender('solver');
  readonly #signal = new AbortController().signal;
  readonly #poster: OfferPoster;
  #isStaked = false;
  #posted = 0;

  constructor(market: ReplayMarket, calendar: MarketCalendar, options: ReplayOptions) {
    this.#market = market;
    this.#poster = new OfferPoster(market);
    this.#calendar = calendar;
    this.#options = options;
    this.#waiting = [...options.offers].sort((a, b) => a.firstInterval - b.firstInterval);
    const { rpc, clock, contracts } = market;
    const finality = { kind: 'instant' } as const;
    const chainId = CHAIN_ID;
    this.#store.seedNonce(this.#solverKey.address, 0);
    this.#solver = new SolverLoop(
      {
        contracts,
        calendar,
        minTradeWs: MIN_TRADE_WS,
        minGainWs: 0,
        maxTradesPerChunk: MAX_TRADES_PER_CHUNK,
        stakeMicro: STAKE_MICRO,
        pollSeconds: POLL_SECONDS,
        pauseSeconds: 0,
      },
      {
        clock,
        log: options.log,
        key: this.#solverKey.key,
        feed: new LogFollower({ rpc, chainId, contracts, fromBlock: 0, finality, pageBlocks: 50 }),
        outbox: askingOutbox({
          ...{ store: this.#store, rpcFor: () => rpc, chainId, finality, clock },
          policy: solverPolicy({ chainId, contracts }),
        }),
        chain: new RpcSolverChain(rpc, contracts),
      },
    );
  }

  get statistics(): SolverStatistics {
    return this.#solver.statistics;
  }

  offerOf(owners: ReadonlyMap<number, string>): Map<number, number> {
    return new Map([...owners].map(([id, owner]) => [id, this.#poster.offerOf(owner)]));
  }

  /** One interval: offers are posted, solved, and the next interval is made final. */
  async play(current: number): Promise<void> {
    const { log, horizon } = this.#options;
    this.#market.advanceTo(startOf(this.#calendar, current));
    await this.#stake();
    const due = this.#takeWaiting(current + horizon - 1);
    await this.#poster.post(due, (count) => this.#tell(count, current));
    this.#posted += due.length;
    await this.#letSolve();
    this.#market.advanceTo(closeOf(this.#calendar, current + 1));
    await this.#letSolve();
    this.#tell(0, current + 1);
    const interval = current + 1 - DAY_BASE;
    const { submitted, rejected } = this.#solver.statistics;
    log.info('interval', { interval, posted: due.length, submitted, rejected });
  }

  /** Settles the last interval, and closes what traded in several intervals or in none. */
  async end(last: number): Promise<void> {
    const { contracts, granter } = this.#market;
    this.#market.advanceTo(startOf(this.#calendar, last + 1) + POLL_SECONDS);
    await this.#letSolve();
    const { openOffers } = await this.audit(last);
    for (let from = 0; from < openOffers.length; from += CLOSED_AT_ONCE) {
      const call = closeOffersCall(contracts, openOffers.slice(from, from + CLOSED_AT_ONCE));
      await this.#market.send([{ from: granter, call }]);
      await this.#market.settle('settlement');
    }
  }

  audit(lastInterval: number): Promise<ChainAudit> {
    const { rpc, contracts } = this.#market;
    const { intervalSeconds } = this.#calendar;
    return auditChain(rpc, contracts, { intervalSeconds, lastInterval });
  }

  #tell(more: number, interval: number): void {
    this.#options.onProgress?.(this.#posted + more, interval - DAY_BASE);
  }

  async #stake(): Promise<void> {
    if (this.#isStaked) return;
    this.#isStaked = true;
    const { contracts, granter } = this.#market;
    const to = this.#solverKey.address;
    const call = addFinancialBalanceCall(contracts, to, contracts.matching, STAKE_MICRO);
    await this.#market.send([{ from: granter, call }]);
    await this.#market.settle('set-up');
  }

  #takeWaiting(lastFirst: number): DayOffer[] {
    const count = this.#waiting.findIndex(({ firstInterval }) => firstInterval > lastFirst);
    return this.#waiting.splice(0, count === -1 ? this.#waiting.length : count);
  }

  /** Steps the solver, and mines what it sends, until it has nothing more to do. */
  async #letSolve(): Promise<void> {
    for (let step = 0; step < MAX_STEPS; step++) {
      await this.#solver.step(this.#signal);
      // A settlement is alone in its block.
      const isSettling = this.#store.open().some(({ kind }) => kind === 'settle');
      const mined = await this.#market.settle(isSettling ? 'settlement' : 'solutions');
      if (mined === 0 && this.#store.open().length === 0) return;
    }
    throw new ReplayError('the solver does not come to rest');
  }
}
