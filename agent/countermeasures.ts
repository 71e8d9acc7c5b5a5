/**
 * What keeps a home's one-time addresses apart in the eyes of others (docs/privacy.md). A lab can
 * leave each out, to measure what it does; a home never should.
 */
import type { Random, Transport } from '../host/ports.ts';

export const COUNTERMEASURES = [
  'random-times',
  'common-sizes',
  'read-everything',
  'separate-connections',
] as const;
export type Countermeasure = (typeof COUNTERMEASURES)[number];

/** What a home shows without it, for people: said at each start. */
export const WITHOUT: Readonly<Record<Countermeasure, string>> = {
  'random-times': 'its offers come at moments that give it away',
  'common-sizes': 'sizes and prices of its offers give it away',
  'read-everything': 'it asks the chain for its own addresses by name',
  'separate-connections': 'all its addresses share one connection',
};

/** Without `separate-connections`: everything of this home goes by one. */
export function oneConnection(transport: Transport): Transport {
  return {
    kind: transport.kind,
    post: (url, body, options) => transport.post(url, body, { ...options, identity: 'home' }),
    forget() {},
    problem: () => transport.problem(),
    close: () => transport.close(),
  };
}

/** Without `common-sizes`: a margin of this home's own, as a share of the span of prices. */
export function ownMargin(random: Random): number {
  return 0.02 + 0.08 * random.uniform();
}

/** What an endpoint is asked about an address by name. */
export interface NamingRpc {
  nonce(address: string, at: 'latest', signal: AbortSignal): Promise<number>;
}

/**
 * Without `read-everything`: asks for each own address by name, once, as wallets usually do. An
 * endpoint that does not answer has heard the name all the same.
 */
export function askingByName(rpc: NamingRpc) {
  const asked = new Set<string>();
  return async (addresses: readonly string[], signal: AbortSignal): Promise<void> => {
    for (const address of addresses.filter((each) => !asked.has(each))) {
      asked.add(address);
      await rpc.nonce(address, 'latest', signal).catch(() => 0);
    }
  };
}
