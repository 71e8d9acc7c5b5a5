/**
 * Files and messages in JSON that come from outside, read strictly: all faults are told together.
 * The forms that several of them use.
 */
import { getAddress } from 'ethers';
import * as v from 'valibot';

/** Where something is wrong, and what. */
export interface JsonFault {
  path: string;
  fault: string;
}

const MAX_URL_LENGTH = 300;
/** Told at most: a text may have one for every character. */
const MOST_FAULTS = 50;

/** An address with its checksum, or in one case only; comes out with its checksum. */
export const ADDRESS_FORM = v.pipe(
  v.string(),
  v.check(isAddress, 'not an address, or its checksum does not fit'),
  v.transform((text) => getAddress(text)),
);

/** Whether it is the URL of an HTTP server, and not absurdly long. */
export function isHttpUrl(text: string): boolean {
  try {
    return ['http:', 'https:'].includes(new URL(text).protocol) && text.length <= MAX_URL_LENGTH;
  } catch {
    return false;
  }
}

/**
 * @param what of the text, for sentences: `the grid file`
 * @param malformed makes the error that is thrown where the text is not of the form
 */
export function readJson<S extends v.GenericSchema>(
  schema: S,
  text: string,
  what: string,
  malformed: (message: string, faults: readonly JsonFault[]) => Error,
): v.InferOutput<S> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw malformed(`${what} is not JSON`, []);
  }
  const result = v.safeParse(schema, json);
  if (result.success) return result.output;
  const faults = result.issues.slice(0, MOST_FAULTS).map((issue) => ({
    path: v.getDotPath(issue) ?? '',
    fault: issue.message,
  }));
  const told = faults.map(({ path, fault }) => (path ? `${path}: ${fault}` : fault)).join('; ');
  const more = result.issues.length - faults.length;
  const list = more > 0 ? `${told}; and ${more} more` : told;
  throw malformed(`${what} is not of the agreed form: ${list}`, faults);
}

function isAddress(text: string): boolean {
  // getAddress alone would take other forms of an address as well.
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) return false;
  try {
    getAddress(text);
    return true;
  } catch {
    return false;
  }
}
