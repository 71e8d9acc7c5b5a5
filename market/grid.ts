/**
 * The grid file: what `transax-operator grid export` writes, a meter pins at enrolment, and every
 * component reads the market's fixed facts from. One JSON object, signed by the DSO's key.
 */
import { keccak256, toUtf8Bytes } from 'ethers';
import type { MarketCalendar } from './intervals.ts';
import type { Address, Hex32 } from './messages.ts';

/** When a block counts as final (design: engines). */
export type Finality =
  | { kind: 'instant' }
  | { kind: 'depth'; blocks: number }
  | { kind: 'tag'; tag: 'finalized' | 'safe' };

export interface GridFacts {
  format: 'transax-grid-1';
  /** Counts up; a pinned grid is replaced only by a newer one signed by the same key. */
  issue: number;
  name: string;
  chainId: number;
  contracts: { microgrid: Address; assets: Address; matching: Address };
  /** Block of the deployment: the log is read from here. */
  deployedAtBlock: number;
  finality: Finality;
  /** JSON-RPC endpoints, `http(s)://...`. */
  rpc: string[];
  dso: { url: string; address: Address };
  calendar: MarketCalendar;
  minTradeWs: number;
  minOfferWs: number;
  offersPerAsset: number;
  /** IANA zone of the tariff, for display and deadlines. */
  tariffZone: string;
}

export interface GridFile {
  facts: GridFacts;
  /** The DSO's signature over `hashGrid(facts)`. */
  signature: string;
}

/** Digest of the facts: keccak256 of their canonical JSON (keys sorted, no spaces). */
export function hashGrid(facts: GridFacts): Hex32 {
  return keccak256(toUtf8Bytes(canonicalJson(facts)));
}

/** JSON with sorted keys and no spaces, so that the same facts are the same bytes. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).filter(([, v]) => v !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonicalJson(v)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}
