/** What each failure of a command is called, and which exit code it gives. */
import { FollowerError } from '../../chain/follower.ts';
import { OutboxError } from '../../chain/outbox.ts';
import { RpcError } from '../../chain/rpc-forms.ts';
import { FileError, SqlError, TransportError } from '../../host/ports.ts';
import { RequestCodeError } from '../../market/enrolment.ts';
import { GridFileError } from '../../market/grid-json.ts';
import { QuantityError } from '../../market/settings/quantities.ts';
import { SettingsError } from '../../market/settings/toml.ts';
import { AuditError } from '../audit/audit.ts';
import { BackupError } from '../backup.ts';
import { DeploymentError } from '../deployment.ts';
import { LimitError } from '../dso/limit-admin.ts';
import { OrderError } from '../dso/orders.ts';
import { EnrolError } from '../enrol.ts';
import { KeystoreError } from '../keystore.ts';
import { OwnerOrderError } from '../owner-orders.ts';
import { UsageError } from './command.ts';

export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;
export const EXIT_SETTINGS = 78;

/** Operational failures: what is wrong, and what to do, stands in their message. */
const KNOWN = [
  AuditError,
  BackupError,
  DeploymentError,
  EnrolError,
  FileError,
  FollowerError,
  GridFileError,
  KeystoreError,
  LimitError,
  OrderError,
  OutboxError,
  OwnerOrderError,
  QuantityError,
  RequestCodeError,
  SettingsError,
  SqlError,
  TransportError,
];

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || error instanceof QuantityError) return EXIT_USAGE;
  return error instanceof SettingsError ? EXIT_SETTINGS : EXIT_FAILED;
}

/** For the log; each fault of the settings on a line of its own. A bug shows where it is. */
export function linesOf(error: unknown): string[] {
  if (error instanceof UsageError) return [`${error.message}; see transax-operator --help`];
  if (error instanceof RpcError) return [chainLine(error)];
  if (error instanceof SettingsError) return error.message.split('\n');
  if (KNOWN.some((kind) => error instanceof kind)) return [(error as Error).message];
  return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
}

function chainLine(error: RpcError): string {
  return error.code === 'unreachable'
    ? `the chain cannot be reached: ${error.message}; check [chain] rpc`
    : error.message;
}
