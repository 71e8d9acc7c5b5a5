/**
 * One follower of the market's log for many agents of one process: each reads the whole log with a
 * cursor of its own, the chain is asked once per moment of stepped market time.
 */
import type { Head, MarketFeed } from '../chain/follower.ts';
import type { Clock } from '../host/ports.ts';
import type { MarketEvent } from '../market/events.ts';

export class SharedFeed {
  readonly #source: MarketFeed;
  readonly #clock: Clock;
  readonly #events: MarketEvent[] = [];
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
    return {
      poll: async (signal) => {
        const head = await this.#read(signal);
        const events = this.#events.slice(next).filter((each) => each.blockNumber >= fromBlock);
        next = this.#events.length;
        return { events, head };
      },
    };
  }

  #read(signal: AbortSignal): Promise<Head> {
    const nowMs = this.#clock.now();
    if (this.#asked === null || nowMs > this.#askedAtMs) {
      this.#askedAtMs = nowMs;
      this.#asked = this.#source.poll(signal).then(
        ({ events, head }) => {
          for (const event of events) this.#events.push(event);
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
