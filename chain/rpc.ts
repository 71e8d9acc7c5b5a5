/**
 * JSON-RPC over the Transport port, made for endpoints that may lie or fail: the id is checked,
 * sizes and time are limited, every field is parsed before it is used, and with several endpoints
 * the next one is tried. Fees, nonces and logs are asked for explicitly: no library guesses.
 *
 * One instance per identity: what two anonymous addresses ask never shares a connection.
 */
import { keccak256 } from 'ethers';
import { type Clock, type Transport, TransportError } from '../host/ports.ts';
import type { Finality } from '../market/grid.ts';
import { JsonTooMuch, parseJsonText } from './json-text.ts';
import { batchResults, isError, resultOf } from './rpc-answers.ts';
import {
  type Block,
  type ListedBlock,
  parseBlock,
  parseData,
  parseHash,
  parseListedBlock,
  parseLogs,
  parseQuantity,
  parseReceipt,
  type RawLog,
  type Receipt,
  RpcError,
} from './rpc-forms.ts';

/** Whole exchange, real ms. A circuit of Tor may take most of a minute and still be good. */
const DEADLINE_MS = { tor: 60_000, clear: 20_000 } as const;
/** Pages with more are asked for in smaller ones. */
const ANSWER_BYTES = 1024 * 1024;
/**
 * What cannot be asked for in smaller pages: a block's logs, or its transactions. A block of 30 M
 * gas holds half of it at most (a byte of data that is logged costs 24 gas, in hex 12 a character).
 */
const ONE_BLOCK_BYTES = 4 * 1024 * 1024;
/** An endpoint that failed is asked last for this long, real ms. */
const PAUSE_MS = 30_000;
const BATCH = 50;
const NEVER = new AbortController().signal;

export interface RpcOptions {
  urls: readonly string[];
  transport: Transport;
  /** Connections are never shared between identities. */
  identity: string;
  clock: Clock;
  deadlineMs?: number;
}

export interface RpcCall {
  method: string;
  params: readonly unknown[];
}

export interface CallRequest {
  to: string;
  data: string;
  from?: string;
}

/** Block number, or a tag that the endpoint knows. */
export type BlockTag = number | 'latest' | 'finalized' | 'safe';

export class JsonRpc {
  readonly #options: RpcOptions;
  readonly #pausedUntil = new Map<string, number>();
  #nextId = 1;
  #endpoint: string | null = null;
  /** Counts what was sent. */
  #sendTurn = 0;

  constructor(options: RpcOptions) {
    if (options.urls.length === 0) throw new RangeError('a JSON-RPC client needs an endpoint');
    this.#options = options;
  }

  /** Who answered last: what two endpoints say need not fit together. */
  get endpoint(): string | null {
    return this.#endpoint;
  }

  /**
   * One call; the result is as it came, to be parsed.
   * @throws RpcError
   */
  async call(
    method: string,
    params: readonly unknown[],
    signal?: AbortSignal,
    maxBytes = ANSWER_BYTES,
  ): Promise<unknown> {
    const id = this.#takeId();
    const request = { jsonrpc: '2.0', id, method, params };
    return this.#post(request, signal, maxBytes, (answer) => resultOf(answer, id, method));
  }

  /**
   * Several calls in one exchange; each result or error stands at its call's place.
   * @throws RpcError when the exchange as a whole fails
   */
  async batch(calls: readonly RpcCall[], signal?: AbortSignal): Promise<(unknown | RpcError)[]> {
    const results: (unknown | RpcError)[] = [];
    for (let from = 0; from < calls.length; from += BATCH) {
      const part = calls.slice(from, from + BATCH);
      const ids = part.map(() => this.#takeId());
      const requests = part.map((call, at) => ({ jsonrpc: '2.0', id: ids[at], ...call }));
      const read = (answer: unknown) => batchResults(answer, ids, part);
      results.push(...(await this.#post(requests, signal, ANSWER_BYTES, read)));
    }
    return results;
  }

  async chainId(signal?: AbortSignal): Promise<number> {
    return parseQuantity(await this.call('eth_chainId', [], signal), 'eth_chainId');
  }

  async blockNumber(signal?: AbortSignal): Promise<number> {
    return parseQuantity(await this.call('eth_blockNumber', [], signal), 'eth_blockNumber');
  }

  /** @throws RpcError `malformed` when the endpoint has no such block */
  async block(at: BlockTag, signal?: AbortSignal): Promise<Block> {
    const tag = blockParameter(at);
    const params = [tag, false];
    const answer = await this.call('eth_getBlockByNumber', params, signal, ONE_BLOCK_BYTES);
    return blockAt(at, parseBlock(answer));
  }

  /**
   * The blocks [from, to], in order, with the hashes of their transactions, in one exchange.
   * @throws RpcError `too-large`: ask for fewer
   */
  async listedBlocks(from: number, to: number, signal?: AbortSignal): Promise<ListedBlock[]> {
    const method = 'eth_getBlockByNumber';
    if (from === to) {
      const params = [blockParameter(from), false];
      const answer = await this.call(method, params, signal, ONE_BLOCK_BYTES);
      return [blockAt(from, parseListedBlock(answer))];
    }
    const numbers = Array.from({ length: to - from + 1 }, (_, at) => from + at);
    const calls = numbers.map((number) => ({ method, params: [blockParameter(number), false] }));
    const answers = await this.batch(calls, signal);
    return numbers.map((number, at) => {
      const answer = answers[at];
      if (answer instanceof RpcError) throw answer;
      return blockAt(number, parseListedBlock(answer));
    });
  }

  /** The last block that counts as final. */
  async finalBlock(finality: Finality, signal?: AbortSignal): Promise<Block> {
    if (finality.kind === 'tag') return this.block(finality.tag, signal);
    const latest = await this.block('latest', signal);
    if (finality.kind === 'instant' || finality.blocks === 0) return latest;
    return this.block(Math.max(0, latest.number - finality.blocks), signal);
  }

  /** Logs of these contracts in [from, to], in order, each once. @throws RpcError */
  async logs(
    addresses: readonly string[],
    from: number,
    to: number,
    signal?: AbortSignal,
  ): Promise<RawLog[]> {
    const filter = {
      address: addresses,
      fromBlock: blockParameter(from),
      toBlock: blockParameter(to),
    };
    const limit = from === to ? ONE_BLOCK_BYTES : ANSWER_BYTES;
    const answer = await this.call('eth_getLogs', [filter], signal, limit);
    return parseLogs(answer, addresses, from, to);
  }

  /**
   * Gives a signed transaction to the first endpoint that takes it, with another one to begin with
   * each time: one may refuse without reason, or say yes and keep it to itself.
   * @returns the hash. @throws RpcError `rejected` when none takes it and one of them said why
   */
  async sendRaw(raw: string, signal?: AbortSignal): Promise<string> {
    const { urls } = this.#options;
    const method = 'eth_sendRawTransaction';
    const hash = keccak256(raw);
    const first = this.#sendTurn % urls.length;
    this.#sendTurn += 1;
    const errors: RpcError[] = [];
    for (const url of [...urls.slice(first), ...urls.slice(0, first)]) {
      try {
        const id = this.#takeId();
        const body = JSON.stringify({ jsonrpc: '2.0', id, method, params: [raw] });
        const answer = await this.#exchange(url, body, ANSWER_BYTES, signal);
        if (parseHash(resultOf(answer, id, method), method) === hash) return hash;
        throw new RpcError('malformed', `${url} gives another hash to a transaction sent to it`);
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        errors.push(error);
      }
    }
    throw errors.find(({ isEndpointsFault }) => !isEndpointsFault) ?? errors[0];
  }

  /** Null while the transaction is in no block. */
  async receipt(hash: string, signal?: AbortSignal): Promise<Receipt | null> {
    return parseReceipt(await this.call('eth_getTransactionReceipt', [hash], signal), hash);
  }

  /** One for each hash, in one exchange; an error at its place where one answer is bad. */
  async receipts(
    hashes: readonly string[],
    signal?: AbortSignal,
  ): Promise<(Receipt | null | RpcError)[]> {
    const method = 'eth_getTransactionReceipt';
    const answers = await this.batch(
      hashes.map((hash) => ({ method, params: [hash] })),
      signal,
    );
    return hashes.map((hash, at) => {
      const answer = answers[at];
      if (answer instanceof RpcError) return answer;
      try {
        return parseReceipt(answer, hash);
      } catch (error) {
        if (error instanceof RpcError) return error;
        throw error;
      }
    });
  }

  /** Whether the endpoint knows the transaction, in a block or waiting for one. */
  async isKnownTransaction(hash: string, signal?: AbortSignal): Promise<boolean> {
    return (await this.call('eth_getTransactionByHash', [hash], signal)) !== null;
  }

  /** How many transactions of an address are in blocks up to `at`. */
  async nonce(address: string, at: 'latest' | 'pending', signal?: AbortSignal): Promise<number> {
    const answer = await this.call('eth_getTransactionCount', [address, at], signal);
    return parseQuantity(answer, 'eth_getTransactionCount');
  }

  /** @returns `0x` and hex. @throws RpcError `reverted`, with the contract's data */
  async ethCall(request: CallRequest, at: BlockTag = 'latest', signal?: AbortSignal) {
    const answer = await this.call('eth_call', [request, blockParameter(at)], signal);
    return parseData(answer, 'eth_call');
  }

  /** Code of a contract, `0x` when there is none. */
  async code(address: string, signal?: AbortSignal): Promise<string> {
    return parseData(await this.call('eth_getCode', [address, 'latest'], signal), 'eth_getCode');
  }

  #takeId(): number {
    this.#nextId += 1;
    return this.#nextId - 1;
  }

  /**
   * Tries the endpoints in turn; an answer that says no is an answer and is not asked elsewhere.
   */
  async #post<T>(
    request: object,
    signal: AbortSignal | undefined,
    maxBytes: number,
    read: (answer: unknown) => T,
  ): Promise<T> {
    const body = JSON.stringify(request);
    let last: RpcError | null = null;
    for (const url of this.#inTurn()) {
      try {
        const result = read(await this.#exchange(url, body, maxBytes, signal));
        this.#pausedUntil.delete(url);
        this.#endpoint = url;
        return result;
      } catch (error) {
        if (!(error instanceof RpcError) || !error.isEndpointsFault) throw error;
        this.#pausedUntil.set(url, this.#options.clock.monotonicMs() + PAUSE_MS);
        last = error;
      }
    }
    throw last ?? new RpcError('unreachable', 'no endpoint was asked');
  }

  #inTurn(): string[] {
    const now = this.#options.clock.monotonicMs();
    const isPaused = (url: string) => (this.#pausedUntil.get(url) ?? 0) > now;
    const { urls } = this.#options;
    return [...urls.filter((url) => !isPaused(url)), ...urls.filter(isPaused)];
  }

  async #exchange(
    url: string,
    body: string,
    maxBytes: number,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    const { transport, identity } = this.#options;
    const deadlineMs = this.#options.deadlineMs ?? DEADLINE_MS[transport.kind];
    const options = { identity, deadlineMs, maxBytes, ...(signal === undefined ? {} : { signal }) };
    let answer: { status: number; body: string };
    try {
      answer = await transport.post(url, body, options);
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      if (error.code === 'aborted') signal?.throwIfAborted();
      const code = error.code === 'too-large' ? 'too-large' : 'unreachable';
      throw new RpcError(code, error.message, { cause: error });
    }
    return readJson(url, answer, () => this.#options.clock.delay(0, NEVER));
  }
}

/** @throws RpcError `malformed`, `too-large` */
async function readJson(
  url: string,
  { status, body }: { status: number; body: string },
  nextTurn: () => Promise<void>,
): Promise<unknown> {
  try {
    const json = await parseJsonText(body, nextTurn);
    // Some endpoints send JSON-RPC errors with a status of their own: the error tells more.
    if (status === 200 || isError(json)) return json;
  } catch (error) {
    if (error instanceof JsonTooMuch) {
      const code = error.code === 'values' ? 'too-large' : 'malformed';
      throw new RpcError(code, `${url} sent an answer of ${error.message}`);
    }
    if (!(error instanceof SyntaxError)) throw error;
  }
  const what = status === 200 ? 'what is not JSON' : `HTTP status ${status}`;
  throw new RpcError('malformed', `${url} answered ${what}`);
}

function blockAt<B extends Block>(at: BlockTag, block: B | null): B {
  if (block === null) throw new RpcError('malformed', `the endpoint has no block ${at}`);
  if (typeof at === 'number' && block.number !== at) {
    throw new RpcError('malformed', `asked for block ${at}, got block ${block.number}`);
  }
  return block;
}

function blockParameter(at: BlockTag): string {
  return typeof at === 'number' ? `0x${at.toString(16)}` : at;
}
