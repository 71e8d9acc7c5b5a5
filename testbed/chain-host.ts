/**
 * The chain of a run: anvil with blocks by command, which carry market time. Until market time
 * runs, a quick miner serves the utility's set-up; afterwards either the conductor mines (stepped
 * time) or a miner that makes a block every so often (scaled time).
 */
import type { Clock } from '../host/ports.ts';
import { type Anvil, startAnvil } from './anvil.ts';
import type { BlockMaker } from './conductor.ts';
import { arrangeOffers } from './offer-order.ts';

/** How far before the run the genesis block lies: room for one block a second of set-up. */
const SETUP_SECONDS = 14_400;
const SETUP_BLOCK_MS = 25;

export class ChainHost implements BlockMaker {
  readonly anvil: Anvil;
  #lastSeconds: number;

  private constructor(anvil: Anvil, genesisSeconds: number) {
    this.anvil = anvil;
    this.#lastSeconds = genesisSeconds;
  }

  static async start(startsAtMs: number): Promise<ChainHost> {
    const genesisSeconds = Math.floor(startsAtMs / 1000) - SETUP_SECONDS;
    const anvil = await startAnvil({ noMining: true, timestamp: genesisSeconds });
    return new ChainHost(anvil, genesisSeconds);
  }

  async hasPending(): Promise<boolean> {
    return (await this.anvil.pending()) > 0;
  }

  async mineAt(unixSeconds: number): Promise<void> {
    this.#lastSeconds = Math.max(unixSeconds, this.#lastSeconds + 1);
    await this.anvil.mineAt(this.#lastSeconds);
  }

  /** Makes blocks in which offers stand in the order of their homes, not in that of chance. */
  inOrder(homeOf: (address: string) => string): BlockMaker {
    return {
      hasPending: () => this.hasPending(),
      mineAt: async (unixSeconds) => {
        await arrangeOffers(this.anvil, homeOf);
        await this.mineAt(unixSeconds);
      },
    };
  }

  /** Mines whatever comes while `work` runs; market time stands before the run. */
  async whileMining<T>(work: () => Promise<T>): Promise<T> {
    let isDone = false;
    const miner = (async () => {
      while (!isDone) {
        if (await this.hasPending()) await this.mineAt(this.#lastSeconds + 1);
        else await new Promise((resolve) => setTimeout(resolve, SETUP_BLOCK_MS));
      }
    })().catch(() => {});
    try {
      // When the chain fails, so does the work, and knows more about it.
      return await work();
    } finally {
      isDone = true;
      await miner;
    }
  }

  /** Scaled time: a block every `blockSeconds` of market time, until the signal aborts. */
  async mineByClock(clock: Clock, blockSeconds: number, signal: AbortSignal): Promise<void> {
    const pacer = clock.pacer('miner');
    try {
      while (!signal.aborted) {
        const seconds = Math.floor(clock.now() / 1000);
        if (seconds > this.#lastSeconds) await this.mineAt(seconds);
        await pacer.until(clock.now() + blockSeconds * 1000, signal);
      }
    } catch (cause) {
      if (!signal.aborted) throw cause;
    } finally {
      pacer.close();
    }
  }
}
