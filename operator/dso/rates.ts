/**
 * How often a meter may ask, and how much work strangers get. Nobody's budget is touched by what he
 * did not sign: a meter's is counted once its signature was found good, in market time, because
 * what it needs goes by the interval; what nobody enrolled signed is counted by connection, and all
 * of it together, in real time.
 */
import type { Clock } from '../../host/ports.ts';

/** Far more than a home needs that posts for every interval of the longest horizon. */
export const REQUESTS_PER_INTERVAL = 120;

/** Tokens that come back with time. */
interface Bucket {
  tokens: number;
  atMs: number;
}

export class TooManyError extends Error {
  readonly code = 'too-many';
  /** After so long one request is let through again. */
  readonly waitSeconds: number;
  constructor(waitSeconds: number) {
    super(`too many requests: ask again in ${waitSeconds} s`);
    this.name = 'TooManyError';
    this.waitSeconds = waitSeconds;
  }
}

export interface MeterRatesOptions {
  /** Requests of a kind that come back within an interval; twice that may come at once. */
  perInterval: number;
  intervalSeconds: number;
  clock: Pick<Clock, 'now'>;
  /** What a meter asked of this kind in the interval before now, as far as the books tell. */
  usedBefore: (meterId: string, path: string) => number;
}

/** By meter and path. After a restart it goes on from what the books tell. */
export class MeterRates {
  readonly #o: MeterRatesOptions;
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: MeterRatesOptions) {
    this.#o = options;
  }

  /** @param cost of a request that is as much work as several. @throws TooManyError */
  take(meterId: string, path: string, cost = 1): void {
    const { perInterval, intervalSeconds, clock, usedBefore } = this.#o;
    const nowMs = clock.now();
    const key = `${meterId} ${path}`;
    const most = 2 * perInterval;
    const bucket = this.#buckets.get(key) ?? {
      tokens: Math.max(1, most - usedBefore(meterId, path)),
      atMs: nowMs,
    };
    this.#buckets.set(key, bucket);
    fill(bucket, nowMs, most, perInterval / (intervalSeconds * 1000));
    // Whoever has saved up enough for one may ask for something large.
    if (bucket.tokens < Math.min(cost, most)) {
      const missing = Math.min(cost, most) - bucket.tokens;
      throw new TooManyError(Math.max(1, Math.ceil((missing * intervalSeconds) / perInterval)));
    }
    bucket.tokens -= Math.min(cost, most);
  }
}

/** Failed looks of one connection: at once, and each second. */
const CONNECTION = { most: 8, perMs: 1 / 1000 };
/** Of all connections that never showed a good signature. */
const EVERYBODY = { most: 60, perMs: 20 / 1000 };
const WAIT_SECONDS = 5;

/**
 * Bounds what is parsed and looked up for those who are nobody: each failure costs a token of the
 * connection, and one of all. When those of all are used up, connections on which a meter was heard
 * go on as before.
 */
export class StrangerGate {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #connections = new WeakMap<object, Bucket & { isKnown: boolean }>();
  readonly #everybody: Bucket;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
    this.#everybody = { tokens: EVERYBODY.most, atMs: clock.monotonicMs() };
  }

  /** Before anything is parsed. @throws TooManyError */
  enter(connection: object): void {
    const nowMs = this.#clock.monotonicMs();
    const one = this.#of(connection);
    fill(one, nowMs, CONNECTION.most, CONNECTION.perMs);
    fill(this.#everybody, nowMs, EVERYBODY.most, EVERYBODY.perMs);
    if (one.tokens < 1) throw new TooManyError(WAIT_SECONDS);
    if (this.#everybody.tokens < 1 && !one.isKnown) throw new TooManyError(WAIT_SECONDS);
  }

  /** It was not of the agreed form, or nobody enrolled signed it. */
  failed(connection: object): void {
    this.#of(connection).tokens -= 1;
    this.#everybody.tokens = Math.max(0, this.#everybody.tokens - 1);
  }

  /** A meter signed it. */
  good(connection: object): void {
    this.#of(connection).isKnown = true;
  }

  #of(connection: object): Bucket & { isKnown: boolean } {
    const atMs = this.#clock.monotonicMs();
    const one = this.#connections.get(connection) ?? {
      ...{ tokens: CONNECTION.most, atMs, isKnown: false },
    };
    this.#connections.set(connection, one);
    return one;
  }
}

/** Time that went back fills nothing. */
function fill(bucket: Bucket, nowMs: number, most: number, perMs: number): void {
  const passedMs = Math.max(0, nowMs - bucket.atMs);
  bucket.tokens = Math.min(most, bucket.tokens + passedMs * perMs);
  bucket.atMs = nowMs;
}
