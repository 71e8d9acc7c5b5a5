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

/** What keystores are made of. */
export interface KeystoreCipher {
  /** scrypt's cost N of a new keystore, a power of two. */
  newN: number;
  /** Does not hold up the event loop. */
  scrypt(
    passphrase: Uint8Array,
    salt: Uint8Array,
    work: { n: number; r: number; p: number; bytes: number },
  ): Promise<Uint8Array>;
  /** Encrypts and decrypts alike. */
  aes128Ctr(key: Uint8Array, iv: Uint8Array, bytes: Uint8Array): Uint8Array;
}

/** Whole files and folders, for what is copied as it is. @throws FileError */
export interface Folders {
  /** Makes it and those above; nothing where it is there. */
  make(path: string): void;
  /** Copies a file, with this mode, to the disk. */
  copy(from: string, to: string, mode: number): void;
  /** Brings a file, or the names in a folder, to the disk. */
  sync(path: string): void;
  /** Takes the place of a file that is there. */
  rename(from: string, to: string): void;
  /** A file, or a folder with all in it; nothing where there is none. */
  remove(path: string): void;
  /** Its bytes, and their SHA-256 in hex. */
  measure(path: string): { bytes: number; sha256: string };
}

export interface OperatorHost {
  folders: Folders;
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
  /** A text that others may not read: a keystore, a passphrase. @throws FileError */
  readSecret(path: string): string;
  /** A new file of mode 0400. @throws FileError, also when there is a file already */
  writeSecret(path: string, text: string): void;
  /** Where systemd puts a credential of this unit; null when it did not start the process. */
  credentialPath(name: string): string | null;
  /** A line that is typed and not shown; null where nobody can be asked. */
  askHidden(question: string): Promise<string | null>;
  cipher: KeystoreCipher;
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
  /** Unix ms by the clock of this machine, for names and notes alone. */
  wallMs(): number;
  /** One line on standard output: what the command was asked for, and nothing else. */
  print(text: string): void;
  /** Aborts when the process is asked to end. */
  signal: AbortSignal;
}
