/**
 * Final trades that an interval is still to be settled with, kept in the wallet: the log is read on
 * from where it was, so that nothing else tells them again after a restart. One fact an interval,
 * written once and dropped when it is settled; there are as many as own offers reach over.
 */
import type { Interval } from '../../market/intervals.ts';
import type { MatchingState, UnsettledTrades } from '../traders/matching.ts';
import type { Wallet } from '../wallet/wallet.ts';

/** Begins like all that the log told, so that it is forgotten with it. */
const PREFIX = 'log.unsettled.';

export class UnsettledFacts {
  readonly #wallet: Wallet;
  readonly #state: MatchingState;
  /** As the wallet has them. */
  #kept: Map<Interval, UnsettledTrades>;

  /** Reads what is kept into the state. */
  constructor(wallet: Wallet, state: MatchingState) {
    this.#wallet = wallet;
    this.#state = state;
    for (const [interval, text] of wallet.factsUnder(PREFIX)) {
      state.unsettled.set(Number(interval), JSON.parse(text) as UnsettledTrades);
    }
    this.#kept = new Map(state.unsettled);
  }

  /** Whether the wallet has something else than the state. */
  get isChanged(): boolean {
    return this.#written().length > 0 || this.#dropped().length > 0;
  }

  /** Inside a transaction of the wallet. */
  put(): void {
    for (const [interval, trades] of this.#written()) {
      this.#wallet.putFact(`${PREFIX}${interval}`, JSON.stringify(trades));
    }
    for (const interval of this.#dropped()) this.#wallet.dropFact(`${PREFIX}${interval}`);
  }

  /** The wallet has all of it, durably. */
  kept(): void {
    this.#kept = new Map(this.#state.unsettled);
  }

  #written(): [Interval, UnsettledTrades][] {
    return [...this.#state.unsettled].filter(
      ([interval, trades]) => this.#kept.get(interval) !== trades,
    );
  }

  #dropped(): Interval[] {
    return [...this.#kept.keys()].filter((interval) => !this.#state.unsettled.has(interval));
  }
}
