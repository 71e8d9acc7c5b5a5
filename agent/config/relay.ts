/** `relay = { driver = ... }` in agent.toml: which output of which device switches a load. */
import * as v from 'valibot';
import type { HouseAddress } from '../../host/ports.ts';
import { table } from '../../market/settings/toml.ts';
import { between, FLAG, MODBUS_UNIT, NAME, whole } from './words.ts';

export type RelaySettings =
  | { driver: 'modbus-coil'; bus: string; unit: number; coil: number }
  | { driver: 'gpio'; chip: string; line: string | number; activeLow: boolean }
  | { driver: 'gpio-sysfs'; chip: string; line: number; activeLow: boolean }
  | {
      driver: 'http';
      api: 'shelly-gen2' | 'shelly-gen1';
      address: HouseAddress;
      output: number;
      deadManMs: number;
    };

/** A dead-man time is renewed at a third of it; shorter ones would load the network for nothing. */
const LEAST_DEAD_MAN_MS = 15_000;
const MOST_DEAD_MAN_MS = 3_600_000;
/** More than any chip has. */
const MAX_LINE = 1023;
const HTTP_PORT = 80;

const TEXT = v.pipe(v.string('must be text'), v.nonEmpty('must not be empty'));

/** The label of a chip is shown by `gpiodetect`, in square brackets. */
const CHIP = v.pipe(
  TEXT,
  v.check(
    (chip) => !/^gpiochip\d+$/.test(chip),
    'must be the label of the chip, for example "pinctrl-bcm2711": its number may change',
  ),
);

/** `http://192.168.1.30`, with a port if it is not 80. */
const ADDRESS = v.pipe(
  v.string('must be text, for example "http://192.168.1.30"'),
  v.rawTransform<string, HouseAddress>(({ dataset, addIssue, NEVER }) => {
    const text = dataset.value;
    const match = /^http:\/\/(\[[0-9a-fA-F:.]+\]|[\d.]+)(?::(\d{1,5}))?\/?$/.exec(text);
    const [, host = '', port = String(HTTP_PORT)] = match ?? [];
    if (!match || !isIpLiteral(host) || Number(port) < 1 || Number(port) > 65535) {
      addIssue({
        message:
          `"${text}" is not an address like "http://192.168.1.30"; devices are reached by ` +
          'IP address only, so that no name is looked up',
      });
      return NEVER;
    }
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
  }),
);

const COIL = table({
  driver: v.literal('modbus-coil'),
  bus: NAME,
  unit: v.optional(MODBUS_UNIT, 1),
  coil: whole(0, 65_535),
});

const GPIO = v.pipe(
  table({
    driver: v.literal('gpio'),
    chip: CHIP,
    line: v.union(
      [TEXT, whole(0, MAX_LINE)],
      `must be the name of a line, for example "GPIO17", or its number from 0 to ${MAX_LINE}`,
    ),
    active_low: v.optional(FLAG, false),
  }),
  v.transform(({ driver, chip, line, active_low }) => ({
    ...{ driver, chip, line },
    activeLow: active_low,
  })),
);

const GPIO_SYSFS = v.pipe(
  table({
    driver: v.literal('gpio-sysfs'),
    chip: CHIP,
    line: whole(0, MAX_LINE),
    active_low: v.optional(FLAG, false),
  }),
  v.transform(({ driver, chip, line, active_low }) => ({
    ...{ driver, chip, line },
    activeLow: active_low,
  })),
);

const HTTP = v.pipe(
  table({
    driver: v.literal('http'),
    api: v.optional(
      v.picklist(['shelly-gen2', 'shelly-gen1'], 'must be "shelly-gen2" or "shelly-gen1"'),
      'shelly-gen2',
    ),
    address: ADDRESS,
    output: v.optional(whole(0, 15), 0),
    dead_man: v.optional(between([LEAST_DEAD_MAN_MS, '15 s'], [MOST_DEAD_MAN_MS, '1 h']), '5 min'),
  }),
  v.transform(({ driver, api, address, output, dead_man }) => ({
    ...{ driver, api, address, output },
    deadManMs: dead_man,
  })),
);

const DRIVERS = '"modbus-coil", "gpio", "gpio-sysfs", "http"';

/** Written as a table, read into RelaySettings. */
export const RELAY: v.GenericSchema<unknown, RelaySettings> = v.variant(
  'driver',
  [COIL, GPIO, GPIO_SYSFS, HTTP],
  (issue) =>
    issue.expected === 'Object' ? 'must be a table with a driver' : `must be one of ${DRIVERS}`,
);

/** The same for two tables that mean the same output, so that no two loads share one. */
export function relayKey(relay: RelaySettings): string {
  switch (relay.driver) {
    case 'modbus-coil':
      return JSON.stringify(['coil', relay.bus, relay.unit, relay.coil]);
    case 'gpio':
    case 'gpio-sysfs':
      return JSON.stringify(['gpio', relay.chip, relay.line]);
    case 'http':
      return JSON.stringify(['http', relay.address.host, relay.address.port, relay.output]);
  }
}

function isIpLiteral(host: string): boolean {
  if (host.startsWith('[')) return /:.*:/.test(host);
  const parts = host.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
}
