/** What may be asked at the agent's socket, parsed strictly: every fault is told. */
import * as v from 'valibot';
import { table } from '../../market/settings/toml.ts';
import { VIEW_MOST } from './views.ts';

export interface AskFault {
  key: string;
  message: string;
}

/** 400 with all faults. */
export class AskError extends Error {
  readonly faults: readonly AskFault[];
  constructor(faults: readonly AskFault[]) {
    super(
      faults.map(({ key, message }) => `${key === '' ? 'the request' : key} ${message}`).join('; '),
    );
    this.name = 'AskError';
    this.faults = faults;
  }
}

const MAX_BODY = 16_384;

const whole = (least: number, most: number) => {
  const range = `must be a whole number from ${least} to ${most}`;
  return v.pipe(
    v.number(range),
    v.integer(range),
    v.minValue(least, range),
    v.maxValue(most, range),
  );
};
const TEXT = v.pipe(v.string('must be text'), v.nonEmpty('must not be empty'), v.maxLength(200));

export const BUS_READ = table({
  bus: TEXT,
  unit: whole(0, 247),
  function: v.picklist([1, 3, 4], 'must be 1, 3 or 4: nothing is written here'),
  address: whole(0, 0xffff),
  count: whole(1, 125),
});

export const BUS_LEND = table({ bus: TEXT, seconds: whole(1, 30) });

/** `override` holds a state until a moment, market time in ms; the others hold until told. */
export const LOAD_ORDER = table({
  load: TEXT,
  order: v.picklist(
    ['on', 'off', 'auto', 'override', 'test'],
    'must be on, off, auto, override or test',
  ),
  state: v.optional(v.picklist(['on', 'off'], 'must be on or off')),
  until_ms: v.optional(whole(0, Number.MAX_SAFE_INTEGER)),
  seconds: v.optional(whole(1, 300), 10),
  force: v.optional(v.boolean('must be true or false'), false),
});

/** @throws AskError */
export function readBody<S extends v.GenericSchema>(body: string, schema: S): v.InferOutput<S> {
  if (body.length > MAX_BODY) throw new AskError([{ key: '', message: 'is too long' }]);
  let raw: unknown;
  try {
    raw = JSON.parse(body);
  } catch {
    throw new AskError([{ key: '', message: 'is not JSON' }]);
  }
  const result = v.safeParse(schema, raw);
  if (result.success) return result.output;
  throw new AskError(
    result.issues.map((issue) => ({
      key: (issue.path ?? []).map((item) => String(item.key)).join('.'),
      message: issue.message,
    })),
  );
}

/** `first` and `last` of a query. @throws AskError */
export function readRange(query: URLSearchParams): { first: number; last: number } {
  const faults: AskFault[] = [];
  for (const key of query.keys()) {
    if (key !== 'first' && key !== 'last') faults.push({ key, message: 'is not known here' });
  }
  const read = (key: string): number => {
    const text = query.get(key) ?? '';
    if (/^\d{1,12}$/.test(text)) return Number(text);
    faults.push({ key, message: 'must be the number of an interval' });
    return 0;
  };
  const first = read('first');
  const last = read('last');
  if (faults.length === 0 && last - first >= VIEW_MOST) {
    faults.push({ key: 'last', message: `may be ${VIEW_MOST - 1} above first at most` });
  }
  if (faults.length > 0) throw new AskError(faults);
  return { first, last };
}

/** @throws AskError */
export function readNumber(query: URLSearchParams, key: string): number {
  const text = query.get(key) ?? '';
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new AskError([{ key, message: 'must be a whole number' }]);
}
