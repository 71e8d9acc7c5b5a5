/**
 * The grid file as text: written by `transax-operator grid export`, read by everyone. Parsed
 * strictly, all faults together; who signed it is checked against the key that it names.
 */
import * as v from 'valibot';
import { type GridFacts, type GridFile, hashGrid } from './grid.ts';
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
const file = v.strictObject({
  facts,
  signature: v.pipe(v.string(), v.regex(/^0x[0-9a-fA-F]{130}$/, 'not a signature of 65 bytes')),
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

/** Whether a file may take the place of the pinned one: a later issue under the pinned key. */
export function isNewerIssue(pinned: GridFile, offered: GridFile): boolean {
  return (
    offered.facts.issue > pinned.facts.issue &&
    isSignedBy(hashGrid(offered.facts), offered.signature, pinned.facts.dso.address)
  );
}

/** What every message of this grid is signed under. */
export function domainOf(grid: GridFacts): SigningDomain {
  return { chainId: grid.chainId, assetsContract: grid.contracts.assets };
}
