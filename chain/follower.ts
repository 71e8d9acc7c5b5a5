/**
 * Follows the whole market's log, block range by block range, final blocks only. Everyone who wants
 * to know what became of an offer reads this: nobody asks for an address of their own (design:
 * learn).
 */
import type { Log } from '../host/ports.ts';
import type { MarketEvent } from '../market/events.ts';
import { DecodeError, decodeLog, type MarketContracts } from './decode.ts';
import { isTooMuch, LogReader, type LogReaderOptions, type LogSource } from './log-reader.ts';
import { type Block, type IncludedTransaction, type RawLog, RpcError } from './rpc-forms.ts';

/** The last block whose events were delivered, and its time in unix seconds. */
export interface Head {
  number: number;
  timestamp: number;
}

export type { IncludedTransaction };

/** What a poll brought. */
export interface MarketNews {
  /** In the order of the log, each once. */
  events: MarketEvent[];
  head: Head;
  /** Everybody's transactions in the blocks read, in order; empty where they are not asked for. */
  included: readonly IncludedTransaction[];
  /** The head is not the chain's last final block yet: the next poll goes on. */
  isMore?: boolean;
}

export interface MarketFeed {
  /**
   * What is new since the last call.
   * @throws RpcError when the endpoint fails: nothing is lost, call again. FollowerError.
   */
  poll(signal: AbortSignal): Promise<MarketNews>;
  /** What several endpoints said of each other; null or absent where one is believed. */
  agreement?(): Agreement | null;
}

/** How it is with several endpoints. */
export interface Agreement {
  /** How many have to say the same. */
  needed: number;
  endpoints: EndpointState[];
}

export interface EndpointState {
  /** Such as `https://rpc.example`, without path or key. */
  origin: string;
  /**
   * `agrees`: it said what counted. `behind`: so far as it goes it agrees. `silent`: no answer, or
   * none in time. `wrong`: what it says is not well-formed, or not what the others say.
   * `wrong-chain`: it serves another chain or market. `unknown`: not asked yet.
   */
  state: 'agrees' | 'behind' | 'silent' | 'wrong' | 'wrong-chain' | 'unknown';
  /** In words; null while it agrees. */
  problem: string | null;
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

export interface FollowingOptions {
  contracts: MarketContracts;
  /** First block to read: that of the deployment. */
  fromBlock: number;
  /**
   * Lists the transactions of the final blocks read, all of them and the same for everybody: whose
   * transaction failed can be told without asking for it. After long absence only the blocks of the
   * last `LISTED_SECONDS` before the head are listed, and `LISTED_BLOCKS` of them at most: an offer
   * that waited longer is void anyway.
   */
  withTransactions?: boolean;
  log?: Log;
}

export type FollowerOptions = FollowingOptions & LogReaderOptions;

/** How far back transactions are listed after long absence. */
export const LISTED_SECONDS = 6 * 3600;
export const LISTED_BLOCKS = 5_000;
/** How many blocks are read first: after long absence they hold what takes no time to read. */
const FIRST_BLOCKS = 250;
const MOST_BLOCKS = 5_000;
/** After a stretch with more logs a shorter one is read: decoding them holds up the thread. */
const MANY_LOGS = 128;
/** What one poll delivers at most; the rest comes with the next ones. */
const POLL_STRETCHES = 200;
const POLL_CHARACTERS = 16 * 1024 * 1024;
/** What a log takes beside its data, and a transaction that is listed, roughly. */
const LOG_CHARACTERS = 600;
const HASH_CHARACTERS = 150;

/** Follows what a source tells. */
export class MarketFollower implements MarketFeed {
  readonly #source: LogSource;
  readonly #options: FollowingOptions;
  #size = FIRST_BLOCKS;
  /** The last block read, or null before the first. */
  #last: Block | null = null;
  #isRewritten = false;
  #isBehind = false;

  constructor(source: LogSource, options: FollowingOptions) {
    this.#source = source;
    this.#options = options;
  }

  async poll(signal: AbortSignal): Promise<MarketNews> {
    if (this.#isRewritten) throw this.#rewritten();
    const head = await this.#source.head(signal);
    const last = this.#last;
    if (last !== null && head.number < last.number) return this.#behind(head, last);
    this.#isBehind = false;
    if (last !== null && head.number === last.number && head.hash !== last.hash) this.#stop();
    return this.#readOn(head, signal);
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

  /** Stretch by stretch. What was read before a failure counts; the next poll meets it again. */
  async #readOn(head: Block, signal: AbortSignal): Promise<MarketNews> {
    const { fromBlock } = this.#options;
    const events: MarketEvent[] = [];
    const included: IncludedTransaction[] = [];
    let characters = 0;
    let stretches = 0;
    const begin = this.#last;
    for (;;) {
      const next = this.#last === null ? fromBlock : Math.max(fromBlock, this.#last.number + 1);
      if (next > head.number) {
        this.#last ??= head;
        return { events, head: headOf(this.#last), included };
      }
      if (stretches >= POLL_STRETCHES || characters > POLL_CHARACTERS) break;
      try {
        const read = await this.#readStretch(next, head, signal);
        for (const event of read.events) events.push(event);
        for (const each of read.included) included.push(each);
        characters += read.characters;
        stretches += 1;
      } catch (error) {
        if (error instanceof RpcError && stretches > 0) break;
        this.#last = begin;
        throw error;
      }
    }
    return { events, head: headOf(this.#last ?? head), included, isMore: true };
  }

  async #readStretch(from: number, head: Block, signal: AbortSignal) {
    const listing = {
      listFrom: head.number - LISTED_BLOCKS + 1,
      listSince: head.timestamp - LISTED_SECONDS,
    };
    for (;;) {
      const to = Math.min(head.number, from + this.#size - 1);
      const blocks = to - from + 1;
      const after = this.#last;
      try {
        const read = await this.#source.read({ from, to, after, ...listing }, head, signal);
        if (read === null) this.#stop();
        const events = this.#decode(read.logs);
        const data = read.logs.reduce((sum, log) => sum + log.data.length, 0);
        const items = read.logs.length * LOG_CHARACTERS + read.included.length * HASH_CHARACTERS;
        this.#size =
          read.logs.length > MANY_LOGS
            ? Math.max(1, Math.floor((blocks * MANY_LOGS) / read.logs.length))
            : Math.min(MOST_BLOCKS, this.#size * 2);
        this.#last = read.end;
        return { events, included: read.included, characters: data + items };
      } catch (error) {
        if (!isTooMuch(error) || blocks === 1) throw error;
        this.#size = Math.ceil(blocks / 2);
      }
    }
  }

  #decode(logs: readonly RawLog[]): MarketEvent[] {
    try {
      const found = logs.map((log) => decodeLog(log, this.#options.contracts));
      return found.filter((event) => event !== null);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw new RpcError('malformed', `the endpoint sent ${error.message}`, { cause: error });
    }
  }

  #stop(): never {
    this.#isRewritten = true;
    throw this.#rewritten();
  }

  #rewritten(): FollowerError {
    return new FollowerError(
      `block ${this.#last?.number}, which counted as final, was replaced: ` +
        'the finality setting does not fit this chain, or the chain was begun anew',
    );
  }
}

/** Believes one endpoint, or whichever of several answers. */
export class LogFollower extends MarketFollower {
  constructor(options: FollowerOptions) {
    super(new LogReader(options), options);
  }
}

/**
 * Reads on until the last final block, for those who cannot do with less.
 * @throws RpcError, FollowerError
 */
export async function pollToHead(
  feed: MarketFeed,
  signal: AbortSignal,
  take: (event: MarketEvent) => void,
): Promise<Head> {
  for (;;) {
    const { events, head, isMore } = await feed.poll(signal);
    for (const event of events) take(event);
    if (!isMore) return head;
  }
}

function headOf({ number, timestamp }: Block): Head {
  return { number, timestamp };
}
