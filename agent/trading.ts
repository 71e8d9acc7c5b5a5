/**
 * The trading service (design: one interval in the life of a meter, steps 4 to 7 and 9): reads the
 * market's log, withdraws to fresh addresses, posts, decides what each interval is held to, closes
 * and deposits. All of it follows from wallet.db and the log; a restart goes on where it was.
 */
import type { Outbox } from '../chain/outbox.ts';
import {
  type Clock,
  type Log,
  type Pacer,
  type Random,
  SqlError,
  type UnixMs,
} from '../host/ports.ts';
import type { GridFacts } from '../market/grid.ts';
import { type Interval, intervalAt, startOf } from '../market/intervals.ts';
import type { AgentSettings } from './config.ts';
import type { EventMap } from './events.ts';
import type { Journal } from './journal/journal.ts';
import type { MarketView } from './planning.ts';
import type { Block, Plan } from './strategy/plan.ts';
import type { Tariff } from './strategy/tariff.ts';
import type { OpenOffer } from './strategy/wants-input.ts';
import {
  addOwnOffer,
  type MatchingState,
  matchingTrader,
  newMatchingState,
} from './traders/matching.ts';
import { isLive, type OwnOffer, remainingWs } from './traders/own-offer.ts';
import { DsoLink } from './trading/dso-link.ts';
import { finalitySeconds, MarketLog, type OpenFeed } from './trading/market-log.ts';
import type { MarketWatch } from './trading/market-watch.ts';
import { Moments } from './trading/moments.ts';
import { OfferSteps } from './trading/offer-steps.ts';
import { AddressRecovery } from './trading/recovery.ts';
import { decideSchedule } from './trading/schedule-decision.ts';
import { liveOfferOf, type TradingStatus } from './trading/trading-status.ts';
import type { DsoClient } from './wallet/dso-client.ts';
import type { Wallet } from './wallet/wallet.ts';
import { WalletError } from './wallet/wallet-error.ts';

export interface TradingOptions {
  settings: Pick<AgentSettings, 'home' | 'trading' | 'lab'>;
  facts: GridFacts;
  clock: Clock;
  random: Random;
  log: Log;
  events: EventMap;
  journal: Journal;
  wallet: Wallet;
  outbox: Outbox;
  dso: DsoClient;
  openFeed: OpenFeed;
  watch: MarketWatch;
  /** Names own addresses to the endpoint, as no agent should: a lab's. */
  askOwn?: (addresses: readonly string[], signal: AbortSignal) => Promise<void>;
}

/** A grant is in the log so many blocks after the request. */
const BLOCKS_TO_GRANT = 2;
const MAX_NOTES = 8;
/** Without a look at the market for so many polls, there was an outage. */
const SILENT_POLLS = 4;
const LAB_GRID_SECONDS = 5;
/** So far into a running interval a schedule without commitment may still be set, as a share. */
const LATE_SHARE = 0.25;
/** The reason of a wait that ended because there is a plan. */
const WOKEN = new Error('a plan came');

export class TradingService implements MarketView {
  readonly #o: TradingOptions;
  readonly #state: MatchingState;
  readonly #market: MarketLog;
  readonly #link: DsoLink;
  readonly #steps: OfferSteps;
  readonly #moments: Moments;
  readonly #recovery: AddressRecovery;
  readonly #stopping = new AbortController();
  readonly #phaseMs: number;
  readonly #notes: string[] = [];
  /** A plan whose blocks are still to be proposed. */
  #plan: Plan | null = null;
  /** It came since the last look at it began. */
  #isPlanNew = false;
  #wake: AbortController | null = null;
  /** When the log is read next. */
  #readAtMs: UnixMs = Number.NEGATIVE_INFINITY;
  #done: Promise<void> = Promise.resolve();

  constructor(options: TradingOptions) {
    this.#o = options;
    const { facts, settings, wallet, outbox, openFeed, clock, log, random, events } = options;
    const { intervalSeconds } = facts.calendar;
    const blockSeconds = settings.trading.blockMs / 1000;
    const pollSeconds = settings.trading.pollMs / 1000;
    this.#link = new DsoLink({ dso: options.dso, wallet, clock, log, intervalSeconds });
    const lead = (BLOCKS_TO_GRANT + 2) * blockSeconds;
    const { without } = settings.lab;
    const isCommon = !without.includes('common-sizes');
    const state = newMatchingState(facts, this.maxPowerW(), lead, isCommon);
    this.#state = state;
    this.#market = new MarketLog({
      ...{ wallet, outbox, state, openFeed, watch: options.watch, clock, log },
      firstBlock: facts.deployedAtBlock,
      blockLagSeconds: pollSeconds + finalitySeconds(facts.finality, blockSeconds),
      blockSeconds,
    });
    this.#recovery = new AddressRecovery({ wallet, state, facts, openFeed, clock, log });
    // In a lab all components poll at the same moments, so that stepped time takes few steps.
    const isLab = settings.lab.clock !== undefined;
    this.#phaseMs = isLab ? 0 : Math.floor(random.uniform() * settings.trading.pollMs);
    this.#moments = new Moments({
      random,
      silenceSeconds: SILENT_POLLS * pollSeconds,
      habit: without.includes('random-times') ? random.uniform() : null,
      gridSeconds: isLab ? LAB_GRID_SECONDS : 0,
    });
    const moments = this.#moments;
    this.#steps = new OfferSteps({ wallet, outbox, state, facts, blockSeconds, moments, log });
    events.on('planned', ({ plan }) => {
      this.#plan = plan;
      this.#isPlanNew = true;
      this.#wake?.abort(WOKEN);
    });
  }

  /** @param onFirst runs once, after the log and the account were read or could not be */
  start(signal: AbortSignal, onFirst: () => Promise<void> = async () => {}): void {
    signal.addEventListener('abort', () => this.#stopping.abort(signal.reason), { once: true });
    if (signal.aborted) this.#stopping.abort(signal.reason);
    this.#done = this.#run(this.#o.clock.pacer('trading'), onFirst, this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
  }

  // --------------------------------------------------------------------------- what planning asks

  openOffers(from: Interval): OpenOffer[] {
    return this.#live()
      .filter(({ terms, state }) => terms.lastInterval >= from && state !== 'settled')
      .map((offer) => ({
        side: offer.terms.side,
        firstInterval: offer.terms.firstInterval,
        lastInterval: offer.terms.lastInterval,
        remainingWs: remainingWs(offer, this.#seconds),
        maxPowerW: offer.terms.maxPowerW,
        isFlexible: offer.terms.isFlexible,
      }));
  }

  flexibleSoldW(from: Interval): Map<Interval, number> {
    const sold = new Map<Interval, number>();
    for (const { terms, trades } of this.#live()) {
      if (!terms.isFlexible) continue;
      for (const [interval, powerW] of trades) {
        if (interval < from) continue;
        const signed = terms.side === 'sell' ? powerW : -powerW;
        sold.set(interval, (sold.get(interval) ?? 0) + signed);
      }
    }
    return sold;
  }

  tariffAt(interval: Interval): Tariff | null {
    return this.#state.tariffs.filter((each) => each.fromInterval <= interval).at(-1) ?? null;
  }

  maxPowerW(): number {
    const own = this.#o.settings.home.maxPowerW;
    return Math.min(own, this.#link.account?.maxPowerW ?? own);
  }

  status(): TradingStatus {
    return {
      chain: this.#market.status(),
      dso: { problem: this.#link.problem },
      account: this.#link.account,
      obstacles: this.#obstacles(),
      live: this.#live().map((offer) => liveOfferOf(offer, this.#seconds)),
      commitments: matchingTrader.commitments(this.#state),
      notes: [...this.#notes].reverse(),
    };
  }

  async #run(pacer: Pacer, onFirst: () => Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      await this.#tick(signal);
      await onFirst();
      while (!signal.aborted) {
        await this.#tick(signal);
        await this.#pause(pacer, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      pacer.close();
    }
  }

  /** To the next poll, or until a plan comes. */
  async #pause(pacer: Pacer, signal: AbortSignal): Promise<void> {
    if (this.#isPlanNew) return;
    const wake = new AbortController();
    const end = () => wake.abort(signal.reason);
    signal.addEventListener('abort', end, { once: true });
    this.#wake = wake;
    try {
      if (signal.aborted) end();
      await pacer.until(this.#wakeMs(), wake.signal);
    } catch (error) {
      if (error !== WOKEN || signal.aborted) throw error;
    } finally {
      this.#wake = null;
      signal.removeEventListener('abort', end);
    }
  }

  /** The next poll, or a step of an own offer: those come at moments of their own. */
  #wakeMs(): UnixMs {
    const next = this.#moments.next(this.#o.clock.now() / 1000);
    return next === null ? this.#readAtMs : Math.min(this.#readAtMs, Math.ceil(next * 1000));
  }

  #nextPollMs(): UnixMs {
    const { pollMs } = this.#o.settings.trading;
    const nowMs = this.#o.clock.now();
    return (Math.floor((nowMs - this.#phaseMs) / pollMs) + 1) * pollMs + this.#phaseMs;
  }

  async #tick(signal: AbortSignal): Promise<void> {
    const isRead = this.#isPlanNew || this.#o.clock.now() >= this.#readAtMs;
    this.#isPlanNew = false;
    try {
      if (isRead && (await this.#read(signal))) return;
      if (!this.#o.clock.isProven() || !this.#o.journal.isWritable) return;
      this.#propose();
      await this.#advance(signal);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      // A disk that fails: nothing is signed, nothing leaves; everything is tried again, from what
      // the wallet has.
      this.#market.spoil();
      this.#note(`wallet or journal cannot be written: ${error.message}`);
    } finally {
      if (isRead) this.#readAtMs = this.#nextPollMs();
    }
  }

  /** @returns whether the log is to be read anew before anything else is done */
  async #read(signal: AbortSignal): Promise<boolean> {
    await this.#market.poll(signal);
    // Without a good clock it is not known which interval it is, without a disk nothing is
    // signed; what was decided is followed to its end.
    if (!this.#o.clock.isProven()) return false;
    await this.#decide();
    if (!this.#o.journal.isWritable) return false;
    if (this.#recovery.step(this.#market, signal)) return true;
    await this.#link.refresh(signal);
    const own = this.#live().filter(({ state }) => state !== 'reserved');
    await this.#o.askOwn?.(
      own.map(({ address }) => address),
      signal,
    );
    return false;
  }

  async #advance(signal: AbortSignal): Promise<void> {
    const { clock, outbox } = this.#o;
    if (this.#market.isFresh) this.#moments.look(clock.now() / 1000);
    for (const offer of [...this.#state.byAddress.values()]) {
      const moment = { now: clock.now() / 1000, headAt: this.#market.head?.timestamp ?? 0 };
      if (this.#steps.isToAsk(offer, moment)) await this.#withdraw(offer, signal);
      else if (this.#market.isFresh && isLive(offer)) this.#steps.advance(offer, moment);
      else this.#steps.letGo(offer, moment);
    }
    if (outbox.store.open().length === 0) return;
    const report = await outbox.flush(signal);
    for (const { entry, reason } of report.refused) {
      this.#note(`${entry.kind} is refused by the endpoint: ${reason}`);
    }
  }

  // ------------------------------------------------------------------------------------- offering

  /** Why nothing may be offered now, for people. */
  #obstacles(): string[] {
    const { clock, journal, settings } = this.#o;
    const found: string[] = [];
    if (!clock.isProven()) found.push('the clock is not proven good');
    if (!journal.isWritable) found.push('the journal cannot be written');
    if (!this.#market.isFresh) {
      found.push(`the chain is not read: ${this.#market.problem ?? 'it was not asked yet'}`);
    }
    if (this.#market.pause !== null) found.push(this.#market.pause);
    if (this.#market.agreement === null && !settings.lab.singleEndpoint) {
      found.push(
        'final trades would be unverified: the grid file names one endpoint, which nobody can ' +
          'contradict; ask the utility for several, of different owners',
      );
    }
    return [...found, ...this.#steps.refusals, ...this.#link.obstacles()];
  }

  /** Reserves an address for each block of a fresh plan; withdrawing follows in the same tick. */
  #propose(): void {
    const plan = this.#plan;
    if (plan === null) return;
    const { clock, facts, wallet } = this.#o;
    const now = clock.now() / 1000;
    if (plan.madeIn !== intervalAt(facts.calendar, now)) {
      const problem = this.#obstacles().length > 0 ? null : wallet.addressProblem;
      if (problem !== null) this.#note(problem);
      this.#plan = null;
      return;
    }
    if (wallet.addressProblem !== null || this.#obstacles().length > 0) return;
    this.#plan = null;
    this.#state.maxPowerW = this.maxPowerW();
    const intents = matchingTrader.propose(plan, this.#state, now);
    for (const { block } of intents) this.#reserve(block, now);
  }

  #reserve(block: Block, now: number): void {
    const { wallet, settings } = this.#o;
    const { side, firstInterval, lastInterval, energyWs, maxPowerW, isFlexible } = block;
    const range = { side, firstInterval, lastInterval, energyWs, maxPowerW };
    const terms = { ...range, priceMicroPerKwh: block.valueMicroPerKwh, isFlexible };
    const { blockMs, pollMs } = settings.trading;
    const postAt = this.#steps.drawPosting(terms, now + (BLOCKS_TO_GRANT * blockMs) / 1000, pollMs);
    const expiresAt = Math.floor(this.#steps.latestPosting({ terms }));
    try {
      addOwnOffer(this.#state, wallet.reserve(terms, now * 1000, postAt * 1000, expiresAt));
    } catch (error) {
      if (!(error instanceof WalletError)) throw error;
      this.#note(error.message);
    }
  }

  async #withdraw(offer: OwnOffer, signal: AbortSignal): Promise<void> {
    const answer = await this.#link.withdraw(offer, signal);
    if (answer === null) {
      // When the DSO is back, not all that waited is asked for at once.
      this.#moments.redraw(offer.index, 'ask');
      return;
    }
    if (answer !== 'accepted') {
      this.#steps.refuse(offer, answer.refused);
      this.#note(answer.note);
    } else if (offer.state === 'reserved') {
      // Kept with what the log tells next: asked again after a crash, the DSO says the same.
      offer.state = 'withdrawn';
      this.#state.changed.add(offer);
    }
  }

  // ------------------------------------------------------------------------------------- deciding

  /** Writes down what the running and the next interval are held to, once that is certain. */
  async #decide(): Promise<void> {
    const { clock, facts, journal, settings, events } = this.#o;
    const now = clock.now() / 1000;
    const current = intervalAt(facts.calendar, now);
    for (const interval of [current, current + 1]) {
      if (journal.schedule(interval) !== null) continue;
      const readAtMs = this.#market.isFresh ? this.#market.polledAtMs : null;
      const decided = decideSchedule({
        interval,
        plannedW: journal.plan(interval)?.plannedW ?? null,
        state: this.#state,
        calendar: facts.calendar,
        readAt: readAtMs === null ? null : readAtMs / 1000,
        marginSeconds: (2 * settings.trading.blockMs) / 1000,
        isTrading: this.#obstacles().length === 0,
      });
      if (decided === null) continue;
      const isLate = now > startOf(facts.calendar, interval) + LATE_SHARE * this.#seconds;
      if (isLate && decided.committedW === 0) continue;
      journal.recordSchedule({ interval, ...decided, decidedAtMs: clock.now() });
      await events.emit('committed', { interval });
    }
  }

  get #seconds(): number {
    return this.#o.facts.calendar.intervalSeconds;
  }

  #live(): OwnOffer[] {
    return [...this.#state.byAddress.values()].filter(isLive);
  }

  #note(text: string): void {
    if (this.#notes.at(-1) !== text) this.#o.log.warn(text);
    this.#notes.push(text);
    if (this.#notes.length > MAX_NOTES) this.#notes.shift();
  }
}
