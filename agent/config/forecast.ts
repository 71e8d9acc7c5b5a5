/** How the home's net load is forecast, `[forecast]`. */
import * as v from 'valibot';
import { table } from '../../market/settings/toml.ts';

/** `auto` trains a model of the home once there is history enough; `simple` never does. */
export const FORECAST_METHODS = ['auto', 'simple'] as const;

export interface ForecastSettings {
  method: (typeof FORECAST_METHODS)[number];
}

export const FORECAST = table({
  method: v.optional(v.picklist(FORECAST_METHODS, 'must be "auto" or "simple"'), 'auto'),
});

export function forecastOf(raw: v.InferOutput<typeof FORECAST>): ForecastSettings {
  return { method: raw.method };
}
