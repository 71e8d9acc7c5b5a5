/**
 * The log as several endpoints tell it alike: a block, and what is in it, counts when a majority of
 * all endpoints, and at least two, say exactly the same. One that lies, lags or is silent is named
 * and stops nobody, as long as such a majority stands.
 */
import type { Clock } from '../host/ports.ts';
import type { Endpoint } from './endpoint.ts';
import type { Agreement } from './follower.ts';
import { isTooMuch, type LogSource, type Stretch, type StretchRead } from './log-reader.ts';
import { type Block, RpcError } from './rpc-forms.ts';

/** When enough endpoints said the same, the others have so long to join, real ms. */
const GRACE_MS = 3_000;

/** So many blocks further than what is agreed on an endpoint may be, to be believed below. */
const MOST_LEAD = 12;
/** What an endpoint says that does not follow upon what was read, or not in one piece. */
const OTHER = 'other';
const TOO_MUCH = 'too much';

/** Says what an endpoint is taken to have said; two that say the same vote together. */
type KeyOf<T> = (said: T) => string;

export class AgreedLog implements LogSource {
  readonly #endpoints: readonly Endpoint[];
  readonly #clock: Clock;
  readonly #graceMs: number;
  /** Who told the last head alike. */
  #members: Endpoint[] = [];
  /** They did not tell the same of its stretch: those who rest are needed. */
  #isSplit = false;

  /** @param endpoints of different origins, two at least */
  constructor(endpoints: readonly Endpoint[], clock: Clock, graceMs = GRACE_MS) {
    if (endpoints.length < 2) throw new RangeError('agreement takes two endpoints');
    this.#endpoints = endpoints;
    this.#clock = clock;
    this.#graceMs = graceMs;
  }

  /** More than half of all, whether they answer or not. */
  get needed(): number {
    return Math.floor(this.#endpoints.length / 2) + 1;
  }

  agreement(): Agreement {
    return { needed: this.needed, endpoints: this.#endpoints.map(({ state }) => state) };
  }

  /** The highest block that enough endpoints say alike. @throws RpcError `disagreement` */
  async head(signal: AbortSignal): Promise<Block> {
    const awake = this.#endpoints.filter(({ isResting }) => !isResting);
    if (awake.length >= this.needed && !this.#isSplit) {
      const head = await this.#headOf(awake, this.#graceMs, signal);
      if (head !== null) return head;
    }
    // Those that are good may be the slow ones: all are waited for.
    const head = await this.#headOf(this.#endpoints, Number.POSITIVE_INFINITY, signal);
    if (head !== null) return head;
    throw this.#disagreement();
  }

  async read(stretch: Stretch, head: Block, signal: AbortSignal): Promise<StretchRead | null> {
    const isOne = stretch.from === stretch.to;
    const ask = async (endpoint: Endpoint, end: AbortSignal) => {
      try {
        const read = await endpoint.reader.read(stretch, head, end);
        return { read, key: read === null ? OTHER : textOf(read) };
      } catch (error) {
        // No fault yet: shorter stretches may do.
        if (isTooMuch(error) && !isOne) return { read: null, key: TOO_MUCH };
        throw error;
      }
    };
    const said = await this.#gather(this.#members, ask, ({ key }) => key, this.#graceMs, signal);
    const agreed = this.#majority(said, ({ key }) => key);
    const isTooLong = [...said.values()].some(({ key }) => key === TOO_MUCH);
    if (agreed?.key === TOO_MUCH || (agreed === null && isTooLong)) {
      throw new RpcError('too-large', 'the endpoints tell no more than a shorter stretch at once');
    }
    this.#isSplit = agreed === null;
    if (agreed === null) throw this.#disagreement();
    for (const [endpoint, { key }] of said) {
      if (key === agreed.key) endpoint.agrees();
      else endpoint.wrong(`it tells blocks ${stretch.from} to ${stretch.to} unlike the others`);
    }
    return agreed.read;
  }

  /** Null when these do not agree on any block. */
  async #headOf(
    asked: readonly Endpoint[],
    graceMs: number,
    signal: AbortSignal,
  ): Promise<Block | null> {
    const ask = (endpoint: Endpoint, end: AbortSignal) => endpoint.reader.head(end);
    // Heads may differ by a block: that enough of them came is all that is waited for.
    const heads = await this.#gather(asked, ask, () => 'any', graceMs, signal);
    const numbers = [...new Set([...heads.values()].map(({ number }) => number))];
    for (const number of numbers.sort((a, b) => b - a)) {
      const able = [...heads.keys()].filter((each) => (heads.get(each)?.number ?? 0) >= number);
      if (able.length < this.needed) continue;
      const block = await this.#blockOf(able, number, heads, graceMs, signal);
      if (block !== null) return block;
    }
    return null;
  }

  /** The block of this number, when enough of the endpoints say it alike. */
  async #blockOf(
    able: readonly Endpoint[],
    number: number,
    heads: ReadonlyMap<Endpoint, Block>,
    graceMs: number,
    signal: AbortSignal,
  ): Promise<Block | null> {
    const ask = async (endpoint: Endpoint, end: AbortSignal) => {
      const head = heads.get(endpoint);
      return head?.number === number ? head : endpoint.reader.block(number, end);
    };
    const blocks = await this.#gather(able, ask, blockText, graceMs, signal);
    const agreed = this.#majority(blocks, blockText);
    if (agreed === null) return null;
    const isAgreed = (block: Block) => blockText(block) === blockText(agreed);
    this.#members = [...blocks].filter(([, block]) => isAgreed(block)).map(([each]) => each);
    for (const endpoint of this.#members) endpoint.agreesOnHead();
    const others = [...blocks.keys()].filter((each) => !this.#members.includes(each));
    if (others.length > 0) await this.#nameFork(others, agreed, signal);
    for (const [endpoint, head] of heads) {
      const lag = number - head.number;
      if (lag > 0) endpoint.lags(lag);
      if (lag >= -MOST_LEAD) continue;
      endpoint.wrong(`it tells of block ${head.number}, which no other has`);
      this.#members = this.#members.filter((each) => each !== endpoint);
    }
    return agreed;
  }

  /** Says of endpoints with another block whether the whole chain is another. */
  async #nameFork(others: readonly Endpoint[], { number, hash }: Block, signal: AbortSignal) {
    for (const endpoint of others) {
      endpoint.wrong(`its block ${number} is not ${hash}, which the others have`);
    }
    const ask = (endpoint: Endpoint, end: AbortSignal) => endpoint.reader.block(0, end);
    const asked = [...others, ...this.#members];
    const firsts = await this.#gather(asked, ask, blockText, this.#graceMs, signal);
    const first = this.#majority(firsts, blockText);
    for (const endpoint of others) {
      const own = firsts.get(endpoint);
      if (first === null || own === undefined || own.hash === first.hash) continue;
      endpoint.failed(new RpcError('wrong-chain', 'its first block is another: another chain'));
    }
  }

  /** What enough endpoints say alike, or null. */
  #majority<T>(said: ReadonlyMap<Endpoint, T>, keyOf: KeyOf<T>): T | null {
    const votes = new Map<string, number>();
    for (const each of said.values()) {
      const count = (votes.get(keyOf(each)) ?? 0) + 1;
      if (count >= this.needed) return each;
      votes.set(keyOf(each), count);
    }
    return null;
  }

  /**
   * Asks all at once. When enough said the same, the rest have `graceMs` left; whoever says nothing
   * in that time is called off and counts as silent.
   */
  async #gather<T>(
    asked: readonly Endpoint[],
    ask: (endpoint: Endpoint, signal: AbortSignal) => Promise<T>,
    keyOf: KeyOf<T>,
    graceMs: number,
    signal: AbortSignal,
  ): Promise<Map<Endpoint, T>> {
    const said = new Map<Endpoint, T>();
    const waited = new Set(asked);
    const end = new AbortController();
    const enough = new AbortController();
    const callOff = () => end.abort(signal.reason);
    signal.addEventListener('abort', callOff, { once: true });
    if (signal.aborted) callOff();
    let defect: unknown = null;
    const askOne = async (endpoint: Endpoint) => {
      try {
        const each = await ask(endpoint, end.signal);
        if (end.signal.aborted) return;
        said.set(endpoint, each);
        if (this.#majority(said, keyOf) !== null) enough.abort();
      } catch (error) {
        if (end.signal.aborted) return;
        if (error instanceof RpcError) endpoint.failed(error);
        else defect ??= error;
      } finally {
        waited.delete(endpoint);
      }
    };
    try {
      const all = Promise.all(asked.map(askOne));
      await Promise.race([all, this.#graceAfter(enough.signal, graceMs, end.signal)]);
    } finally {
      end.abort();
      signal.removeEventListener('abort', callOff);
    }
    signal.throwIfAborted();
    if (defect !== null) throw defect;
    for (const endpoint of waited) endpoint.silent('it answers later than the others');
    return said;
  }

  /** Resolves so long after `enough`; never, where everyone is waited for. */
  async #graceAfter(enough: AbortSignal, graceMs: number, end: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      end.addEventListener('abort', () => resolve(), { once: true });
      if (graceMs === Number.POSITIVE_INFINITY) return;
      enough.addEventListener('abort', () => resolve(), { once: true });
    });
    if (end.aborted) return;
    try {
      await this.#clock.delay(graceMs, end);
    } catch {
      // Everybody answered meanwhile.
    }
  }

  #disagreement(): RpcError {
    const words = this.#endpoints.map(({ state }) => {
      return `${state.origin} ${state.problem ?? 'stands alone'}`;
    });
    const isOtherChain = this.#endpoints.every(({ state }) => state.state === 'wrong-chain');
    return new RpcError(
      isOtherChain ? 'wrong-chain' : 'disagreement',
      `no ${this.needed} of ${words.length} endpoints say the same: ${words.join('; ')}`,
    );
  }
}

function blockText({ number, hash, parentHash, timestamp }: Block): string {
  return `${number} ${hash} ${parentHash} ${timestamp}`;
}

/** All that was read, as text: two endpoints that say the same give the same. */
function textOf({ end, logs, included }: StretchRead): string {
  const lines = [blockText(end)];
  for (const log of logs) {
    const { blockNumber, blockHash, logIndex, transactionHash, address, topics, data } = log;
    const place = `${blockNumber} ${blockHash} ${logIndex} ${transactionHash}`;
    lines.push(`${place} ${address} ${topics.join()} ${data}`);
  }
  for (const { hash, blockNumber } of included) lines.push(`${blockNumber} ${hash}`);
  return lines.join('\n');
}
