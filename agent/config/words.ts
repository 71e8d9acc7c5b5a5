/** Pieces of the settings' schema that several tables use. */
import * as v from 'valibot';
import { durationMs, powerW } from '../../market/settings/quantities.ts';

/** What buses, meters and loads are called. */
export const NAME = v.pipe(
  v.string('must be text'),
  v.regex(/^[a-z0-9][a-z0-9-]*$/, 'must be lower case letters, digits and hyphens'),
);

/** Address of a device on its bus. */
export const MODBUS_UNIT = whole(0, 247);

export const FLAG = v.boolean('must be true or false');

export function whole(least: number, most: number) {
  return v.pipe(
    v.number(`must be a number from ${least} to ${most}`),
    v.integer('must be a whole number'),
    v.minValue(least, `must be from ${least} to ${most}`),
    v.maxValue(most, `must be from ${least} to ${most}`),
  );
}

export const positivePower = () => v.pipe(powerW(), v.minValue(1, 'must be above 0'));

/** @param text the duration as the message says it */
export const atLeast = (ms: number, text: string) =>
  v.pipe(durationMs(), v.minValue(ms, `must be at least ${text}`));

/** @param lowest, highest as the message says them */
export function between([leastMs, lowest]: [number, string], [mostMs, highest]: [number, string]) {
  return v.pipe(
    durationMs(),
    v.minValue(leastMs, `must be at least ${lowest}`),
    v.maxValue(mostMs, `must be at most ${highest}`),
  );
}
