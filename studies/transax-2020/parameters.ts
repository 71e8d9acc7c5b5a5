/** The parameters of the study, from `parameters.toml`. */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { powerW } from '../../market/settings/quantities.ts';
import { readSettings, table } from '../../market/settings/toml.ts';

const whole = (min: number, max: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));
const wholes = (min: number, max: number) => v.pipe(v.array(whole(min, max)), v.minLength(1));

const SCHEMA = table({
  horizons: wholes(2, 96),
  internal_limit: powerW(),
  external_limit: powerW(),
  arbitrary_seeds: wholes(0, 2 ** 31),
  tables_for: v.array(whole(2, 96)),
  lookalike: table({ seed: whole(0, 2 ** 31) }),
  batteries: table({
    capacity_kw_slots: v.pipe(v.number(), v.minValue(0)),
    charge_kw: v.pipe(v.number(), v.minValue(0)),
    last_interval: whole(1, 96),
  }),
});

export type Parameters = v.InferOutput<typeof SCHEMA>;

/** @throws SettingsError with all faults, by key and line */
export function readParameters(path: string): Parameters {
  return readSettings(readFileSync(path, 'utf8'), SCHEMA, path);
}
