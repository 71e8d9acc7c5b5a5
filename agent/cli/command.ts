/**
 * What the commands of `transax-agent` need of the machine, their exit codes and their errors. One
 * file per command beside this; data goes to stdout, everything else to stderr.
 */
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
import { SettingsError } from '../../market/settings/toml.ts';
import type { BusSettings } from '../config/buses.ts';
import { type AgentSettings, readAgentSettings } from '../config.ts';

/** Design and sysexits: 3 is for `status` of an agent that runs, and not as it should. */
export const EXIT = {
  good: 0,
  failed: 1,
  usage: 2,
  degraded: 3,
  /** A device does not answer. */
  device: 5,
  /** A rule of safety is against it. */
  refused: 7,
  config: 78,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface CommandHost {
  out(line: string): void;
  /** For people, on stderr. */
  say(line: string): void;
  log(): Log;
  files: Files;
  random: Random;
  resources: Resources;
  /** The absolute path of a file named on the command line, and the folder it is in. */
  resolve(path: string): { path: string; folder: string };
  /** Where the keystore's key is: a systemd credential, or the file of the settings. */
  keyPath(settings: AgentSettings): string;
  readKey(path: string): Uint8Array;
  /** Makes a key file that only its owner can read; never replaces one. */
  writeKey(path: string, key: Uint8Array): void;
  openSql(path: string, options: { key?: Uint8Array; migrations: readonly string[] }): Sql;
  openBus(bus: BusSettings): Bus;
  wires: RelayWires;
  /** Real time, for deadlines and retries, whatever the clock is worth. */
  timer: Pick<Clock, 'delay' | 'monotonicMs'>;
  /** JSON over the clear net to these origins alone. */
  clearTransport(origins: string[]): Transport;
  /** The clock of the lab settings, else this machine's, watched over. */
  openClock(lab: AgentSettings['lab'], log: Log): Promise<Clock & { close?(): void }>;
  listener(log: Log): HttpListener;
  getUnix(
    socket: string,
    path: string,
    deadlineMs: number,
  ): Promise<{ status: number; body: string }>;
  /** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
  untilTold(): Promise<string>;
}

export interface CommandArgs {
  /** Path of the settings. */
  config: string;
  positionals: string[];
  json: boolean;
  /** Although a rule of safety is against it. */
  force: boolean;
}

/** @throws SettingsError */
export function loadSettings(host: CommandHost, config: string): AgentSettings {
  const { path, folder } = host.resolve(config);
  let text: string;
  try {
    text = host.files.readText(path);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new SettingsError(path, [
      { key: '', line: null, message: `cannot be used: ${error.message}` },
    ]);
  }
  return readAgentSettings(text, path, folder);
}

/** The command line is not one of this program. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}
