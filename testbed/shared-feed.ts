/**
 * One follower of the market's log for many agents of one process: each reads the whole log with a
 * cursor of its own, the chain is asked once per moment of stepped market time.
 */
import type { Head, IncludedTransaction, MarketFeed } from '../chain/follower.ts';
import type { Clock } from '../host/ports.ts';
import type { MarketEvent } from '../market/events.ts';

export class SharedFeed {
  readonly #source: MarketFeed;
  readonly #clock: Clock;
  readonly #events: MarketEvent[] = [];
  readonly #included: IncludedTransaction[] = [];
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #asked: Promise<Head> | null = null;

  /** @param source a follower that reads from the deployment on */
  constructor(source: MarketFeed, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  /** A feed of its own from a block on. */
  open(fromBlock: number): MarketFeed {
    let next = 0;
    let nextIncluded = 0;
    return {
      poll: async (signal) => {
        const head = await this.#read(signal);
        const isAsked = (each: { blockNumber: number }) => each.blockNumber >= fromBlock;
        const events = this.#events.slice(next).filter(isAsked);
        const included = this.#included.slice(nextIncluded).filter(isAsked);
        next = this.#events.length;
        nextIncluded = this.#included.length;
        return { events, head, included };
      },
      agreement: () => this.#source.agreement?.() ?? null,
    };
  }

  #read(signal: AbortSignal): Promise<Head> {
    const nowMs = this.#clock.now();
    if (this.#asked === null || nowMs > this.#askedAtMs) {
      this.#askedAtMs = nowMs;
      this.#asked = this.#source.poll(signal).then(
        ({ events, head, included }) => {
          for (const event of events) this.#events.push(event);
          for (const each of included) this.#included.push(each);
          return head;
        },
        (error) => {
          this.#asked = null;
          throw error;
        },
      );
    }
    return this.#asked;
  }
}
