/**
 * What an adversary knows of each one-time address, from the chain and the logs of the RPC and the
 * network alone: one record an address, without who is behind it.
 */
import { Transaction } from 'ethers';
import type { MarketEvent } from '../../market/events.ts';
import type { Side } from '../../market/units.ts';
import type { ChainView } from './chain-view.ts';
import type { SeenCall } from './tap.ts';

export interface Sighting {
  /** Lower case. */
  readonly address: string;
  readonly feeder: number;
  readonly side: Side;
  readonly firstInterval: number;
  readonly lastInterval: number;
  readonly energyWs: number;
  readonly maxPowerW: number;
  readonly priceMicroPerKwh: number;
  /** Moments in seconds after the start of the interval before the first one; NaN: not seen. */
  readonly grantedS: number;
  readonly postedS: number;
  /** The same for the end: after the end of the last interval. */
  readonly closedS: number;
  readonly depositedS: number;
  /** Places from 0 to 1 among those granted together, and among the transactions of a block. */
  readonly grantPlace: number;
  readonly postPlace: number;
  /** How many transactions it sent, and the bytes of the request that posted. */
  readonly sends: number;
  readonly postBytes: number;
  /** Connections that carried its transactions. */
  readonly carriers: ReadonlySet<number>;
  /** Connections on which it, or a transaction of it, was asked for by name. */
  readonly askers: ReadonlySet<number>;
}

export interface AdversaryView {
  chain: ChainView;
  calls: readonly SeenCall[];
  intervalSeconds: number;
}

type Posted = Extract<MarketEvent, { kind: 'offer-posted' }>;

interface Sent {
  atMs: number;
  connection: number;
  bytes: number;
}

/** Addresses that posted an offer, in the order of their offers. */
export function sightingsOf(view: AdversaryView): Sighting[] {
  return new Sightings(view).all();
}

class Sightings {
  readonly #view: AdversaryView;
  readonly #sentBy = new Map<string, Sent>();
  readonly #grants = new Map<string, { atS: number; place: number }>();
  readonly #closes = new Map<string, number>();
  readonly #deposits = new Map<string, number>();
  readonly #hashes = new Map<string, string[]>();
  readonly #askers = new Map<string, Set<number>>();
  readonly #blockSizes = new Map<number, number>();

  constructor(view: AdversaryView) {
    this.#view = view;
    const { chain, calls } = view;
    for (const { hash, from, block } of chain.transactions.values()) {
      this.#hashes.set(from, [...(this.#hashes.get(from) ?? []), hash]);
      this.#blockSizes.set(block, (this.#blockSizes.get(block) ?? 0) + 1);
    }
    for (const call of calls) this.#hear(call);
    this.#readGrants();
    for (const event of chain.events) this.#readEnd(event);
  }

  all(): Sighting[] {
    const posted = this.#view.chain.events.filter((event) => event.kind === 'offer-posted');
    return posted.filter(({ owner }) => this.#grants.has(owner)).map((event) => this.#of(event));
  }

  #hear({ method, params, connection, atMs, bytes }: SeenCall): void {
    if (method === 'eth_sendRawTransaction') {
      const { hash } = Transaction.from(String(params[0]));
      // Sent again, it is the first time that tells most.
      if (hash !== null && !this.#sentBy.has(hash)) {
        this.#sentBy.set(hash, { atMs, connection, bytes });
      }
      return;
    }
    for (const name of namesIn(params)) {
      const connections = this.#askers.get(name) ?? new Set();
      this.#askers.set(name, connections.add(connection));
    }
  }

  #readGrants(): void {
    const together = new Map<string, string[]>();
    for (const event of this.#view.chain.events) {
      if (event.kind !== 'asset-added') continue;
      const owners = together.get(event.transactionHash) ?? [];
      together.set(event.transactionHash, [...owners, event.owner]);
      this.#grants.set(event.owner, { atS: this.#timeOf(event.blockNumber), place: 0 });
    }
    for (const owners of together.values()) {
      for (const [place, owner] of owners.entries()) {
        const grant = this.#grants.get(owner);
        if (grant) grant.place = share(place, owners.length);
      }
    }
  }

  #readEnd(event: MarketEvent): void {
    const isDeposit = event.kind === 'energy-deposited' || event.kind === 'financial-deposited';
    if (isDeposit) this.#deposits.set(event.owner, this.#momentOf(event));
    // One that others closed says nothing of its owner.
    if (event.kind !== 'offer-closed') return;
    const sender = this.#view.chain.transactions.get(event.transactionHash)?.from;
    if (sender === event.owner) this.#closes.set(event.owner, this.#momentOf(event));
  }

  /** When its transaction reached the endpoint, or else its block, unix s. */
  #momentOf({ transactionHash, blockNumber }: MarketEvent): number {
    const sent = this.#sentBy.get(transactionHash);
    return sent === undefined ? this.#timeOf(blockNumber) : sent.atMs / 1000;
  }

  #timeOf(block: number): number {
    return this.#view.chain.times.get(block) ?? Number.NaN;
  }

  #of(event: Posted): Sighting {
    const { intervalSeconds, chain } = this.#view;
    const { owner, firstInterval, lastInterval } = event;
    const start = (firstInterval - 1) * intervalSeconds;
    const end = (lastInterval + 1) * intervalSeconds;
    const grant = this.#grants.get(owner);
    const sent = this.#sentBy.get(event.transactionHash);
    const hashes = this.#hashes.get(owner) ?? [];
    const names = [owner, ...hashes];
    const place = chain.transactions.get(event.transactionHash)?.place ?? 0;
    return {
      address: owner,
      feeder: event.feeder,
      side: event.side,
      firstInterval,
      lastInterval,
      energyWs: event.energyWs,
      maxPowerW: event.maxPowerW,
      priceMicroPerKwh: event.priceMicroPerKwh,
      grantedS: (grant?.atS ?? Number.NaN) - start,
      postedS: this.#momentOf(event) - start,
      closedS: (this.#closes.get(owner) ?? Number.NaN) - end,
      depositedS: (this.#deposits.get(owner) ?? Number.NaN) - end,
      grantPlace: grant?.place ?? 0,
      postPlace: share(place, this.#blockSizes.get(event.blockNumber) ?? 1),
      sends: hashes.length,
      postBytes: sent?.bytes ?? 0,
      carriers: new Set(hashes.flatMap((hash) => this.#sentBy.get(hash)?.connection ?? [])),
      askers: new Set(names.flatMap((name) => [...(this.#askers.get(name) ?? [])])),
    };
  }
}

function share(place: number, of: number): number {
  return of < 2 ? 0.5 : place / (of - 1);
}

/** Hashes and addresses in parameters, padded ones too; addresses of contracts do no harm. */
function namesIn(params: readonly unknown[]): Set<string> {
  const names = new Set<string>();
  for (const [, digits = ''] of JSON.stringify(params).matchAll(/"0x([0-9a-fA-F]{40,64})"/g)) {
    const lower = digits.toLowerCase();
    if (lower.length === 64) names.add(`0x${lower}`);
    if (lower.length === 40 || lower.startsWith('0'.repeat(24))) names.add(`0x${lower.slice(-40)}`);
  }
  return names;
}
