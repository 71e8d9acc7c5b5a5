/** `transax-agent meter scan BUS|ADDRESS`: who answers on a bus, and what it is. Reads only. */
import { BusError } from '../../../host/ports.ts';
import type { BusSettings } from '../../config/buses.ts';
import type { Profile } from '../../drivers/profile-types.ts';
import { type Command, type CommandHost, EXIT, UsageError } from '../command.ts';
import { durationOf, rangeOf } from '../words.ts';
import { type Found, identify, type Match } from './identify.ts';
import { allProfiles } from './profiles.ts';
import { noAnswer, type Reach, reach } from './reach.ts';
import type { ReadBus } from './socket-bus.ts';

/** What meters are delivered with, the usual first. */
const BAUDS = [9600, 19_200, 2400, 38_400] as const;
const PARITIES = ['none', 'even'] as const;
const PARITY_NAMES: Readonly<Record<string, 'none' | 'even' | 'odd'>> = {
  N: 'none',
  E: 'even',
  O: 'odd',
};

interface FoundUnit {
  unit: number;
  /** As in `9600 8N1`; null where the line is not ours to set. */
  line: string | null;
  /** Best first; none: it answers, and fits no profile. */
  matches: Match[];
  said: string | null;
}

export const meterScan: Command = {
  words: ['meter', 'scan'],
  takes: 'BUS|ADDRESS',
  summary: 'who answers on a bus, and which meter it is',
  text:
    'Reads only. On a serial port it tries the usual speeds and parities until somebody answers, ' +
    'those of agent.toml first, unless --baud and --parity name some. A running agent lends its ' +
    'bus for 25 s at a time, polls in between, and fills the gap from the counters; its line ' +
    'settings are then those of agent.toml.',
  options: [
    { name: 'units', value: 'RANGE', text: '1..32 if absent; up to 0..247' },
    { name: 'baud', value: 'N,N', text: '9600,19200,2400,38400 if absent' },
    { name: 'parity', value: 'N,E,O', text: 'N,E if absent' },
    { name: 'timeout', value: 'DURATION', text: 'how long to wait for each; "500 ms" if absent' },
  ],
  examples: [
    'transax-agent meter scan /dev/ttyUSB0 --units 1..10',
    'transax-agent meter scan cabinet',
    'transax-agent meter scan tcp://192.168.1.20:502',
  ],
  exits: [4, 5],
  least: 1,
  async run(host, args) {
    const [place = ''] = args.positionals;
    const { first, last } = rangeOf('--units', args.options.units ?? '1..32', {
      most: 247,
      count: 248,
    });
    const timeoutMs = durationOf('--timeout', args.options.timeout ?? '500 ms', 20);
    const written = place.startsWith('/') ? `serial:${place}` : place;
    const way = await reach(host, args, written);
    const lines = linesOf(way, args.options);
    const found: FoundUnit[] = [];
    const scan = new Scan(host, way, { first, last, timeoutMs });
    try {
      for (const code of [3, 4] as const) {
        // All on one wire speak alike: where one is found the others are too.
        for (const line of lines) {
          if (found.length === 0) found.push(...(await scan.line(line, code)));
        }
      }
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      throw noAnswer(place, error, place);
    } finally {
      host.progress('');
      way.lending?.giveBack();
    }
    const data = {
      place,
      units: { first, last },
      lines: lines.map((line) => (line === null ? null : lineText(line))),
      throughAgent: way.agent !== null,
      found,
    };
    const code = found.length === 0 ? EXIT.silent : EXIT.good;
    return { code, data, text: textOf(found, place, `${first}..${last}`) };
  },
};

type Line = Extract<BusSettings['connection'], { kind: 'serial' }>;

/** Null: as it is. */
function linesOf(way: Reach, options: Readonly<Record<string, string>>): (Line | null)[] {
  const { connection } = way.bus;
  const isFree = connection.kind === 'serial' && way.agent === null;
  if (!isFree) {
    if (options.baud === undefined && options.parity === undefined) return [null];
    throw new UsageError(
      '--baud and --parity are of no use here',
      way.agent === null
        ? 'this is no serial port: they are set in the gateway'
        : 'the running agent has the port open',
      way.agent === null ? undefined : 'systemctl stop transax-agent, and scan again',
    );
  }
  const bauds = options.baud?.split(',').map(Number) ?? BAUDS;
  if (!bauds.every((baud) => Number.isInteger(baud) && baud >= 300 && baud <= 921_600)) {
    throw new UsageError(`--baud ${options.baud} must be numbers like 9600,19200`);
  }
  const parities = options.parity?.split(',').map((name) => PARITY_NAMES[name]) ?? PARITIES;
  const lines = bauds.flatMap((baud) =>
    parities.map((parity) => {
      if (parity === undefined) throw new UsageError(`--parity ${options.parity}: N, E or O`);
      return { ...connection, baud, parity };
    }),
  );
  const isOwn = ({ baud, parity }: Line) =>
    baud === connection.baud && parity === connection.parity;
  return lines.sort((one, two) => Number(isOwn(two)) - Number(isOwn(one)));
}

interface ScanRange {
  first: number;
  last: number;
  timeoutMs: number;
}

class Scan {
  readonly #host: CommandHost;
  readonly #way: Reach;
  readonly #what: ScanRange;
  readonly #profiles: readonly Profile[];

  constructor(host: CommandHost, way: Reach, what: ScanRange) {
    this.#host = host;
    this.#way = way;
    this.#what = what;
    this.#profiles = allProfiles(host);
  }

  /** @throws BusError `closed` */
  async line(line: Line | null, code: 3 | 4): Promise<FoundUnit[]> {
    const { timeoutMs } = this.#what;
    const options = line === null ? { timeoutMs } : { timeoutMs, connection: line };
    const bus = this.#way.open(options);
    try {
      return await this.#units(bus, line === null ? null : lineText(line), code);
    } finally {
      bus.close();
    }
  }

  async #units(bus: ReadBus, line: string | null, code: 3 | 4): Promise<FoundUnit[]> {
    const { first, last } = this.#what;
    const found: FoundUnit[] = [];
    for (let unit = first; unit <= last; unit += 1) {
      const share = (unit - first) / (last - first + 1);
      const bar = '#'.repeat(Math.round(20 * share)).padEnd(20, '-');
      this.#host.progress(`${line ?? this.#way.bus.name}  ${bar}  unit ${unit} of ${last}`);
      const seen = await this.#unit(bus, unit, code);
      if (seen.kind === 'nobody') continue;
      const matches = seen.kind === 'known' ? seen.matches : [];
      found.push({ unit, line, matches, said: seen.kind === 'unknown' ? seen.said : null });
    }
    return found;
  }

  async #unit(bus: ReadBus, unit: number, code: 3 | 4): Promise<Found> {
    await this.#way.lending?.borrow();
    return identify(bus, unit, this.#profiles, code);
  }
}

function lineText({ baud, parity, stopBits }: Line): string {
  return `${baud} 8${parity.charAt(0).toUpperCase()}${stopBits}`;
}

function textOf(found: readonly FoundUnit[], place: string, units: string): string {
  if (found.length === 0) {
    return (
      `nobody answers on ${place} (units ${units})\n` +
      '  do     swap A and B, look at power and unit, try --units 0..247'
    );
  }
  return found
    .flatMap(({ unit, line, matches, said }) => {
      const where = `unit ${unit}${line === null ? '' : `  ${line}`}`;
      const [best, ...more] = matches;
      if (best === undefined) {
        return [
          `${where}  answers, unknown (${said}) -> transax-agent meter raw ${place} ${unit} 0..20`,
        ];
      }
      const voltage = best.voltageV === null ? '' : `  ${best.voltageV.toFixed(1)} V`;
      const frequency = best.frequencyHz === null ? '' : `  ${best.frequencyHz.toFixed(2)} Hz`;
      const also = more.length === 0 ? '' : `  or ${more.map((m) => m.profile).join(', ')}`;
      return [
        `${where}  ${best.profile}${voltage}${frequency}  ${Math.round(best.share * 100)} %${also}`,
      ];
    })
    .join('\n');
}
