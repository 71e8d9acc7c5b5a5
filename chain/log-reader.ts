/**
 * What one endpoint says of the market's log: its last final block, and stretches of blocks with
 * their logs and transactions, checked as far as one endpoint can be checked by itself. Logs are
 * bound to the hashes of their blocks, blocks to those of their parents. Whether it says the truth
 * only others can tell (`agreed-feed.ts`).
 */
import type { Finality } from '../market/grid.ts';
import type { MarketContracts } from './decode.ts';
import type { JsonRpc } from './rpc.ts';
import {
  type Block,
  type IncludedTransaction,
  type ListedBlock,
  type RawLog,
  RpcError,
} from './rpc-forms.ts';

export interface LogReaderOptions {
  rpc: JsonRpc;
  chainId: number;
  contracts: MarketContracts;
  finality: Finality;
  /** Blocks asked for at once at most; Besu refuses more than 5,000. */
  pageBlocks?: number;
  /** See `FollowerOptions`. */
  withTransactions?: boolean;
}

/** A stretch of blocks. */
export interface Stretch {
  from: number;
  to: number;
  /** The block before it, where it is known. */
  after: Block | null;
  /** Transactions are listed from this block on, */
  listFrom: number;
  /** and only when the stretch ends at this time or later, unix seconds. */
  listSince: number;
}

/** What is in it. */
export interface StretchRead {
  end: Block;
  logs: RawLog[];
  included: IncludedTransaction[];
}

const PAGE_BLOCKS = 5_000;
/** The chain is looked at again with every so many heads. */
const CHECK_EVERY = 20;
/** Blocks whose transactions are asked for in one exchange. */
const LISTED_AT_ONCE = 25;
/** What the logs of a stretch may take, of more than one block: characters of their data. */
const STRETCH_CHARACTERS = 4 * 1024 * 1024;
const STRETCH_TRANSACTIONS = 40_000;
/** What a log takes beside its data, roughly. */
const LOG_CHARACTERS = 600;

/** Who tells the log: an endpoint, or several that agree. */
export interface LogSource {
  /** The last final block. @throws RpcError */
  head(signal: AbortSignal): Promise<Block>;
  /**
   * @param head as it was told just now
   * @returns null when it does not follow upon `after`: the chain was rewritten, or it is another
   * @throws RpcError `too-large` when it holds more than is read at once: ask for a shorter one
   */
  read(stretch: Stretch, head: Block, signal: AbortSignal): Promise<StretchRead | null>;
}

export class LogReader implements LogSource {
  readonly #options: LogReaderOptions;
  readonly #maxPage: number;
  #page: number;
  #listedAtOnce = LISTED_AT_ONCE;
  #heads = 0;
  /** The endpoint that was seen to serve the right market. */
  #checked: string | null = null;

  constructor(options: LogReaderOptions) {
    this.#options = options;
    this.#maxPage = Math.max(1, options.pageBlocks ?? PAGE_BLOCKS);
    this.#page = this.#maxPage;
  }

  async head(signal: AbortSignal): Promise<Block> {
    return this.#careful(async () => {
      await this.#checkMarket(signal);
      return this.#options.rpc.finalBlock(this.#options.finality, signal);
    });
  }

  /** @throws RpcError */
  async block(number: number, signal: AbortSignal): Promise<Block> {
    return this.#careful(() => this.#options.rpc.block(number, signal));
  }

  async read(stretch: Stretch, head: Block, signal: AbortSignal): Promise<StretchRead | null> {
    return this.#careful(async () => {
      const { from, to, after } = stretch;
      const end = head.number === to ? head : await this.#options.rpc.block(to, signal);
      const isOld = end.timestamp < stretch.listSince;
      const listed = isOld ? [] : await this.#list(Math.max(from, stretch.listFrom), end, signal);
      if (after !== null && !(await this.#follows(after, from, end, listed, signal))) return null;
      const logs = await this.#logs(from, to, signal);
      checkLogs(logs, listed, end);
      if (this.#options.rpc.endpoint !== this.#checked) throw changedEndpoint();
      return { end, logs, included: listed.flatMap(includedOf) };
    });
  }

  /** After a failure it may be another machine that answers. */
  async #careful<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof RpcError && !isTooMuch(error)) this.#checked = null;
      throw error;
    }
  }

  async #checkMarket(signal: AbortSignal): Promise<void> {
    const { rpc, contracts } = this.#options;
    this.#heads += 1;
    const { endpoint } = rpc;
    const isKnown = this.#checked !== null && this.#checked === endpoint;
    // An endpoint that turns to another chain does not say so.
    if (isKnown && this.#heads % CHECK_EVERY !== 0) return;
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

  /** Whether the block read last is in the chain that leads to this stretch. */
  async #follows(
    after: Block,
    from: number,
    end: Block,
    listed: readonly ListedBlock[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const first = end.number === from ? end : listed.find(({ number }) => number === from);
    if (first !== undefined) return first.parentHash === after.hash;
    return (await this.#options.rpc.block(after.number, signal)).hash === after.hash;
  }

  /** @throws RpcError `malformed` where blocks do not hang together */
  async #list(first: number, end: Block, signal: AbortSignal): Promise<ListedBlock[]> {
    const listed: ListedBlock[] = [];
    let transactions = 0;
    if (!this.#options.withTransactions) return listed;
    for (let from = first; from <= end.number; ) {
      const to = Math.min(end.number, from + this.#listedAtOnce - 1);
      try {
        for (const block of await this.#options.rpc.listedBlocks(from, to, signal)) {
          listed.push(block);
          transactions += block.transactions.length;
        }
        from = to + 1;
        this.#listedAtOnce = Math.min(LISTED_AT_ONCE, this.#listedAtOnce * 2);
      } catch (error) {
        if (!isTooMuch(error) || to === from) throw error;
        this.#listedAtOnce = Math.ceil((to - from + 1) / 2);
      }
      if (transactions > STRETCH_TRANSACTIONS && end.number > first)
        throw tooMuch(first, end.number);
    }
    for (const [at, block] of listed.entries()) {
      const next = listed[at + 1];
      if (next === undefined ? block.hash === end.hash : block.hash === next.parentHash) continue;
      throw new RpcError('malformed', `block ${block.number} is not the parent of the next`);
    }
    return listed;
  }

  async #logs(from: number, to: number, signal: AbortSignal): Promise<RawLog[]> {
    const { microgrid, assets, matching } = this.#options.contracts;
    const logs: RawLog[] = [];
    let characters = 0;
    for (let next = from; next <= to; ) {
      const end = Math.min(to, next + this.#page - 1);
      try {
        const addresses = [microgrid, assets, matching];
        for (const log of await this.#options.rpc.logs(addresses, next, end, signal)) {
          logs.push(log);
          characters += LOG_CHARACTERS + log.data.length;
        }
      } catch (error) {
        if (!isTooMuch(error) || end === next) throw error;
        this.#page = Math.ceil((end - next + 1) / 2);
        continue;
      }
      if (characters > STRETCH_CHARACTERS && to > from) throw tooMuch(from, to);
      next = end + 1;
      this.#page = Math.min(this.#maxPage, this.#page * 2);
    }
    return logs;
  }
}

/** Endpoints refuse what they find too large with errors of their own making. */
export function isTooMuch(error: unknown): boolean {
  return error instanceof RpcError && (error.code === 'too-large' || error.code === 'rejected');
}

/** @throws RpcError `malformed` for logs of other blocks than those that the endpoint shows */
function checkLogs(logs: readonly RawLog[], listed: readonly ListedBlock[], end: Block): void {
  const blocks = new Map<number, { hash: string; transactions: ReadonlySet<string> | null }>();
  for (const { number, hash, transactions } of listed) {
    blocks.set(number, { hash, transactions: new Set(transactions) });
  }
  if (!blocks.has(end.number)) blocks.set(end.number, { hash: end.hash, transactions: null });
  for (const { blockNumber, blockHash, transactionHash } of logs) {
    const block = blocks.get(blockNumber);
    if (block === undefined) blocks.set(blockNumber, { hash: blockHash, transactions: null });
    else if (block.hash !== blockHash) {
      throw new RpcError('malformed', `logs of another block than block ${blockNumber}`);
    } else if (block.transactions?.has(transactionHash) === false) {
      throw new RpcError('malformed', `a log of no transaction of block ${blockNumber}`);
    }
  }
}

function includedOf({ number, transactions }: ListedBlock): IncludedTransaction[] {
  return transactions.map((hash) => ({ hash, blockNumber: number }));
}

function tooMuch(from: number, to: number): RpcError {
  return new RpcError('too-large', `blocks ${from} to ${to} hold more than is read at once`);
}

/** One that lags would leave out the logs of blocks it does not have, without an error. */
function changedEndpoint(): RpcError {
  return new RpcError('unreachable', 'the endpoint changed while the log was read; read again');
}
