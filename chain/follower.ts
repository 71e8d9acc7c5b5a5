/**
 * Follows the whole market's log, block range by block range, final blocks only. Everyone who wants
 * to know what became of an offer reads this: nobody asks for an address of their own (design:
 * learn).
 */
import type { Log } from '../host/ports.ts';
import type { MarketEvent } from '../market/events.ts';
import type { Finality } from '../market/grid.ts';
import { DecodeError, decodeLog, type MarketContracts } from './decode.ts';
import type { JsonRpc } from './rpc.ts';
import { type Block, RpcError } from './rpc-forms.ts';

/** The last block whose events were delivered. Time in unix seconds. */
export interface Head {
  number: number;
  timestamp: number;
}

/** A transaction that is in a final block, whatever became of it there. Its hash in lower case. */
export interface IncludedTransaction {
  hash: string;
  blockNumber: number;
}

/** What a poll brought. */
export interface MarketNews {
  /** In the order of the log, each once. */
  events: MarketEvent[];
  head: Head;
  /** Everybody's transactions in the blocks read, in order; empty where they are not asked for. */
  included: readonly IncludedTransaction[];
}

export interface MarketFeed {
  /**
   * What is new since the last call.
   * @throws RpcError when the endpoint fails: nothing is lost, call again. FollowerError.
   */
  poll(signal: AbortSignal): Promise<MarketNews>;
}

export class FollowerError extends Error {
  /**
   * `rewritten`: blocks that counted as final were replaced. What was learned from the log is void:
   * drop it, call `restart`, and read again.
   */
  readonly code = 'rewritten';
  constructor(message: string) {
    super(message);
    this.name = 'FollowerError';
  }
}

export interface FollowerOptions {
  rpc: JsonRpc;
  chainId: number;
  contracts: MarketContracts;
  /** First block to read: that of the deployment. */
  fromBlock: number;
  finality: Finality;
  /** Blocks asked for at once at most; Besu refuses more than 5,000. */
  pageBlocks?: number;
  /**
   * Lists the transactions of the final blocks read, all of them and the same for everybody: whose
   * transaction failed can be told without asking for it. After long absence only the blocks of the
   * last `LISTED_SECONDS` before the head are listed, and `LISTED_BLOCKS` of them at most: an offer
   * that waited longer is void anyway.
   */
  withTransactions?: boolean;
  log?: Log;
}

/** How far back transactions are listed after long absence. */
export const LISTED_SECONDS = 6 * 3600;
export const LISTED_BLOCKS = 5_000;

const PAGE_BLOCKS = 5_000;
/** How many are asked for first: after long absence a page holds what takes no time to read. */
const FIRST_PAGE_BLOCKS = 250;
/** A page with more logs is followed by a smaller one: decoding them holds up the thread. */
const MANY_LOGS = 128;
/** Blocks whose transactions are asked for in one exchange. */
const LISTED_AT_ONCE = 25;

export class LogFollower implements MarketFeed {
  readonly #options: FollowerOptions;
  readonly #maxPage: number;
  #page: number;
  /** The endpoint that was seen to serve the right chain. */
  #checked: string | null = null;
  /** The last block read, or null before the first. */
  #last: Block | null = null;
  #isRewritten = false;
  #isBehind = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#maxPage = Math.max(1, options.pageBlocks ?? PAGE_BLOCKS);
    this.#page = Math.min(this.#maxPage, FIRST_PAGE_BLOCKS);
  }

  async poll(signal: AbortSignal): Promise<MarketNews> {
    if (this.#isRewritten) throw this.#rewritten();
    try {
      await this.#checkChain(signal);
      const head = await this.#options.rpc.finalBlock(this.#options.finality, signal);
      const last = this.#last;
      if (last !== null && head.number < last.number) return this.#behind(head, last);
      this.#isBehind = false;
      if (last !== null) await this.#checkSameChain(last, head, signal);
      const from = last === null ? this.#options.fromBlock : last.number + 1;
      const events = await this.#read(from, head.number, signal);
      const included = await this.#list(from, head, signal);
      if (this.#options.rpc.endpoint !== this.#checked) throw changedEndpoint();
      this.#last = head;
      return { events, head: headOf(head), included };
    } catch (error) {
      // After a failure it may be another machine that answers.
      if (error instanceof RpcError) this.#checked = null;
      throw error;
    }
  }

  /** Forgets what was read: the next `poll` begins at the first block again. */
  restart(): void {
    this.#last = null;
    this.#isRewritten = false;
  }

  /** An endpoint that lags, or was set back, has nothing new; what was final stays so. */
  #behind(head: Block, last: Block): MarketNews {
    if (!this.#isBehind) {
      this.#isBehind = true;
      this.#options.log?.warn(
        'the endpoint went back to an earlier block; waiting until it has caught up',
        { block: head.number, was: last.number },
      );
    }
    return { events: [], head: headOf(last), included: [] };
  }

  /** From the head backwards, as far as it matters; blocks must hang together by their hashes. */
  async #list(from: number, head: Block, signal: AbortSignal): Promise<IncludedTransaction[]> {
    if (!this.#options.withTransactions) return [];
    const first = Math.max(from, head.number - LISTED_BLOCKS + 1);
    const since = head.timestamp - LISTED_SECONDS;
    const included: IncludedTransaction[] = [];
    let hash = head.hash;
    let end = head.number;
    for (let timestamp = head.timestamp; end >= first && timestamp >= since; ) {
      const begin = Math.max(first, end - LISTED_AT_ONCE + 1);
      const blocks = await this.#options.rpc.listedBlocks(begin, end, signal);
      for (const block of blocks.reverse()) {
        if (block.hash !== hash) {
          throw new RpcError('malformed', `block ${block.number} is not the parent of the next`);
        }
        for (const each of [...block.transactions].reverse()) {
          included.push({ hash: each, blockNumber: block.number });
        }
        hash = block.parentHash;
        timestamp = block.timestamp;
      }
      end = begin - 1;
    }
    return included.reverse();
  }

  async #checkChain(signal: AbortSignal): Promise<void> {
    const { rpc, contracts } = this.#options;
    if (this.#checked !== null && this.#checked === rpc.endpoint) return;
    const chainId = await rpc.chainId(signal);
    if (chainId !== this.#options.chainId) {
      throw new RpcError(
        'wrong-chain',
        `the endpoint serves chain ${chainId}, the grid is on chain ${this.#options.chainId}: ` +
          'check the rpc setting',
      );
    }
    // Lab chains of one id are many, and one that was begun anew would look as if nothing happened.
    if ((await rpc.code(contracts.matching, signal)) === '0x') {
      throw new RpcError(
        'wrong-chain',
        `the endpoint has no market at ${contracts.matching}: it serves another chain, ` +
          'or one that was begun anew',
      );
    }
    this.#checked = rpc.endpoint;
  }

  /** The block read last must still be in the chain that leads to this head. */
  async #checkSameChain(last: Block, head: Block, signal: AbortSignal): Promise<void> {
    const stands =
      head.number === last.number
        ? head.hash
        : head.number === last.number + 1
          ? head.parentHash
          : (await this.#options.rpc.block(last.number, signal)).hash;
    if (stands === last.hash) return;
    this.#isRewritten = true;
    throw this.#rewritten();
  }

  #rewritten(): FollowerError {
    return new FollowerError(
      `block ${this.#last?.number}, which counted as final, was replaced: ` +
        'the finality setting does not fit this chain, or the chain was begun anew',
    );
  }

  async #read(from: number, to: number, signal: AbortSignal): Promise<MarketEvent[]> {
    const { rpc, contracts } = this.#options;
    const addresses = [contracts.microgrid, contracts.assets, contracts.matching];
    const events: MarketEvent[] = [];
    for (let next = from; next <= to; ) {
      const end = Math.min(to, next + this.#page - 1);
      let found = 0;
      try {
        for (const raw of await rpc.logs(addresses, next, end, signal)) {
          found += 1;
          const event = decodeLog(raw, contracts);
          if (event !== null) events.push(event);
        }
      } catch (error) {
        if (error instanceof DecodeError) {
          throw new RpcError('malformed', `the endpoint sent ${error.message}`, { cause: error });
        }
        if (!isTooMuch(error) || end === next) throw error;
        this.#page = Math.ceil((end - next + 1) / 2);
        continue;
      }
      const size = end - next + 1;
      next = end + 1;
      this.#page =
        found > MANY_LOGS
          ? Math.max(1, Math.floor((size * MANY_LOGS) / found))
          : Math.min(this.#maxPage, this.#page * 2);
    }
    return events;
  }
}

/** Endpoints refuse ranges they find too large with errors of their own making. */
function isTooMuch(error: unknown): boolean {
  return error instanceof RpcError && (error.code === 'too-large' || error.code === 'rejected');
}

/** One that lags would leave out the logs of blocks it does not have, without an error. */
function changedEndpoint(): RpcError {
  return new RpcError('unreachable', 'the endpoint changed while the log was read; read again');
}

function headOf({ number, timestamp }: Block): Head {
  return { number, timestamp };
}
