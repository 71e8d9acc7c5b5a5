/**
 * Reads the whole market's log into the trader's state, and keeps what it told of this home in the
 * wallet together with how far it was read, so that a restart neither misses nor doubles anything
 * (design: learn; wallet.db).
 */
import type {
  Agreement,
  EndpointState,
  Head,
  MarketFeed,
  MarketNews,
} from '../../chain/follower.ts';
import { FollowerError } from '../../chain/follower.ts';
import { foreignCall, outcomesOf } from '../../chain/log-outcomes.ts';
import type { Outbox } from '../../chain/outbox.ts';
import { RpcError } from '../../chain/rpc-forms.ts';
import type { Clock, Log } from '../../host/ports.ts';
import type { MarketEvent } from '../../market/events.ts';
import type { Finality } from '../../market/grid.ts';
import type { Interval } from '../../market/intervals.ts';
import {
  addOwnOffer,
  dropNeedless,
  forgetAll,
  type MatchingState,
  matchingTrader,
  type TariffFrom,
} from '../traders/matching.ts';
import type { Wallet } from '../wallet/wallet.ts';
import type { MarketWatch } from './market-watch.ts';
import { UnsettledFacts } from './unsettled-facts.ts';

/** A feed that begins with the events of a block. */
export type OpenFeed = (fromBlock: number) => MarketFeed;

export interface MarketLogOptions {
  wallet: Wallet;
  outbox: Outbox;
  state: MatchingState;
  openFeed: OpenFeed;
  /** Is told everything, too. */
  watch: Pick<MarketWatch, 'observe'>;
  /** Block of the market's deployment. */
  firstBlock: number;
  /** How old the last final block may be when it is seen. */
  blockLagSeconds: number;
  /** Time between two blocks. */
  blockSeconds: number;
  clock: Clock;
  log: Log;
}

export interface ChainStatus {
  isFresh: boolean;
  headNumber: number | null;
  /** Time of the last final block, unix s. */
  headAt: number | null;
  problem: string | null;
  /** Whether several endpoints say it alike; one is believed only in a lab. */
  isVerified: boolean;
  /** How each of several endpoints does; null with one. */
  endpoints: EndpointState[] | null;
}

export const LOG_CURSOR = 'log.next-block';
const FINALS = 'log.finals';
const TARIFFS = 'log.tariffs';
const PAUSED = 'log.paused';
/** The cursor is written anew at least after so many blocks. */
const CURSOR_BLOCKS = 1_000;
/** Without a new block for so long the chain counts as standing still. */
const STILL_BLOCKS = 24;
const LEAST_STILL_SECONDS = 120;
/** Blocks count as `safe` or `finalized` two epochs of 32 slots late, and more at bad times. */
const TAG_LAG_SECONDS = 1_200;

/** How long after its time a block counts as final. */
export function finalitySeconds(finality: Finality, blockSeconds: number): number {
  if (finality.kind === 'tag') return TAG_LAG_SECONDS;
  return finality.kind === 'depth' ? finality.blocks * blockSeconds : blockSeconds;
}

export class MarketLog {
  readonly #o: MarketLogOptions;
  #unsettled!: UnsettledFacts;
  #feed!: MarketFeed;
  #savedBlock!: number;
  /** The wallet could not be written: what is known here may be more than what it has. */
  #isSpoiled = false;
  #head: Head | null = null;
  /** When the last good poll began, market ms. */
  #polledAtMs: number | null = null;
  #problem: string | null = null;

  constructor(options: MarketLogOptions) {
    this.#o = options;
    this.#load();
  }

  /** The last final block read; null before the first good poll. */
  get head(): Head | null {
    return this.#head;
  }

  /** When the last good poll began, market ms; null before the first. */
  get polledAtMs(): number | null {
    return this.#polledAtMs;
  }

  /** Why the market is not known; null when it is. */
  get problem(): string | null {
    return this.#problem;
  }

  /** That the utility has paused the market, and why, for people; null while it is open. */
  get pause(): string | null {
    const { pausedFor } = this.#o.state;
    if (pausedFor === null) return null;
    const why = pausedFor === '' ? '' : ` (${pausedFor})`;
    return `the utility has paused the market${why}: final commitments stand, nothing is offered`;
  }

  status(): ChainStatus {
    const { isFresh, agreement } = this;
    return {
      isFresh,
      headNumber: this.#head?.number ?? null,
      headAt: this.#head?.timestamp ?? null,
      problem: this.#problem,
      isVerified: agreement !== null && isFresh,
      endpoints: agreement?.endpoints ?? null,
    };
  }

  /** What several endpoints said of each other; null with one, which nobody contradicts. */
  get agreement(): Agreement | null {
    return this.#feed.agreement?.() ?? null;
  }

  /** Whether the market is known up to now. */
  get isFresh(): boolean {
    return this.#polledAtMs !== null && this.#problem === null;
  }

  /**
   * After a failure of the wallet: what counts is what it has. The next poll reads it anew, and the
   * log on from there.
   */
  spoil(): void {
    this.#isSpoiled = true;
    this.#polledAtMs = null;
  }

  /**
   * Reads what is new. A failure of the chain is noted, and tried again by the next call.
   * @throws SqlError; call `spoil` then
   */
  async poll(signal: AbortSignal): Promise<void> {
    if (this.#isSpoiled) this.#load();
    const { clock, blockLagSeconds } = this.#o;
    const startedAtMs = clock.now();
    const askedAtMs = clock.monotonicMs();
    try {
      const news = await this.#feed.poll(signal);
      const { head, isMore = false } = news;
      if (!isMore) clock.watch?.observeBlock(head.timestamp, askedAtMs, blockLagSeconds);
      this.#take(news);
      const age = this.#ageProblem(head, isMore);
      if (age !== null) return this.#note(age);
      if (this.#problem !== null) this.#o.log.info('the chain answers again');
      this.#problem = null;
      this.#polledAtMs = startedAtMs;
    } catch (error) {
      if (signal.aborted) throw error;
      if (error instanceof FollowerError) this.#readAgain(error);
      else if (!(error instanceof RpcError)) throw error;
      else this.#note(error.message);
    }
  }

  /** Why a log that was read well does not say how the market is now; null when it does. */
  #ageProblem(head: Head, isMore: boolean): string | null {
    if (isMore) return `the log is still being read, up to block ${head.number} so far`;
    const { clock, blockLagSeconds, blockSeconds } = this.#o;
    const stillSeconds = Math.max(LEAST_STILL_SECONDS, STILL_BLOCKS * blockSeconds);
    // A clock that is wrong says nothing of the chain, and is an obstacle by itself.
    if (!clock.isProven()) return null;
    const age = clock.now() / 1000 - head.timestamp;
    if (age < -stillSeconds) return `the last final block is ${Math.round(-age)} s ahead of time`;
    if (age <= blockLagSeconds + stillSeconds) return null;
    return (
      `the last final block, ${head.number}, is ${Math.round(age)} s old: ` +
      'the chain stands still, or its endpoints do'
    );
  }

  /** From the wallet, as after a start. @throws SqlError */
  #load(): void {
    const { wallet, state, firstBlock, openFeed } = this.#o;
    const cursor = wallet.fact(LOG_CURSOR);
    const offers = wallet.liveOffers();
    forgetAll(state);
    this.#savedBlock = cursor === null ? firstBlock : Number(cursor);
    // From the very beginning on the candidate is known: there is none.
    state.isCandidateKnown = cursor === null;
    for (const offer of offers) addOwnOffer(state, offer);
    const finals = JSON.parse(wallet.fact(FINALS) ?? '[]') as Interval[];
    for (const interval of finals) state.finals.add(interval);
    state.tariffs = JSON.parse(wallet.fact(TARIFFS) ?? '[]') as TariffFrom[];
    state.pausedFor = JSON.parse(wallet.fact(PAUSED) ?? 'null') as string | null;
    this.#unsettled = new UnsettledFacts(wallet, state);
    this.#feed = openFeed(this.#savedBlock);
    this.#isSpoiled = false;
  }

  #take(news: MarketNews): void {
    const { state, wallet, outbox, watch } = this.#o;
    const { events, head } = news;
    const finals = state.finals.size;
    const { tariffs, pausedFor } = state;
    const outcomes = outcomesOf(wallet.outbox, news);
    const own: MarketEvent[] = [];
    for (const event of events) {
      matchingTrader.observe(event, state);
      watch.observe(event);
      if ('owner' in event && state.byAddress.has(event.owner)) own.push(event);
    }
    this.#head = head;
    dropNeedless(state);
    const isChanged =
      outcomes.length > 0 ||
      state.changed.size > 0 ||
      state.finals.size !== finals ||
      state.tariffs !== tariffs ||
      state.pausedFor !== pausedFor ||
      this.#unsettled.isChanged;
    if (!isChanged && head.number - this.#savedBlock < CURSOR_BLOCKS) return;
    wallet.transaction(() => {
      // Bytes are kept as long as their address lives: should the log be rewritten, they go again.
      for (const { hash, outcome } of outcomes) outbox.settle(hash, outcome, 'kept');
      for (const event of own) this.#adopt(event);
      for (const offer of state.changed) wallet.put(offer);
      wallet.putFact(LOG_CURSOR, String(head.number + 1));
      wallet.putFact(FINALS, JSON.stringify([...state.finals]));
      if (state.tariffs !== tariffs) wallet.putFact(TARIFFS, JSON.stringify(state.tariffs));
      wallet.putFact(PAUSED, JSON.stringify(state.pausedFor));
      this.#unsettled.put();
    });
    this.#unsettled.kept();
    this.#savedBlock = head.number + 1;
    state.changed.clear();
  }

  /** What this home did before its wallet was restored from an older copy is not done again. */
  #adopt(event: MarketEvent): void {
    const { outbox: store } = this.#o.wallet;
    const kind = foreignCall(event, store);
    const offer = 'owner' in event ? this.#o.state.byAddress.get(event.owner) : undefined;
    if (kind === null || offer === undefined) return;
    const { address, index } = offer;
    const { transactionHash: hash, blockNumber } = event;
    const queuedAtMs = this.#o.clock.now();
    store.adopt({ hash, address, kind, ref: String(index), queuedAtMs }, blockNumber);
    this.#o.log.warn('the log tells of a transaction that this wallet does not know', { kind });
  }

  /** What counted as final was not: everything learned from the log is void. */
  #readAgain(error: FollowerError): void {
    this.#o.log.error(`${error.message}; reading the market's log again from its beginning`);
    this.readAgain();
    this.#note(error.message);
  }

  /** Drops what was learned from the log; the next poll reads it from its beginning. */
  readAgain(): void {
    const { state, wallet, openFeed, firstBlock } = this.#o;
    wallet.forgetLog(state.byAddress.values());
    state.byOfferId.clear();
    state.finals.clear();
    state.unsettled.clear();
    this.#unsettled.kept();
    state.pending.clear();
    state.candidate = new Map();
    state.isCandidateKnown = true;
    state.pausedFor = null;
    state.changed.clear();
    this.#savedBlock = firstBlock;
    this.#feed = openFeed(firstBlock);
  }

  #note(problem: string): void {
    if (this.#problem === null) {
      this.#o.log.warn(
        'the chain does not answer; final commitments are followed, nothing is offered',
        {
          cause: problem,
        },
      );
    }
    this.#problem = problem;
  }
}
