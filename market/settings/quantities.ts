/**
 * Quantities as people write them in config files and on command lines, and the integers that the
 * program works with (design: words and units). Parsing is exact decimal arithmetic: nothing is
 * rounded, a value that is not a whole number of the inner unit is refused.
 *
 *     "2 kW" -> 2000 W        "10 kWh" -> 36000000 Ws     "15 min" -> 900000 ms
 *     "0.30 /kWh" -> 300000   "50" -> 50000000n micro     "90 %" -> 0.9
 */
import * as v from 'valibot';
import { MAX_UINT32, MAX_UINT48 } from '../units.ts';

export type QuantityCode = 'form' | 'unit' | 'fraction' | 'range';

/** What is wrong with a written quantity, with an example of the right form. */
export class QuantityError extends Error {
  readonly code: QuantityCode;
  readonly text: string;
  readonly example: string;
  constructor(code: QuantityCode, text: string, what: string, example: string) {
    super(`"${text}" ${what}; write for example "${example}"`);
    this.name = 'QuantityError';
    this.code = code;
    this.text = text;
    this.example = example;
  }
}

interface Kind {
  /** For sentences: `a power`. */
  name: string;
  /** Unit as written, and how many of the inner unit it is. */
  units: Readonly<Record<string, bigint>>;
  /** What the integers count, for sentences: `W`. */
  inner: string;
  largest: bigint;
  example: string;
}

const POWER: Kind = {
  name: 'a power',
  units: { W: 1n, kW: 1_000n, MW: 1_000_000n },
  inner: 'W',
  largest: BigInt(MAX_UINT32),
  example: '2 kW',
};
const ENERGY: Kind = {
  name: 'an energy',
  units: { Ws: 1n, Wh: 3_600n, kWh: 3_600_000n, MWh: 3_600_000_000n },
  inner: 'Ws',
  largest: BigInt(MAX_UINT48),
  example: '10 kWh',
};
const DURATION: Kind = {
  name: 'a duration',
  units: { ms: 1n, s: 1_000n, min: 60_000n, h: 3_600_000n, d: 86_400_000n },
  inner: 'ms',
  largest: 10n * 366n * 86_400_000n,
  example: '15 min',
};
const PRICE: Kind = {
  name: 'a price',
  units: { '/kWh': 1_000_000n, '/MWh': 1_000n },
  inner: 'millionths of the currency per kWh',
  largest: BigInt(MAX_UINT32),
  example: '0.30 /kWh',
};
const AMOUNT: Kind = {
  name: 'an amount of money',
  units: { '': 1_000_000n },
  inner: 'millionths of the currency',
  largest: 2n ** 63n,
  example: '50',
};
/** Shares are counted in millionths. */
const SHARE: Kind = {
  name: 'a share',
  units: { '%': 10_000n },
  inner: 'millionths',
  largest: 1_000_000n,
  example: '90 %',
};

/** Longer texts are no quantities; bounds the work on hostile input. */
const MAX_LENGTH = 40;
const FORM = /^(-?)(\d+)(?:\.(\d+))?\s*(\D*)$/;

/** @returns whole W, 0 to 2^32-1. @throws QuantityError */
export function parsePowerW(text: string): number {
  return Number(parse(text, POWER));
}

/** @returns whole watt-seconds, 0 to 2^48-1. @throws QuantityError */
export function parseEnergyWs(text: string): number {
  return Number(parse(text, ENERGY));
}

/** @returns whole milliseconds. @throws QuantityError */
export function parseDurationMs(text: string): number {
  return Number(parse(text, DURATION));
}

/** @returns whole seconds. @throws QuantityError */
export function parseDurationSeconds(text: string): number {
  const ms = parseDurationMs(text);
  if (ms % 1000 === 0) return ms / 1000;
  throw new QuantityError('fraction', text, 'is not a whole number of seconds', '15 min');
}

/** @returns millionths of the currency per kWh. @throws QuantityError */
export function parsePriceMicroPerKwh(text: string): number {
  return Number(parse(text, PRICE));
}

/** @returns millionths of the currency. @throws QuantityError */
export function parseAmountMicro(text: string): bigint {
  return parse(text, AMOUNT);
}

/** @returns 0 to 1. @throws QuantityError */
export function parseShare(text: string): number {
  return Number(parse(text, SHARE)) / 1_000_000;
}

function parse(text: string, kind: Kind): bigint {
  const match = text.length <= MAX_LENGTH ? FORM.exec(text.trim()) : null;
  if (!match) throw new QuantityError('form', text, `is not ${kind.name}`, kind.example);
  const [, minus = '', whole = '', decimals = '', unit = ''] = match;
  const factor = Object.hasOwn(kind.units, unit) ? kind.units[unit] : undefined;
  if (factor === undefined) {
    throw new QuantityError('unit', text, wrongUnit(unit, kind), kind.example);
  }
  if (minus !== '') {
    throw new QuantityError('range', text, 'must not be negative', kind.example);
  }
  const scaled = BigInt(whole + decimals) * factor;
  const scale = 10n ** BigInt(decimals.length);
  if (scaled % scale !== 0n) {
    const what = `is not a whole number of ${kind.inner}`;
    throw new QuantityError('fraction', text, what, kind.example);
  }
  const value = scaled / scale;
  if (value > kind.largest) {
    throw new QuantityError('range', text, `is too large for ${kind.name}`, kind.example);
  }
  return value;
}

function wrongUnit(unit: string, kind: Kind): string {
  const known = Object.keys(kind.units).filter((name) => name !== '');
  const meant = known.find((name) => name.toLowerCase() === unit.trim().toLowerCase());
  if (known.length === 0) return `has the unit "${unit.trim()}", ${kind.name} takes none`;
  if (unit === '') return `has no unit (${known.join(', ')})`;
  if (meant !== undefined) return `has the unit "${unit}", which is written ${meant}`;
  return `has the unit "${unit}", which is none of ${kind.name} (${known.join(', ')})`;
}

/** A valibot pipe from a written quantity to its value; a bad one is an issue at its key. */
function quantity<T>(read: (text: string) => T, example: string) {
  return v.pipe(
    v.string(`must be text with its unit in quotes, for example "${example}"`),
    v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
      try {
        return read(dataset.value);
      } catch (error) {
        if (!(error instanceof QuantityError)) throw error;
        addIssue({ message: error.message });
        return NEVER;
      }
    }),
  );
}

/** `"2 kW"` -> W. */
export const powerW = () => quantity(parsePowerW, POWER.example);
/** `"10 kWh"` -> Ws. */
export const energyWs = () => quantity(parseEnergyWs, ENERGY.example);
/** `"15 min"` -> ms. */
export const durationMs = () => quantity(parseDurationMs, DURATION.example);
/** `"15 min"` -> s; whole seconds only. */
export const durationSeconds = () => quantity(parseDurationSeconds, DURATION.example);
/** `"0.30 /kWh"` -> millionths of the currency per kWh. */
export const priceMicroPerKwh = () => quantity(parsePriceMicroPerKwh, PRICE.example);
/** `"50"` -> millionths of the currency, a bigint. */
export const amountMicro = () => quantity(parseAmountMicro, AMOUNT.example);
/** `"90 %"` -> 0.9. */
export const share = () => quantity(parseShare, SHARE.example);

/** A whole number without a unit, written as one. */
export const count = (min: number, max: number) =>
  v.pipe(
    v.number(`must be a number from ${min} to ${max}`),
    v.integer('must be a whole number'),
    v.minValue(min, `must be from ${min} to ${max}`),
    v.maxValue(max, `must be from ${min} to ${max}`),
  );
