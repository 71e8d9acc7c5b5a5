/**
 * The grid file as text: written by `transax-operator grid export`, read by everyone. Parsed
 * strictly, all faults together; who signed it is checked against the key that it names.
 */
import * as v from 'valibot';
import { canonicalJson, type GridFacts, type GridFile, hashEndorsement, hashGrid } from './grid.ts';
import { ADDRESS_FORM, isHttpUrl, type JsonFault, readJson } from './json-forms.ts';
import { isSignedBy, type SigningDomain } from './messages.ts';
import { MAX_UINT32, MAX_UINT48 } from './units.ts';

export class GridFileError extends Error {
  /** `malformed`: not of the agreed form. `bad-signature`: not signed by the DSO it names. */
  readonly code: 'malformed' | 'bad-signature';
  /** All that is wrong: where, and what. */
  readonly faults: readonly JsonFault[];
  constructor(code: GridFileError['code'], message: string, faults: GridFileError['faults'] = []) {
    super(message);
    this.name = 'GridFileError';
    this.code = code;
    this.faults = faults;
  }
}

const whole = (min: number, max: number) =>
  v.pipe(v.number(), v.safeInteger(), v.minValue(min), v.maxValue(max));
const uint32 = whole(0, MAX_UINT32);
const positive = whole(1, MAX_UINT32);
const address = ADDRESS_FORM;
const url = v.pipe(
  v.string(),
  v.check(isHttpUrl, 'not an address that begins with http:// or https://'),
);

const finality = v.variant('kind', [
  v.strictObject({ kind: v.literal('instant') }),
  v.strictObject({ kind: v.literal('depth'), blocks: whole(0, 10_000) }),
  v.strictObject({ kind: v.literal('tag'), tag: v.picklist(['finalized', 'safe']) }),
]);
const facts = v.strictObject({
  format: v.literal('transax-grid-1'),
  issue: positive,
  term: v.optional(positive),
  owner: v.optional(address),
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(100)),
  chainId: whole(1, Number.MAX_SAFE_INTEGER),
  contracts: v.strictObject({ microgrid: address, assets: address, matching: address }),
  deployedAtBlock: whole(0, Number.MAX_SAFE_INTEGER),
  finality,
  rpc: v.pipe(v.array(url), v.minLength(1), v.maxLength(16)),
  dso: v.strictObject({ url, address }),
  calendar: v.strictObject({
    intervalSeconds: whole(4, 86_400),
    clearIntervals: positive,
    leadSeconds: uint32,
    quietSeconds: uint32,
    horizonIntervals: whole(2, 96),
  }),
  minTradeWs: whole(0, MAX_UINT48),
  minOfferWs: whole(0, MAX_UINT48),
  offersPerAsset: positive,
  tariffZone: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
});
const signature = v.pipe(
  v.string(),
  v.regex(/^0x[0-9a-fA-F]{130}$/, 'not a signature of 65 bytes'),
);
const endorsement = v.strictObject({ term: positive, dso: address, owner: address, signature });
const file = v.strictObject({
  facts,
  signature,
  endorsements: v.optional(v.pipe(v.array(endorsement), v.maxLength(64))),
});

/**
 * Reads a grid file and checks that the DSO which it names signed it. Whether that is the right DSO
 * is for the reader to know: a pinned file is replaced by `isNewerIssue` only.
 * @throws GridFileError
 */
export function parseGridFile(text: string): GridFile {
  const grid = readJson(
    file,
    text,
    'the grid file',
    (message, faults) => new GridFileError('malformed', message, faults),
  );
  if (!isSignedBy(hashGrid(grid.facts), grid.signature, grid.facts.dso.address)) {
    throw new GridFileError(
      'bad-signature',
      'the grid file is not signed by the DSO that it names',
    );
  }
  return grid;
}

/** The text of a grid file. */
export function gridFileJson(grid: GridFile): string {
  return `${JSON.stringify(grid, null, 2)}\n`;
}

/**
 * Whether a file may take the place of the pinned one: of the same market, and either a later issue
 * under the pinned key, or of a later term whose key the owner that was pinned endorsed. A later
 * term counts whatever its issue, so that a stolen key cannot run ahead of it.
 */
export function isNewerIssue(pinned: GridFile, offered: GridFile): boolean {
  const [before, after] = [pinned.facts, offered.facts];
  const place = ({ chainId, contracts }: GridFacts) => canonicalJson({ chainId, contracts });
  if (place(before) !== place(after)) return false;
  const held = followEndorsements(before, offered.endorsements ?? []);
  if (held === null || after.dso.address !== held.dso || termOf(after) !== held.term) return false;
  // A file of an older release names no owner: the key that it pinned may name the first one.
  if (held.owner !== undefined && after.owner !== held.owner) return false;
  const isLater = held.term > termOf(before) || after.issue > before.issue;
  return isLater && isSignedBy(hashGrid(after), offered.signature, held.dso);
}

/** Who holds the grid once the endorsements later than the pinned term are followed; null: one of
 * them is not by the owner before it. */
function followEndorsements(facts: GridFacts, endorsements: NonNullable<GridFile['endorsements']>) {
  let held = { term: termOf(facts), dso: facts.dso.address, owner: facts.owner };
  for (const { signature, ...next } of endorsements) {
    if (next.term <= held.term) continue;
    const { owner } = held;
    if (owner === undefined) return null;
    if (!isSignedBy(hashEndorsement(facts, next), signature, owner)) return null;
    held = next;
  }
  return held;
}

/** Files of older releases are of the first term. */
export function termOf({ term }: Pick<GridFacts, 'term'>): number {
  return term ?? 1;
}

/** What every message of this grid is signed under. */
export function domainOf(grid: GridFacts): SigningDomain {
  return { chainId: grid.chainId, assetsContract: grid.contracts.assets };
}
