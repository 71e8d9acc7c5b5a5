/** How the home's net load is forecast, `[forecast]`. */
import * as v from 'valibot';
import type { HouseAddress } from '../../host/ports.ts';
import { table } from '../../market/settings/toml.ts';

/** `auto` trains a model of the home once there is history enough; `simple` never does. */
export const FORECAST_METHODS = ['auto', 'simple'] as const;

/** A file, or a topic of a broker in the house. */
export type WeatherPlace = string | { at: HouseAddress; topic: string };

export interface ForecastSettings {
  method: (typeof FORECAST_METHODS)[number];
  /** Forecasts of the weather; null: none. */
  weather: WeatherPlace | null;
}

const MQTT_PORT = 1883;
/** Of the house and of this machine: nothing leaves it. */
const IN_HOUSE_4 = /^(10|127|192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))\./;
const IN_HOUSE_6 = /^\[(::1\]|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:)/i;
const OCTETS = /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;

const BROKER = v.pipe(
  v.string('must be text, for example "mqtt://192.168.1.5:1883"'),
  v.rawTransform<string, HouseAddress>(({ dataset, addIssue, NEVER }) => {
    const text = dataset.value;
    const match = /^mqtt:\/\/(\[[0-9a-fA-F:.]+\]|\d{1,3}(?:\.\d{1,3}){3})(?::(\d{1,5}))?\/?$/.exec(
      text,
    );
    const [, host = '', port = String(MQTT_PORT)] = match ?? [];
    const isInHouse = (OCTETS.test(host) && IN_HOUSE_4.test(host)) || IN_HOUSE_6.test(host);
    if (match && isInHouse && Number(port) >= 1 && Number(port) <= 65_535) {
      return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
    }
    addIssue({
      message:
        `"${text}" is not an address of the house like "mqtt://192.168.1.5:1883"; brokers are ` +
        'reached by IP address only, and none outside',
    });
    return NEVER;
  }),
);

const TOPIC = v.pipe(
  v.string('must be text'),
  v.regex(/^[^+#\0]{1,200}$/, 'must be one topic, without + and #'),
);

const BROKER_TOPIC = v.pipe(
  table({ mqtt: BROKER, topic: TOPIC }),
  v.transform(({ mqtt, topic }) => ({ at: mqtt, topic })),
);
const EITHER = 'must be the path of a file, or { mqtt = "mqtt://ADDRESS:PORT", topic = "..." }';

/** One setting, in either form. */
const WEATHER = v.pipe(
  v.unknown(),
  v.rawTransform<unknown, WeatherPlace>(({ dataset, addIssue, NEVER }) => {
    const given = dataset.value;
    if (typeof given === 'string' && given !== '') return given;
    if (typeof given !== 'object' || given === null) {
      addIssue({ message: EITHER });
      return NEVER;
    }
    const read = v.safeParse(BROKER_TOPIC, given);
    if (read.success) return read.output;
    for (const issue of read.issues) {
      addIssue({ message: `${v.getDotPath(issue) ?? ''} ${issue.message}`.trim() });
    }
    return NEVER;
  }),
);

export const FORECAST = table({
  method: v.optional(v.picklist(FORECAST_METHODS, 'must be "auto" or "simple"'), 'auto'),
  weather: v.optional(WEATHER),
});

/** @param at makes a path absolute */
export function forecastOf(
  { method, weather }: v.InferOutput<typeof FORECAST>,
  at: (path: string) => string,
): ForecastSettings {
  return { method, weather: typeof weather === 'string' ? at(weather) : (weather ?? null) };
}
