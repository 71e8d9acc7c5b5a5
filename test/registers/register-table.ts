/**
 * The second tables: what a device's registers hold and what that means, written by hand from the
 * sources, never from the profiles. One file per model:
 *
 *     case,function,address,words,point,expected,unit,rollover,source
 *
 * The case `day` is complete; every other one is `day` with its own rows in place of those at the
 * same address. Words are hexadecimal; `DEAD*34` is filled with so many words that no profile may
 * take for a value, `-` is no register at all. `expected` is in W, Wh, V, A, Hz, %, var, VA or
 * text, and empty where the device says that it does not know; `rollover` is the reading after
 * which a counter begins anew.
 */
import { readFileSync } from 'node:fs';

export interface ExpectedValue {
  point: string;
  /** Null: the device does not know it. */
  value: number | string | null;
  unit: string;
  rollover: number | null;
}

export interface RegisterImage {
  /** Words by function and address, `3 40000`. */
  words: Map<string, number>;
}

export interface RegisterCase extends RegisterImage {
  name: string;
  expected: readonly ExpectedValue[];
}

interface Row {
  name: string;
  code: number;
  address: number;
  words: readonly number[];
  expected: ExpectedValue | null;
}

const HEADER = 'case,function,address,words,point,expected,unit,rollover,source';
const BASE = 'day';

/** @param file path of a table */
export function readRegisterTable(file: string): RegisterCase[] {
  const [header, ...lines] = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (header !== HEADER) throw new Error(`${file}: the header must be ${HEADER}`);
  const rows = lines.map((line) => rowOf(file, line));
  const names = [...new Set(rows.map(({ name }) => name))];
  const base = rows.filter(({ name }) => name === BASE);
  return names.map((name) => {
    const own = name === BASE ? [] : rows.filter((row) => row.name === name);
    const replaced = new Set(own.map(placeOf));
    return caseOf(file, name, [...base.filter((row) => !replaced.has(placeOf(row))), ...own]);
  });
}

function rowOf(file: string, line: string): Row {
  const [name, code, address, words, point, expected, unit, rollover] = line.split(',');
  if (!name || !code || !address || words === undefined) throw new Error(`${file}: ${line}`);
  const isText = unit === 'text';
  return {
    name,
    code: Number(code),
    address: Number(address),
    words: wordsOf(words),
    expected: point
      ? {
          point,
          value: !expected ? null : isText ? expected : Number(expected),
          unit: unit ?? '',
          rollover: rollover ? Number(rollover) : null,
        }
      : null,
  };
}

function wordsOf(text: string): number[] {
  if (text === '-') return [];
  return text.split(' ').flatMap((part) => {
    const [word, count] = part.split('*');
    return Array.from({ length: Number(count ?? 1) }, () => Number.parseInt(word ?? '', 16));
  });
}

function caseOf(file: string, name: string, rows: readonly Row[]): RegisterCase {
  const words = new Map<string, number>();
  for (const row of rows) {
    for (const [i, word] of row.words.entries()) {
      const place = `${row.code} ${row.address + i}`;
      if (words.has(place) || !(word >= 0 && word <= 0xffff)) {
        throw new Error(`${file}: ${name} says ${place} twice, or badly`);
      }
      words.set(place, word);
    }
  }
  return { name, words, expected: rows.flatMap(({ expected }) => expected ?? []) };
}

function placeOf({ code, address }: Row): string {
  return `${code} ${address}`;
}
