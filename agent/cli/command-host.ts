/** What commands see of the machine, and how they ask at a socket. */
import type { Sql } from '../../host/ports.ts';

/** Databases that open with the key in a file, and get another one together. */
export interface Rekey {
  keyPath: string;
  databases: readonly string[];
  /** What is sealed under the key inside a database, in a transaction. */
  reseal?(path: string, sql: Sql, old: Uint8Array, key: Uint8Array): void;
}

export interface UnixAsk {
  method: string;
  path: string;
  body?: string;
  deadlineMs: number;
}

export interface Held {
  status: number;
  body: string;
  /** Resolves when the other side has ended it. */
  ended: Promise<void>;
  close(): void;
}

/** What is looked at to find faults; whatever cannot be seen is null or nothing. */
export interface Machine {
  /** The start of a small text file, such as those under /sys and /proc. */
  text(path: string): string | null;
  names(folder: string): string[];
  /** Where a link leads, absolute. */
  link(path: string): string | null;
  disk(path: string): { freeBytes: number; totalBytes: number } | null;
  user(): MachineUser;
  /** Of this process. */
  pid: number;
  /** `probe` asks whether one may, and does nothing. */
  kill(pid: number, how: 'probe' | 'SIGKILL'): 'done' | 'denied' | 'gone';
  /** Null where there is no such program. */
  run(file: string, words: readonly string[], timeoutMs?: number): Promise<ProgramEnd | null>;
  /** Runs with this process's own output; null where there is no such program. */
  hand(file: string, words: readonly string[]): Promise<number | null>;
  /** `-`: stdout. @throws FileError */
  writeBytes(path: string, bytes: Uint8Array): void;
  versions(): Readonly<Record<string, string>>;
}

export interface MachineUser {
  id: number;
  name: string;
  groups: readonly string[];
}

export interface ProgramEnd {
  code: number | null;
  out: string;
  err: string;
}
