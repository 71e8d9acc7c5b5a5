/**
 * Settings from a TOML file, checked against a valibot schema. All faults are reported together,
 * each with its key and line; an unknown key is named with the nearest known one (design 12: input
 * from outside is parsed once, at the border).
 */
import { parse, TomlError, type TomlTable } from 'smol-toml';
import * as v from 'valibot';
import { type KeyPath, keyLines, lineOf } from './toml-lines.ts';

export interface SettingsFault {
  /** `loads.boiler.power`, or empty for the file as a whole. */
  key: string;
  /** From 1; null when the text has no such place. */
  line: number | null;
  /** What is wrong and what to write instead. */
  message: string;
}

/** A settings file that cannot be used; the message lists every fault, one a line. */
export class SettingsError extends Error {
  readonly fileName: string;
  readonly faults: readonly SettingsFault[];
  constructor(fileName: string, faults: readonly SettingsFault[]) {
    const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`;
    super([`${fileName}: ${count}`, ...faults.map((fault) => `  ${sentence(fault)}`)].join('\n'));
    this.name = 'SettingsError';
    this.fileName = fileName;
    this.faults = faults;
  }
}

/** More unknown keys than this are not listed one by one. */
const MAX_UNKNOWN = 100;

/**
 * Reads a whole settings file. Tables of the schema are made with `table`.
 * @param fileName for the messages only
 * @throws SettingsError with all faults
 */
export function readSettings<S extends v.GenericSchema>(
  text: string,
  schema: S,
  fileName: string,
): v.InferOutput<S> {
  const raw = parseToml(text, fileName);
  const faults: SettingsFault[] = [];
  const lines = keyLines(text);
  for (let round = 0; round <= MAX_UNKNOWN; round += 1) {
    const result = v.safeParse(schema, raw);
    if (result.success && faults.length === 0) return result.output;
    const issues = result.issues ?? [];
    const unknown = issues.filter(isUnknownKey);
    const reported = unknown.length > 0 ? unknown : issues;
    for (const issue of reported) faults.push(faultOf(issue, lines));
    if (unknown.length === 0) break;
    // valibot stops at the first unknown key of a table: take it out and look again.
    for (const issue of unknown) removeKey(raw, pathOf(issue));
  }
  faults.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  throw new SettingsError(fileName, faults);
}

/** A strict table: a missing key is named, an unknown one with its nearest neighbour. */
export function table<E extends v.ObjectEntries>(entries: E) {
  return v.strictObject(entries, (issue) => {
    if (issue.expected === 'never') return unknownKey(issue.path, Object.keys(entries));
    if (issue.expected === 'Object') return 'must be a table';
    return 'is missing';
  });
}

/** Distance in single-character edits, for "did you mean". */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function parseToml(text: string, fileName: string): TomlTable {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const message = `is not TOML: ${error.message.split('\n')[0] ?? ''}`;
    throw new SettingsError(fileName, [{ key: '', line: error.line, message }]);
  }
}

type Path = readonly { key?: unknown }[] | undefined | null;

function unknownKey(path: Path, known: string[]): string {
  const key = String(path?.at(-1)?.key ?? '');
  const nearest = [...known].sort((a, b) => editDistance(key, a) - editDistance(key, b))[0];
  const isNear = nearest !== undefined && editDistance(key, nearest) <= Math.max(2, key.length / 2);
  return isNear
    ? `is not a known key; did you mean ${nearest}?`
    : `is not a known key (known: ${known.join(', ')})`;
}

function isUnknownKey(issue: v.BaseIssue<unknown>): boolean {
  return issue.type === 'strict_object' && issue.expected === 'never';
}

function pathOf(issue: v.BaseIssue<unknown>): (string | number)[] {
  return (issue.path ?? []).map((item) =>
    typeof item.key === 'number' ? item.key : String(item.key),
  );
}

function faultOf(issue: v.BaseIssue<unknown>, lines: ReturnType<typeof keyLines>): SettingsFault {
  const path: KeyPath = pathOf(issue);
  return { key: path.join('.'), line: lineOf(lines, path), message: issue.message };
}

function removeKey(value: unknown, path: readonly (string | number)[]): void {
  let at = value;
  for (const part of path.slice(0, -1)) {
    if (typeof at !== 'object' || at === null) return;
    at = (at as Record<string | number, unknown>)[part];
  }
  const last = path.at(-1);
  if (typeof at === 'object' && at !== null && last !== undefined) {
    delete (at as Record<string | number, unknown>)[last];
  }
}

function sentence(fault: SettingsFault): string {
  const place = fault.line === null ? '' : `line ${fault.line}: `;
  return `${place}${fault.key === '' ? 'the file' : fault.key} ${fault.message}`;
}
