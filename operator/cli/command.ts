/** What a command of `transax-operator` is: its words, what follows them, what it does. */
import { getAddress, isAddress } from 'ethers';
import { parseAmountMicro } from '../../market/settings/quantities.ts';
import { MAX_UINT32 } from '../../market/units.ts';
import type { OperatorSettings } from '../config.ts';
import type { OperatorHost } from '../host.ts';

/** A command line that cannot be understood; the usage is shown beside it. */
export class UsageError extends Error {
  readonly code = 'usage';
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** Every option of every command; which of them a command takes stands with the command. */
export const OPTIONS = {
  config: { type: 'string' },
  out: { type: 'string' },
  feeder: { type: 'string' },
  'max-w': { type: 'string' },
  credit: { type: 'string' },
  stake: { type: 'string' },
  payout: { type: 'string' },
  to: { type: 'string' },
  'new-passphrase': { type: 'string' },
  key: { type: 'string' },
  nonce: { type: 'string' },
  owner: { type: 'string' },
  reason: { type: 'string' },
  days: { type: 'string' },
  internal: { type: 'boolean' },
  external: { type: 'boolean' },
  silent: { type: 'string' },
  force: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

export type OptionName = keyof typeof OPTIONS;
type Texts<K> = {
  [N in keyof K]?: (K[N] extends { type: 'string' } ? string : boolean) | undefined;
};
export type OptionValues = Texts<typeof OPTIONS>;

export interface CommandArgs {
  /** What follows the words of the command. */
  positionals: readonly string[];
  options: OptionValues;
  /** Resolves a path of the command line. */
  absolute(path: string): string;
}

export type Run = (host: OperatorHost, settings: OperatorSettings) => Promise<void> | void;

export interface Command {
  words: readonly string[];
  /** For the usage: `ADDRESS [--stake AMOUNT]`. */
  takes: string;
  summary: string;
  options?: readonly Exclude<OptionName, 'config' | 'help'>[];
  /** Names of what must follow the words, for sentences: `the address of a solver`. */
  needs?: readonly string[];
  /** How many more may follow. */
  mayFollow?: number;
  /** Reads what was given, before the settings are looked at. @throws UsageError, QuantityError */
  read(args: CommandArgs): Run;
}

/** @throws UsageError */
export function addressOf(text: string, what: string): string {
  if (isAddress(text)) return getAddress(text);
  throw new UsageError(`${what}: "${text}" is not an address, or its checksum does not fit`);
}

/** Millionths, above 0. @throws UsageError, QuantityError */
export function amountOf(text: string, what: string): bigint {
  const amountMicro = parseAmountMicro(text);
  if (amountMicro >= 1n && amountMicro < 2n ** 64n) return amountMicro;
  throw new UsageError(`${what} must be above 0, and no more than the contract can count`);
}

/** @throws UsageError */
export function numberOf(text: string | undefined, what: string): number {
  const value = /^\d{1,10}$/.test(text ?? '') ? Number(text) : Number.NaN;
  if (value >= 1 && value <= MAX_UINT32) return value;
  throw new UsageError(`${what} must be a whole number above 0`);
}
