/**
 * What the commands of `transax-agent` are made of: what they need of the machine, what they hand
 * back, their exit codes and errors. One file per command beside this; `table.ts` lists them.
 * Data goes to stdout, everything else to stderr.
 */

import type { HouseMqtt } from '../../host/mqtt-port.ts';
import {
  type Bus,
  type Clock,
  FileError,
  type Files,
  type HttpListener,
  type Log,
  type Random,
  type RelayWires,
  type Resources,
  type Sql,
  type Transport,
} from '../../host/ports.ts';
import type { Threads } from '../../host/thread-port.ts';
import { SettingsError } from '../../market/settings/toml.ts';
import type { BusSettings } from '../config/buses.ts';
import { type AgentSettings, readAgentSettings } from '../config.ts';
import type { Held, Machine, Rekey, UnixAsk } from './command-host.ts';

/** The first five are those of LSB's `status`; settings count as usage. */
export const EXIT = {
  good: 0,
  /** Also: `status` of an agent that runs, and not as it should. */
  failed: 1,
  /** The command line, the settings, the enrolment. Also: failures that `doctor` found. */
  usage: 2,
  notRunning: 3,
  unknown: 4,
  /** A device or a peer does not answer. */
  silent: 5,
  implausible: 6,
  /** By a safety rule. */
  refused: 7,
  clock: 8,
  permission: 9,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  0: 'good',
  1: 'failed; `status`: degraded; `doctor`: warnings',
  2: 'the command line, the settings or the enrolment are wrong; `doctor`: failures',
  3: 'the agent does not run',
  4: 'unknown: the agent runs, and does not answer',
  5: 'a device or a peer does not answer',
  6: 'data are implausible',
  7: 'refused by a safety rule',
  8: 'the clock is not proven good',
  9: 'not permitted',
};

/** What commands need of the machine. `main.ts` makes it; tests may make another. */
export interface CommandHost {
  out(line: string): void;
  /** For people, on stderr. */
  say(line: string): void;
  /** Replaces the last line on stderr while something lasts; nothing where that is no terminal. */
  progress(line: string): void;
  /** Real time. */
  wait(ms: number): Promise<void>;
  /** This machine's clock, ms since the epoch, be it right or not. */
  nowMs(): number;
  /** A line that is typed; null where nobody can be asked. */
  ask(question: string): Promise<string | null>;
  /** All that is piped in; null at a terminal. */
  readInput(): Promise<string | null>;
  log(): Log;
  files: Files;
  random: Random;
  resources: Resources;
  machine: Machine;
  /** User and group that the agent runs as. */
  agentUser: string;
  /** The absolute path of a file named on the command line, and the folder it is in. */
  resolve(path: string): { path: string; folder: string };
  /** Where the keystore's key is: a systemd credential, or the file of the settings. */
  keyPath(settings: AgentSettings): string;
  readKey(path: string): Uint8Array;
  /** Makes a key file that only its owner can read; never replaces one. */
  writeKey(path: string, key: Uint8Array): void;
  openSql(path: string, options: { key?: Uint8Array; migrations: readonly string[] }): Sql;
  /** A new key for databases and key file, whole or, after a crash, by `finishRekey`. */
  rekey(files: Rekey, key: Uint8Array): void;
  /** Goes on with one that was cut off, if there is one. @throws SqlError, FileError */
  finishRekey(files: Rekey): boolean;
  /** Renames a database with what stands beside it. @returns its new path */
  moveAside(path: string): string;
  /** Makes no file beside the database, whatever was left there. @throws SqlError */
  openSqlReadOnly(path: string, options: { key?: Uint8Array }): Sql;
  openBus(bus: BusSettings): Bus;
  wires: RelayWires;
  /** Real time, for deadlines and retries, whatever the clock is worth. */
  timer: Pick<Clock, 'delay' | 'monotonicMs'>;
  /** To these origins alone: through Tor, or over the clear net where the lab's setting says so. */
  openTransport(settings: Pick<AgentSettings, 'lab' | 'tor'>, origins: string[]): Transport;
  /** Whether Tor answers there: what is wrong, or null. */
  greetTor(socks: string): Promise<string | null>;
  /** The clock of the lab settings, else this machine's, watched over. */
  openClock(lab: AgentSettings['lab'], log: Log): Promise<Clock & { close?(): void }>;
  listener(log: Log): HttpListener;
  threads: Threads;
  mqtt: HouseMqtt;
  /** One request to the agent's socket. @throws TransportError */
  askUnix(socket: string, ask: UnixAsk): Promise<{ status: number; body: string }>;
  /** A request that stays open until either side ends it. @throws TransportError */
  holdUnix(socket: string, ask: UnixAsk): Promise<Held>;
  /** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
  untilTold(): Promise<string>;
}

/** What a command found. `data` is what `--json` prints, with keys that stay. */
export interface Outcome {
  code: ExitCode;
  data: unknown;
  /** For people, on stdout; empty: nothing. */
  text: string;
  /** Not wrong, but to be known; on stderr. */
  warnings?: readonly string[];
}

export interface CommandArgs {
  /** Path of the settings. */
  config: string;
  positionals: string[];
  /** The command's own options as written; a flag is 'yes'. */
  options: Readonly<Record<string, string>>;
  json: boolean;
  /** Times in UTC rather than in the zone of the home. */
  utc: boolean;
  colour: boolean;
}

export interface OptionSpec {
  name: string;
  short?: string;
  /** What stands for the value in the usage; absent: a flag. */
  value?: string;
  text: string;
}

export interface Command {
  /** `['meter', 'scan']`. */
  words: readonly string[];
  /** What follows the words: `BUS|ADDRESS`. */
  takes: string;
  summary: string;
  /** More, for the manual; sentences. */
  text?: string;
  options?: readonly OptionSpec[];
  examples?: readonly string[];
  /** Beyond 0, 1, 2 and 9, which all may end with. */
  exits?: readonly ExitCode[];
  /** How many words it takes after its own. */
  least?: number;
  most?: number;
  run(host: CommandHost, args: CommandArgs): Promise<Outcome>;
}

/** What went wrong, why, and what to do: three lines at most. */
export class CliError extends Error {
  readonly code: ExitCode;
  readonly why: string | null;
  readonly remedy: string | null;
  constructor(code: ExitCode, what: string, why: string | null = null, remedy?: string) {
    super(what);
    this.name = 'CliError';
    this.code = code;
    this.why = why;
    this.remedy = remedy ?? null;
  }
}

/** The command line is not one of this program. */
export class UsageError extends CliError {
  constructor(message: string, why: string | null = null, remedy?: string) {
    super(EXIT.usage, message, why, remedy);
    this.name = 'UsageError';
  }
}

type Reading = Pick<CommandHost, 'resolve'> & { files: Files; resources: Resources };

/** @throws SettingsError */
export function loadSettings(host: Reading, config: string): AgentSettings {
  const { path, folder } = host.resolve(config);
  return readAgentSettings(readSettingsText(host, config), path, folder);
}

/** @throws SettingsError */
export function readSettingsText(host: Reading, config: string): string {
  const { path } = host.resolve(config);
  try {
    return host.files.readText(path);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    if (error.code === 'denied') throw error;
    throw new SettingsError(path, [
      { key: '', line: null, message: `cannot be used: ${error.message}` },
    ]);
  }
}
