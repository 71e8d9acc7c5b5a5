/**
 * The solver: follows the market's log, finalizes what is due, submits a solution whenever it has a
 * better one than the candidate, and settles what is past. Anyone may run one; it is trusted with
 * nothing.
 *
 * All it knows comes from the log and from its outbox, so a restart and normal running are one
 * path. Work is done in steps on a pacer of its own: as often as `poll` says, and at the two
 * moments that count, the end of posting and gate closure. While offers come in it waits until they
 * pause, so that solutions are few; when posting ends it waits no longer. Source: TRANSAX sections
 * 5.2 and 6.5.2.
 */
import { computeAddress, type SigningKey } from 'ethers';
import { finalizeCall } from '../chain/calls.ts';
import type { MarketContracts } from '../chain/decode.ts';
import type { FlushReport } from '../chain/delivery.ts';
import { type Head, type MarketFeed, pollToHead } from '../chain/follower.ts';
import { OutboxError } from '../chain/outbox.ts';
import { RpcError } from '../chain/rpc-forms.ts';
import type { Clock, Log, LogFields } from '../host/ports.ts';
import type { MarketEvent } from '../market/events.ts';
import { closeOf, type Interval, lastPostingOf } from '../market/intervals.ts';
import { Book } from '../market/matching/book.ts';
import { type Window, windowAt } from './calendar-window.ts';
import { Claiming } from './claiming.ts';
import type { SolverChain, SolverOutbox } from './ports.ts';
import { Settling } from './settling.ts';
import { type SolutionRules, solve } from './solution.ts';
import { Staking } from './staking.ts';
import { SUBMISSION, Submission, type SubmissionContext } from './submission.ts';

export interface SolverSettings extends SolutionRules {
  contracts: MarketContracts;
  /** What to have at stake; it is put there once, when less is. */
  stakeMicro: bigint;
  /** Someone else looks after the money for it, and says what is missing. Default: false. */
  isFunded?: boolean;
  /** What final energy between homes pays solvers: above 0 solutions are announced. Default: 0. */
  rewardMicroPerKwh?: number;
  /** Where rewards go, collected now and then; absent: they wait. */
  payout?: string;
  pollSeconds: number;
  /**
   * How much later than now a transaction may come into a block; twice that where it has to be
   * announced first. Default: half the lead.
   */
  marginSeconds?: number;
  /** How long no offer must have come before a solution is submitted. Default: interval / 20. */
  pauseSeconds?: number;
  /** In a larger market no solution is looked for: it might take too long here. Default: none. */
  mostOffers?: number;
}

export interface SolverPorts {
  clock: Clock;
  log: Log;
  feed: MarketFeed;
  outbox: SolverOutbox;
  chain: SolverChain;
  key: SigningKey;
}

export interface SolverStatistics {
  submitted: number;
  accepted: number;
  /** Submissions that the contract refused. */
  rejected: number;
  /** Intervals that transactions of this solver made final. */
  finalized: number;
  /** Transactions of this solver that settled an interval, or a slice of one. */
  settled: number;
}

/** No horizon is longer: what was missed before is past for everybody. */
const MOST_INTERVALS = 96;
/** Submissions refused in a row before it waits for news. */
const MAX_REFUSALS = 3;

export class SolverLoop {
  readonly #settings: SolverSettings;
  readonly #ports: SolverPorts;
  readonly #address: string;
  readonly #book: Book;
  readonly #margin: number;
  readonly #pause: number;
  readonly #settling: Settling;
  readonly #staking: Staking;
  readonly #claiming: Claiming | null;
  /** When each offer was posted, or a later moment that says as much; unix seconds. */
  readonly #postedAt = new Map<number, number>();
  /** Offers whose block's time is not known yet, with that block. */
  readonly #undated = new Map<number, number>();
  readonly #statistics = { submitted: 0, accepted: 0, rejected: 0, finalized: 0, settled: 0 };
  #isSeeded = false;
  #isTooLarge = false;
  #wasPaused = false;
  /** Something changed since the last solution that was looked for. */
  #hasNews = true;
  #newsAt = 0;
  #refusals = 0;
  #lastWindow: Window | null = null;
  #firstKnown: Interval | null = null;
  #submission: Submission | null = null;
  /** What the last step failed for; told once. */
  #trouble: string | null = null;

  constructor(settings: SolverSettings, ports: SolverPorts) {
    const { calendar } = settings;
    this.#settings = settings;
    this.#ports = ports;
    this.#address = computeAddress(ports.key.publicKey).toLowerCase();
    this.#book = new Book(calendar.intervalSeconds);
    const margin = settings.marginSeconds ?? Math.floor(calendar.leadSeconds / 2);
    this.#margin = this.#isRewarded ? 2 * margin : margin;
    this.#pause = settings.pauseSeconds ?? calendar.intervalSeconds / 20;
    const { outbox, key, chain, log } = ports;
    const { contracts, pollSeconds: graceSeconds, payout, stakeMicro, isFunded } = settings;
    this.#settling = new Settling({
      ...{ book: this.#book, outbox, key },
      ...{ contracts, calendar, graceSeconds },
    });
    const address = this.#address;
    this.#staking = new Staking({
      ...{ chain, outbox, key, log, address },
      ...{ contracts, stakeMicro, isFunded: isFunded === true },
    });
    this.#claiming =
      payout === undefined
        ? null
        : new Claiming({ chain, outbox, key, address, contracts, payout, log });
  }

  get book(): Book {
    return this.#book;
  }

  get statistics(): SolverStatistics {
    return { ...this.#statistics };
  }

  /** Runs until the signal aborts. @throws FollowerError, SolutionError: a restart reads anew */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    const pacer = clock.pacer('solver');
    try {
      while (!signal.aborted) {
        await this.step(signal);
        await pacer.until(this.#nextStepMs(), signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      pacer.close();
    }
  }

  /** One look at the market, and what follows from it. An endpoint that fails costs time only. */
  async step(signal: AbortSignal): Promise<void> {
    const { log, outbox } = this.#ports;
    try {
      await this.#start(signal);
      this.#takeIn(await outbox.flush(signal));
      const now = this.#nowSeconds();
      await this.#follow(now, signal);
      await this.#staking.step(signal);
      const window = windowAt(this.#settings.calendar, now, this.#margin);
      this.#finalize(window);
      await this.#submit(window, now, signal);
      this.#settling.advance(now);
      await this.#claiming?.advance(now, signal);
      this.#takeIn(await outbox.flush(signal));
      if (this.#trouble !== null) log.info('the solver goes on', { after: this.#trouble });
      this.#trouble = null;
    } catch (error) {
      if (error instanceof RpcError) {
        this.#tell('the chain does not answer well; trying again', { reason: error.message });
      } else if (error instanceof OutboxError && error.code === 'clock') {
        this.#tell('nothing is signed while the clock is not proven good');
      } else {
        throw error;
      }
    }
  }

  /** Once, however often it is tried again. */
  #tell(trouble: string, fields?: LogFields): void {
    if (this.#trouble !== trouble) this.#ports.log.warn(trouble, fields);
    this.#trouble = trouble;
  }

  #nowSeconds(): number {
    return this.#ports.clock.now() / 1000;
  }

  /** The next poll, or the next moment that counts when that is sooner. */
  #nextStepMs(): number {
    const now = this.#nowSeconds();
    const { calendar, pollSeconds } = this.#settings;
    const { firstOpen } = windowAt(calendar, now, 0);
    const moments = [now + pollSeconds];
    for (const interval of [firstOpen, firstOpen + 1]) {
      moments.push(lastPostingOf(calendar, interval) + 1, closeOf(calendar, interval));
    }
    return Math.ceil(Math.min(...moments.filter((at) => at > now)) * 1000);
  }

  async #start(signal: AbortSignal): Promise<void> {
    if (this.#isSeeded) return;
    await this.#ports.outbox.seed(this.#address, signal);
    this.#isSeeded = true;
  }

  #takeIn({ settled }: FlushReport): void {
    for (const entry of settled) {
      this.#submission?.settled(entry);
      if (entry.state !== 'mined') continue;
      if (entry.kind === 'finalize') this.#statistics.finalized++;
      if (entry.kind === 'settle') this.#statistics.settled++;
    }
  }

  // -------------------------------------------------------------------------------- the log

  async #follow(now: number, signal: AbortSignal): Promise<void> {
    const head = await pollToHead(this.#ports.feed, signal, (event) => {
      this.#book.observe(event);
      this.#claiming?.observe(event);
      this.#notice(event, now);
    });
    await this.#dateOffers(head, signal);
  }

  #notice(event: MarketEvent, now: number): void {
    switch (event.kind) {
      case 'offer-posted':
        this.#undated.set(event.offerId, event.blockNumber);
        this.#hear(now);
        break;
      case 'suspended':
      case 'resumed':
      case 'trades-voided':
        this.#hear(now);
        break;
      case 'candidate-accepted':
        if (event.solver !== this.#address) this.#hasNews = true;
        break;
      case 'solution-finalized':
        this.#firstKnown ??= event.interval;
        break;
    }
  }

  #hear(now: number): void {
    this.#newsAt = now;
    this.#hasNews = true;
    this.#refusals = 0;
  }

  /** Learns when the blocks of new offers were made, where it matters for an open interval. */
  async #dateOffers(head: Head, signal: AbortSignal): Promise<void> {
    const { calendar } = this.#settings;
    const { firstOpen } = windowAt(calendar, this.#nowSeconds(), 0);
    // All these blocks are at most as late as the head: in posting time that says enough.
    const isEarly = head.timestamp <= lastPostingOf(calendar, firstOpen);
    const times = new Map([[head.number, head.timestamp]]);
    for (const [offerId, block] of this.#undated) {
      const isPast = (this.#book.offer(offerId)?.lastInterval ?? 0) < firstOpen;
      if (isEarly || isPast) {
        this.#postedAt.set(offerId, head.timestamp);
      } else {
        const known = times.get(block);
        const timestamp = known ?? (await this.#ports.chain.timestampOf(block, signal));
        times.set(block, timestamp);
        this.#postedAt.set(offerId, timestamp);
      }
      // Only now: when the endpoint fails, the rest is asked for at the next step.
      this.#undated.delete(offerId);
    }
  }

  // ------------------------------------------------------------------------------ what it does

  /** Intervals whose gate closed, with the candidate's trades; those that were missed, empty. */
  #finalize(window: Window): void {
    const from = Math.max(
      this.#firstKnown ?? Number.POSITIVE_INFINITY,
      window.current - MOST_INTERVALS,
    );
    for (
      let interval = Math.min(from, window.current + 1);
      interval < window.firstOpen;
      interval++
    ) {
      if (this.#book.finalOf(interval) !== undefined) continue;
      const ref = `finalize ${interval}`;
      if (this.#isUnderWay(ref)) continue;
      const isDue = interval > window.current;
      const trades = isDue ? this.#book.candidateTrades(interval) : [];
      const call = finalizeCall(this.#settings.contracts, { interval, trades });
      this.#ports.outbox.enqueue(this.#ports.key, call, ref);
    }
  }

  async #submit(window: Window, now: number, signal: AbortSignal): Promise<void> {
    if (this.#submission !== null) {
      const outcome = await this.#submission.advance(signal);
      if (outcome === null) return;
      this.#submission = null;
      this.#count(outcome);
    }
    // Signed before a restart: its outcome comes first.
    if (this.#isUnderWay(SUBMISSION)) return;
    const last = this.#lastWindow;
    if (last !== null && last.current !== window.current) this.#forget(window.current);
    if (last === null || last.firstSure !== window.firstSure || last.last !== window.last) {
      this.#hasNews = true;
    }
    this.#lastWindow = window;
    if (!this.#staking.isDone || !this.#hasNews || !this.#isTime(window, now)) return;
    if (this.#isPaused()) return;
    this.#hasNews = false;
    if (this.#isBeyond(window)) return;
    const solution = await solve(this.#settings, {
      book: this.#book,
      window,
      sureSeconds: now + this.#margin,
      postedAt: ({ id }) => this.#postedAt.get(id) ?? Number.POSITIVE_INFINITY,
    });
    if (solution === null) return;
    const horizon = this.#settings.calendar.horizonIntervals;
    this.#submission = Submission.begin(this.#context(), solution.chunks, horizon);
    this.#statistics.submitted++;
  }

  /** What stands is finalized and settled all the same; that a pause ends is news. */
  #isPaused(): boolean {
    const { isPaused } = this.#book;
    if (isPaused !== this.#wasPaused) {
      const text = isPaused ? 'the market is paused: nothing is submitted' : 'the pause is over';
      this.#ports.log.info(text);
    }
    this.#wasPaused = isPaused;
    return isPaused;
  }

  /** Whether there are more offers than may be looked at; told when that begins and ends. */
  #isBeyond({ firstSure, last }: Window): boolean {
    const { mostOffers = Number.POSITIVE_INFINITY } = this.#settings;
    const offers = this.#book.openOffers(firstSure, last).length;
    if (offers > mostOffers !== this.#isTooLarge) {
      this.#isTooLarge = offers > mostOffers;
      const text = this.#isTooLarge
        ? 'the market has more offers than this solver may look at: it leaves it to others'
        : 'the market is small enough again for this solver';
      this.#ports.log.warn(text, { offers, mostOffers });
    }
    return this.#isTooLarge;
  }

  /** Once an interval: a day back is all that is ever needed. */
  #forget(current: Interval): void {
    this.#book.forget(current - MOST_INTERVALS);
    for (const offerId of this.#postedAt.keys()) {
      if (this.#book.offer(offerId) === undefined) this.#postedAt.delete(offerId);
    }
  }

  /** Offers have paused; or posting for the next interval has ended, which waits for nobody. */
  #isTime(window: Window, now: number): boolean {
    const postingEnds = lastPostingOf(this.#settings.calendar, window.firstSure);
    const hasEnded = now > postingEnds && this.#newsAt <= postingEnds;
    return hasEnded || now - this.#newsAt >= this.#pause;
  }

  #count(outcome: 'accepted' | 'rejected'): void {
    this.#statistics[outcome]++;
    if (outcome === 'accepted') {
      this.#refusals = 0;
      return;
    }
    this.#refusals++;
    // Somebody else was quicker, or a gate closed: look again, but not for ever.
    if (this.#refusals <= MAX_REFUSALS) this.#hasNews = true;
  }

  #context(): SubmissionContext {
    const { outbox, chain, key } = this.#ports;
    const { contracts } = this.#settings;
    const isAnnouncing = this.#isRewarded;
    return { contracts, key, address: this.#address, outbox, chain, isAnnouncing };
  }

  get #isRewarded(): boolean {
    return (this.#settings.rewardMicroPerKwh ?? 0) > 0;
  }

  #isUnderWay(ref: string): boolean {
    return this.#ports.outbox.store.open().some((entry) => entry.ref === ref);
  }
}
