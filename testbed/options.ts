/** The options of `npm start`, checked all at once. */
import { parseArgs } from 'node:util';

export interface RunOptions {
  homes: number;
  feeders: number;
  /** How many intervals to run. */
  intervals: number;
  /** Real seconds per interval, or `max`: as fast as everyone settles. */
  speed: number | 'max';
  ticksPerInterval: number;
  /** Folder with traces; null: generated homes. */
  dataDir: string | null;
  /** The generated look-alike of the TRANSAX microgrid instead of a small neighbourhood. */
  lookalike: boolean;
  seed: number;
  /** Port of the page; 0: a free one. */
  port: number;
  json: boolean;
  outDir: string | null;
  /** Whether batteries and relays follow the commitments (off: the control run). */
  follow: boolean;
  /** Folder for the run's configs, databases and logs, kept afterwards; null: removed. */
  keepDir: string | null;
  /** First moment of market time, ms; null: what fits the data. */
  startsAtMs: number | null;
  /** The homes reach chain and DSO through a private Tor network. */
  tor: boolean;
}

/** Real seconds per interval. */
const SPEED = 6;
/** A new circuit for each address takes a part of a second. */
const TOR_SPEED = 12;

export class OptionsError extends Error {
  readonly faults: string[];
  constructor(faults: string[]) {
    super(faults.join('\n'));
    this.name = 'OptionsError';
    this.faults = faults;
  }
}

export const USAGE = `npm start -- [options]

  --homes N               homes in the neighbourhood (12)
  --feeders N             feeders they hang on (3)
  --intervals N           intervals of 15 minutes to run (96, a day)
  --speed SECONDS|max     real seconds per interval (6), or as fast as it goes
  --ticks-per-interval N  polls of each meter in an interval (12)
  --data DIR              a folder of real traces instead of generated homes
  --lookalike             generated homes like the TRANSAX microgrid: 102 homes, 11 feeders
  --tor                   chain and DSO are reached through a private Tor network (Debian: tor);
                          --speed is 12 then
  --start ISO             first moment, e.g. 2026-06-12T06:00:00Z
  --no-follow             control run: batteries and relays do not follow the commitments
  --seed N                seed of everything random (1)
  --port N                port of the page (a free one)
  --json                  one JSON object with the run's figures on stdout, all else on stderr
  --out DIR               write manifest.json and tidy CSV files
  --keep DIR              keep configs, databases and logs of the run in this new folder
  --help
`;

/** @returns null when help was asked for. @throws OptionsError with every fault. */
export function readOptions(argv: string[]): RunOptions | null {
  const faults: string[] = [];
  let values: Record<string, string | boolean | undefined>;
  try {
    values = parseArgs({ args: argv, options: OPTION_TYPES, strict: true }).values;
  } catch (cause) {
    throw new OptionsError([`${(cause as Error).message} (see --help)`]);
  }
  if (values.help) return null;
  const whole = (name: string, fallback: number, least: number, most: number): number => {
    const text = values[name];
    if (text === undefined) return fallback;
    const value = Number(text);
    if (!Number.isInteger(value) || value < least || value > most) {
      faults.push(`--${name} ${text}: give a whole number from ${least} to ${most}`);
    }
    return value;
  };
  const lookalike = values.lookalike === true;
  const options: RunOptions = {
    homes: whole('homes', lookalike ? 102 : 12, 2, 1000),
    feeders: whole('feeders', lookalike ? 11 : 3, 1, 100),
    intervals: whole('intervals', 96, 1, 100_000),
    speed: readSpeed(values.speed, values.tor === true ? TOR_SPEED : SPEED, faults),
    ticksPerInterval: whole('ticks-per-interval', 12, 12, 900),
    dataDir: typeof values.data === 'string' ? values.data : null,
    lookalike,
    seed: whole('seed', 1, 0, 2 ** 31 - 1),
    port: whole('port', 0, 0, 65_535),
    json: values.json === true,
    outDir: typeof values.out === 'string' ? values.out : null,
    follow: values['no-follow'] !== true,
    keepDir: typeof values.keep === 'string' ? values.keep : null,
    startsAtMs: readStart(values.start, faults),
    tor: values.tor === true,
  };
  if (options.feeders > options.homes) {
    faults.push(`--feeders ${options.feeders}: more feeders than homes (${options.homes})`);
  }
  if (lookalike && options.dataDir !== null) {
    faults.push('--lookalike and --data exclude each other');
  }
  if (faults.length > 0) throw new OptionsError(faults);
  return options;
}

const OPTION_TYPES = {
  homes: { type: 'string' },
  feeders: { type: 'string' },
  intervals: { type: 'string' },
  speed: { type: 'string' },
  'ticks-per-interval': { type: 'string' },
  data: { type: 'string' },
  lookalike: { type: 'boolean' },
  start: { type: 'string' },
  tor: { type: 'boolean' },
  'no-follow': { type: 'boolean' },
  keep: { type: 'string' },
  seed: { type: 'string' },
  port: { type: 'string' },
  json: { type: 'boolean' },
  out: { type: 'string' },
  help: { type: 'boolean' },
} as const;

function readSpeed(
  value: string | boolean | undefined,
  fallback: number,
  faults: string[],
): number | 'max' {
  if (value === undefined) return fallback;
  if (value === 'max') return 'max';
  const seconds = Number(value);
  if (!(seconds >= 2 && seconds <= 900)) {
    faults.push(`--speed ${value}: give seconds per interval from 2 to 900, or max`);
  }
  return seconds;
}

function readStart(value: string | boolean | undefined, faults: string[]): number | null {
  if (typeof value !== 'string') return null;
  const at = Date.parse(value);
  if (Number.isNaN(at) || at % 900_000 !== 0) {
    faults.push(`--start ${value}: give a quarter of an hour such as 2026-06-12T06:00:00Z`);
  }
  return at;
}
