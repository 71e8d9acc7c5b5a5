/** The machine as the operator's commands see it: made by main.ts, and by tests. */
import type {
  Clock,
  Files,
  HttpListener,
  Log,
  Random,
  Resources,
  Sql,
  Transport,
} from '../host/ports.ts';
import type { OperatorSettings } from './config.ts';

export interface OperatorHost {
  files: Files;
  random: Random;
  log: Log;
  resources: Resources;
  listener: HttpListener;
  /** @throws SqlError */
  openSql(path: string, options: { migrations?: readonly string[]; readOnly?: boolean }): Sql;
  /** 32 bytes from a file of mode 0400. @throws FileError */
  readKey(path: string): Uint8Array;
  /** @throws FileError, also when there is a file already */
  writeKey(path: string, key: Uint8Array): void;
  /** To these origins alone: through Tor; clear to this machine itself, and in a lab. */
  transport(settings: Pick<OperatorSettings, 'lab' | 'tor'>, origins: string[]): Transport;
  /** @param setting the lab's, undefined for the clock of this machine */
  openClock(setting: string | undefined, name: string): Promise<Clock>;
  /** Asks a service of this machine. @throws TransportError */
  requestUnix(
    socketPath: string,
    method: string,
    path: string,
    deadlineMs: number,
  ): Promise<{ status: number; body: string }>;
  /** One line on standard output: what the command was asked for, and nothing else. */
  print(text: string): void;
  /** Aborts when the process is asked to end. */
  signal: AbortSignal;
}
