/**
 * Finds addresses of this home again that the wallet does not know, after a restore from the words
 * or from an older copy of the file (agent/wallet/search.ts). It reads the market's log once more
 * by a feed of its own, works beside everything else, and hands over what still holds something;
 * the usual way of an offer then closes it and brings everything back.
 */
import type { MarketFeed } from '../../chain/follower.ts';
import { FollowerError } from '../../chain/follower.ts';
import { RpcError } from '../../chain/rpc-forms.ts';
import type { Clock, Log } from '../../host/ports.ts';
import type { MarketEvent } from '../../market/events.ts';
import type { GridFacts } from '../../market/grid.ts';
import { intervalAt } from '../../market/intervals.ts';
import { paymentMicro } from '../../market/units.ts';
import { addOwnOffer, type MatchingState } from '../traders/matching.ts';
import type { OwnTerms } from '../traders/own-offer.ts';
import type { Candidate, Search } from '../wallet/search.ts';
import type { FoundAddress, Wallet } from '../wallet/wallet.ts';
import type { MarketLog, OpenFeed } from './market-log.ts';

export interface RecoveryOptions {
  wallet: Wallet;
  state: MatchingState;
  facts: GridFacts;
  openFeed: OpenFeed;
  clock: Clock;
  log: Log;
}

type OwnedEvent = Extract<MarketEvent, { owner: string }>;

/** Requests that were under way when the other copy ended may be granted so much later. */
const LATE_INTERVALS = 2;
/** What is looked through again for these. */
const LATE_SLOTS = 60;
/** Keys between two breaths: each takes about a millisecond. */
const KEYS_AT_ONCE = 8;

export class AddressRecovery {
  readonly #o: RecoveryOptions;
  readonly #owned = new Map<string, OwnedEvent[]>();
  #feed: MarketFeed | null = null;
  #isRunning = false;
  #isFirst = true;
  /** When the second look is due, market seconds. */
  #againAt = Number.NEGATIVE_INFINITY;
  #found: FoundAddress[] = [];

  constructor(options: RecoveryOptions) {
    this.#o = options;
  }

  /**
   * To be called with a proven clock after each poll: tells the wallet the time, starts a look that
   * is due, and takes in what was found.
   * @returns whether addresses came in, so that the log is to be read again first
   */
  step(market: MarketLog, signal: AbortSignal): boolean {
    const { wallet, clock } = this.#o;
    const { head, isFresh } = market;
    if (isFresh && head !== null) wallet.agree(clock.now(), head.timestamp);
    const isDue = !this.#isRunning && clock.now() / 1000 >= this.#againAt;
    if (wallet.search !== null && wallet.addressProblem === null && isDue) {
      void this.#look(wallet.search, signal);
    }
    return !this.#isRunning && this.#takeIn(market);
  }

  #takeIn(market: MarketLog): boolean {
    const { wallet, state, clock, log } = this.#o;
    const found = this.#found.splice(0).filter(({ address }) => !wallet.knows(address));
    if (found.length === 0) return false;
    for (const offer of wallet.adopt(found, clock.now())) addOwnOffer(state, offer);
    log.info('addresses of this home were found again; what they hold goes back', {
      count: found.length,
    });
    market.readAgain();
    return true;
  }

  async #look(search: Search, signal: AbortSignal): Promise<void> {
    const { facts, openFeed, clock, log } = this.#o;
    this.#isRunning = true;
    try {
      this.#feed ??= openFeed(search.fromBlock ?? facts.deployedAtBlock);
      const { events } = await this.#feed.poll(signal);
      for (const event of events) this.#keep(event);
      await this.#compare(search, signal);
      this.#againAt = clock.now() / 1000 + LATE_INTERVALS * facts.calendar.intervalSeconds;
      if (this.#isFirst) this.#isFirst = false;
      else this.#end();
    } catch (error) {
      if (signal.aborted) return;
      const isExpected = error instanceof RpcError || error instanceof FollowerError;
      if (!isExpected) log.error('the search for own addresses failed', { cause: `${error}` });
      // From the beginning, later.
      this.#feed = null;
      this.#isFirst = true;
      this.#owned.clear();
      this.#againAt = clock.now() / 1000 + facts.calendar.intervalSeconds;
    } finally {
      this.#isRunning = false;
    }
  }

  #end(): void {
    this.#o.wallet.endSearch();
    this.#feed = null;
    this.#owned.clear();
  }

  #keep(event: MarketEvent): void {
    if (!('owner' in event)) return;
    const known = this.#owned.get(event.owner);
    if (known === undefined) this.#owned.set(event.owner, [event]);
    else known.push(event);
  }

  async #compare(search: Search, signal: AbortSignal): Promise<void> {
    const { wallet, clock } = this.#o;
    if (this.#owned.size === 0) return;
    const slots = this.#isFirst ? undefined : LATE_SLOTS;
    const isUsed = (address: string) => this.#owned.has(address);
    let keys = 0;
    for (const candidate of wallet.candidates(search, isUsed, slots)) {
      const events = this.#owned.get(candidate.address);
      if (events !== undefined) this.#weigh(candidate, events);
      keys += 1;
      if (keys % KEYS_AT_ONCE === 0) await clock.delay(0, signal);
    }
  }

  #weigh(candidate: Candidate, events: readonly OwnedEvent[]): void {
    if (this.#o.wallet.knows(candidate.address) || holdsNothing(events)) return;
    const { calendar } = this.#o.facts;
    const terms = termsOf(events, intervalAt(calendar, this.#o.clock.now() / 1000));
    this.#found.push({ ...candidate, terms });
  }
}

/** Everything was closed and deposited. */
function holdsNothing(events: readonly OwnedEvent[]): boolean {
  let energyWs = 0;
  let moneyMicro = 0n;
  let isOut = false;
  for (const event of events) {
    if (event.kind === 'asset-added') energyWs += event.energyWs;
    if (event.kind === 'financial-added') moneyMicro += event.amountMicro;
    if (event.kind === 'offer-posted') {
      isOut = true;
      energyWs -= event.energyWs;
      const { side, priceMicroPerKwh } = event;
      if (side === 'buy') moneyMicro -= paymentMicro(priceMicroPerKwh, event.energyWs);
    }
    if (event.kind === 'offer-closed') {
      isOut = false;
      energyWs += event.energyWs;
      moneyMicro += event.moneyMicro;
    }
    if (event.kind === 'energy-deposited') energyWs = 0;
    if (event.kind === 'financial-deposited') moneyMicro -= event.amountMicro;
  }
  return !isOut && energyWs <= 0 && moneyMicro <= 0n;
}

/** @param now interval of an address that has money alone */
function termsOf(events: readonly OwnedEvent[], now: number): OwnTerms {
  const terms: OwnTerms = {
    ...{ side: 'buy', firstInterval: now, lastInterval: now, energyWs: 0, maxPowerW: 0 },
    ...{ priceMicroPerKwh: 0, isFlexible: false },
  };
  for (const event of events) {
    if (event.kind !== 'asset-added' && event.kind !== 'offer-posted') continue;
    const { side, firstInterval, lastInterval, energyWs, maxPowerW } = event;
    Object.assign(terms, { side, firstInterval, lastInterval, energyWs, maxPowerW });
    if (event.kind === 'offer-posted') terms.priceMicroPerKwh = event.priceMicroPerKwh;
  }
  return terms;
}
