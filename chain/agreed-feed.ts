/**
 * The market's log from the endpoints of a grid file: several of different origins have to agree,
 * one is believed as it is. Each endpoint is read over a connection and an identity of its own.
 */
import type { Clock, Transport } from '../host/ports.ts';
import { AgreedLog } from './agreed-log.ts';
import { Endpoint } from './endpoint.ts';
import { type Agreement, type FollowerOptions, LogFollower, MarketFollower } from './follower.ts';
import { LogReader } from './log-reader.ts';
import { JsonRpc } from './rpc.ts';

export interface AgreedFeedOptions extends Omit<FollowerOptions, 'rpc'> {
  urls: readonly string[];
  transport: Transport;
  /** Each endpoint is read as this and its number. */
  identity: string;
  clock: Clock;
  /** Of one exchange, real ms. */
  deadlineMs?: number;
  graceMs?: number;
}

/** Follows what a majority of the endpoints, and at least two, say alike. */
export class AgreedFeed extends MarketFollower {
  readonly #log: AgreedLog;

  /** @param options.urls of two origins at least; a second URL of an origin is not asked */
  constructor(options: AgreedFeedOptions) {
    const { transport, identity, clock, deadlineMs } = options;
    const endpoints = oneOfEachOrigin(options.urls).map((url, at) => {
      const limits = deadlineMs === undefined ? {} : { deadlineMs };
      const ports = { transport, identity: `${identity} ${at + 1}`, clock };
      const rpc = new JsonRpc({ urls: [url], ...ports, ...limits });
      return new Endpoint(new URL(url).origin, new LogReader({ ...options, rpc }), clock);
    });
    const log = new AgreedLog(endpoints, clock, options.graceMs);
    super(log, options);
    this.#log = log;
  }

  agreement(): Agreement {
    return this.#log.agreement();
  }
}

/** Compares endpoints where there are several, else follows the one. */
export function openMarketFeed(options: AgreedFeedOptions): MarketFollower {
  const { urls, transport, identity, clock } = options;
  if (oneOfEachOrigin(urls).length > 1) return new AgreedFeed(options);
  return new LogFollower({ ...options, rpc: new JsonRpc({ urls, transport, identity, clock }) });
}

/** Two URLs of one origin are one machine's word: they count once. */
export function oneOfEachOrigin(urls: readonly string[]): string[] {
  const byOrigin = new Map<string, string>();
  for (const url of urls) {
    const { origin } = new URL(url);
    if (!byOrigin.has(origin)) byOrigin.set(origin, url);
  }
  return [...byOrigin.values()];
}
