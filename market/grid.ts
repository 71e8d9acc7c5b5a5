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
  /**
   * Counts the DSO's keys: 1 is that of the deployment, each later one was endorsed by the owner.
   * Files of older releases have neither term nor owner.
   */
  term?: number | undefined;
  /** Who may name another DSO key, or another owner: the cold key of the contracts. */
  owner?: Address | undefined;
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
  /** How the DSO's key came to be the one it is, from the first change on; every later file of
   * the grid carries all of them along. */
  endorsements?: Endorsement[] | undefined;
}

/**
 * The owner's word that from a term on the DSO has another key: what lets meters follow when the
 * key they pinned was lost or stolen. The thief of a DSO's key cannot make one.
 */
export interface Endorsement {
  term: number;
  dso: Address;
  owner: Address;
  /** By the owner of the term before, over `hashEndorsement`. */
  signature: string;
}

/** Digest of an endorsement: for one market only. */
export function hashEndorsement(
  { chainId, contracts }: Pick<GridFacts, 'chainId' | 'contracts'>,
  { term, dso, owner }: Omit<Endorsement, 'signature'>,
): Hex32 {
  const said = { format: 'transax-endorsement-1', chainId, contracts, term, dso, owner };
  return keccak256(toUtf8Bytes(canonicalJson(said)));
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
