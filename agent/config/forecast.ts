/** How the home's net load is forecast, `[forecast]`. */
import * as v from 'valibot';
import { table } from '../../market/settings/toml.ts';

/** `auto` trains a model of the home once there is history enough; `simple` never does. */
export const FORECAST_METHODS = ['auto', 'simple'] as const;

export interface ForecastSettings {
  method: (typeof FORECAST_METHODS)[number];
  /** A file of weather forecasts; null: none. */
  weather: string | null;
}

export const FORECAST = table({
  method: v.optional(v.picklist(FORECAST_METHODS, 'must be "auto" or "simple"'), 'auto'),
  weather: v.optional(v.pipe(v.string('must be text'), v.nonEmpty('must name a file'))),
});

/** @param at makes a path absolute */
export function forecastOf(
  { method, weather }: v.InferOutput<typeof FORECAST>,
  at: (path: string) => string,
): ForecastSettings {
  return { method, weather: weather === undefined ? null : at(weather) };
}
