/**
 * JSON-RPC over the Transport port, made for endpoints that may lie or fail: the id is checked,
 * sizes and time are limited, every field is parsed before it is used, and with several endpoints
 * the next one is tried. Fees, nonces and logs are asked for explicitly: no library guesses.
 *
 * One instance per identity: what two anonymous addresses ask never shares a connection.
 */
import { type Clock, type Transport, TransportError } from '../host/ports.ts';
import type { Finality } from '../market/grid.ts';
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

/** Whole exchange, real ms. */
const DEADLINE_MS = 20_000;
const ANSWER_BYTES = 2 * 1024 * 1024;
/** Parsing more than this at once would hold up the loops beside it. */
const LOG_ANSWER_BYTES = 4 * 1024 * 1024;
/** The logs of a single block cannot be asked for in smaller pages. */
const ONE_BLOCK_LOG_BYTES = 32 * 1024 * 1024;
/** An endpoint that failed is asked last for this long, real ms. */
const PAUSE_MS = 30_000;
const BATCH = 50;

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
      results.push(...(await this.#post(requests, signal, LOG_ANSWER_BYTES, read)));
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
    const block = parseBlock(await this.call('eth_getBlockByNumber', [tag, false], signal));
    if (block === null) throw new RpcError('malformed', `the endpoint has no block ${at}`);
    if (typeof at === 'number' && block.number !== at) {
      throw new RpcError('malformed', `asked for block ${at}, got block ${block.number}`);
    }
    return block;
  }

  /**
   * The blocks [from, to], in order, with the hashes of their transactions; 50 in one exchange.
   * @throws RpcError
   */
  async listedBlocks(from: number, to: number, signal?: AbortSignal): Promise<ListedBlock[]> {
    const method = 'eth_getBlockByNumber';
    const numbers = Array.from({ length: to - from + 1 }, (_, at) => from + at);
    const calls = numbers.map((number) => ({ method, params: [blockParameter(number), false] }));
    const answers = await this.batch(calls, signal);
    return numbers.map((number, at) => {
      const answer = answers[at];
      if (answer instanceof RpcError) throw answer;
      const block = parseListedBlock(answer);
      if (block?.number === number) return block;
      throw new RpcError('malformed', `asked for block ${number}, got ${block?.number ?? 'none'}`);
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
    const limit = from === to ? ONE_BLOCK_LOG_BYTES : LOG_ANSWER_BYTES;
    const answer = await this.call('eth_getLogs', [filter], signal, limit);
    return parseLogs(answer, addresses, from, to);
  }

  /** @returns the hash, as the endpoint gives it */
  async sendRaw(raw: string, signal?: AbortSignal): Promise<string> {
    const answer = await this.call('eth_sendRawTransaction', [raw], signal);
    return parseHash(answer, 'eth_sendRawTransaction');
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
    const deadlineMs = this.#options.deadlineMs ?? DEADLINE_MS;
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
    try {
      const json: unknown = JSON.parse(answer.body);
      // Some endpoints send JSON-RPC errors with a status of their own: the error tells more.
      if (answer.status !== 200 && !isError(json)) throw new SyntaxError('no JSON-RPC error');
      return json;
    } catch {
      const what = answer.status === 200 ? 'what is not JSON' : `HTTP status ${answer.status}`;
      throw new RpcError('malformed', `${url} answered ${what}`);
    }
  }
}

function blockParameter(at: BlockTag): string {
  return typeof at === 'number' ? `0x${at.toString(16)}` : at;
}

function isError(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && 'error' in answer && 'id' in answer;
}

/** @throws RpcError `malformed` for what is no answer to the call, `rejected`, `reverted` */
function resultOf(answer: unknown, id: number | undefined, method: string): unknown {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) {
    throw new RpcError('malformed', `the answer to ${method} is not an object`);
  }
  const { id: answered, error, result } = answer as Record<string, unknown>;
  if (error !== undefined && error !== null) {
    // A request that could not be read is answered with the id null (JSON-RPC 2.0, section 5).
    if (answered !== id && answered !== null) throw wrongId(method);
    throw RpcError.fromAnswer(error, method);
  }
  if (answered !== id) throw wrongId(method);
  if (result === undefined) {
    throw new RpcError('malformed', `the answer to ${method} has neither result nor error`);
  }
  return result;
}

function wrongId(method: string): RpcError {
  return new RpcError('malformed', `the answer to ${method} is to another request`);
}

function batchResults(
  answer: unknown,
  ids: readonly number[],
  calls: readonly RpcCall[],
): (unknown | RpcError)[] {
  if (!Array.isArray(answer)) return [resultOf(answer, undefined, 'a batch')];
  const byId = new Map<unknown, unknown>();
  for (const one of answer) {
    const id: unknown = typeof one === 'object' && one !== null ? one.id : undefined;
    if (byId.has(id)) throw new RpcError('malformed', 'a batch was answered twice');
    byId.set(id, one);
  }
  if (byId.size !== ids.length) {
    throw new RpcError('malformed', `${byId.size} answers to a batch of ${ids.length} calls`);
  }
  return ids.map((id, at) => {
    try {
      return resultOf(byId.get(id), id, calls[at]?.method ?? '');
    } catch (error) {
      if (error instanceof RpcError && !error.isEndpointsFault) return error;
      throw error;
    }
  });
}
