/**
 * What several commands need alike: the settings, the deployment, the keys, the chain, the books.
 */
import { openMarketFeed } from '../../chain/agreed-feed.ts';
import type { MarketFeed } from '../../chain/follower.ts';
import { askingOutbox, type Outbox } from '../../chain/outbox.ts';
import { SqlOutboxStore } from '../../chain/outbox-store.ts';
import { JsonRpc } from '../../chain/rpc.ts';
import type { SigningPolicy } from '../../chain/signing-policy.ts';
import { type Clock, type Log, type Sql, SqlError } from '../../host/ports.ts';
import type { GridFile } from '../../market/grid.ts';
import { parseGridFile } from '../../market/grid-json.ts';
import { BackupError } from '../backup.ts';
import { BOOKS_MIGRATIONS } from '../books/schema.ts';
import { type OperatorSettings, readOperatorSettings } from '../config.ts';
import { type Deployment, DeploymentError, parseDeployment } from '../deployment.ts';
import type { OperatorHost } from '../host.ts';

/** How long a command waits for another one that writes the books, real ms. */
const BOOKS_WAIT_MS = 15_000;
const BOOKS_RETRY_MS = 100;

/** @param path absolute. @throws FileError, SettingsError */
export function loadSettings(host: OperatorHost, path: string): OperatorSettings {
  const folder = path.slice(0, path.lastIndexOf('/')) || '/';
  return readOperatorSettings(host.files.readText(path), path, folder);
}

/** @throws DeploymentError 'missing', 'malformed' */
export function loadDeployment(host: OperatorHost, settings: OperatorSettings): Deployment {
  const path = settings.files.deployment;
  if (!host.files.exists(path)) {
    throw new DeploymentError(
      'missing',
      `${path} does not exist: run transax-operator deploy first`,
    );
  }
  return parseDeployment(host.files.readText(path), path);
}

/**
 * The grid file as it was given out. @throws DeploymentError 'missing', 'changed', GridFileError
 */
export function loadGrid(
  host: OperatorHost,
  settings: OperatorSettings,
  deployment: Deployment,
): GridFile {
  const path = settings.files.grid;
  if (!host.files.exists(path)) {
    throw new DeploymentError(
      'missing',
      `${path} does not exist: run transax-operator grid export first`,
    );
  }
  const grid = parseGridFile(host.files.readText(path));
  if (grid.facts.contracts.matching !== deployment.contracts.matching) {
    throw new DeploymentError(
      'changed',
      `${path} is of an earlier deployment: run transax-operator grid export again`,
    );
  }
  return grid;
}

export function rpcOf(
  host: OperatorHost,
  settings: OperatorSettings,
  clock: Clock,
  identity: string,
): JsonRpc {
  const { rpc: urls } = settings.chain;
  return new JsonRpc({ urls, transport: host.transport(settings, urls), identity, clock });
}

/** The market's log; several endpoints have to tell it alike. @param fromBlock first to read */
export function feedOf(
  host: OperatorHost,
  settings: OperatorSettings,
  clock: Clock,
  of: { identity: string; deployment: Deployment; fromBlock: number },
): MarketFeed {
  const { rpc: urls, finality } = settings.chain;
  const { chainId, contracts } = of.deployment;
  return openMarketFeed({
    ...{ urls, transport: host.transport(settings, urls), identity: of.identity, clock },
    ...{ chainId, contracts, finality, fromBlock: of.fromBlock, log: host.log },
  });
}

export function outboxOf(
  sql: Sql,
  rpc: JsonRpc,
  settings: OperatorSettings,
  chainId: number,
  ports: { clock: Clock; log: Log; policy: Pick<SigningPolicy, 'check'> },
): Outbox {
  const store = new SqlOutboxStore(sql);
  const { finality } = settings.chain;
  return askingOutbox({ store, rpcFor: () => rpc, chainId, finality, ...ports });
}

/** It is there while a restore is under way. */
export function restoringPath({ files }: OperatorSettings): string {
  return `${files.books}.restore`;
}

/**
 * Opens the books; another command that has them open is waited for.
 * @param onLocked asked each time they are in use; what it returns ends the wait
 * @throws SqlError
 */
export async function openBooks<T = never>(
  host: OperatorHost,
  settings: OperatorSettings,
  clock: Clock,
  onLocked: () => Promise<T | null> = () => Promise.resolve(null),
): Promise<Sql | T> {
  if (host.files.exists(restoringPath(settings))) {
    const message = 'a restore was cut off: run transax-operator restore again';
    throw new BackupError('cut-off', message);
  }
  const endsAt = clock.monotonicMs() + BOOKS_WAIT_MS;
  for (;;) {
    try {
      return host.openSql(settings.files.books, { migrations: BOOKS_MIGRATIONS });
    } catch (error) {
      if (!(error instanceof SqlError) || error.code !== 'locked') throw error;
      const other = await onLocked();
      if (other !== null) return other;
      if (clock.monotonicMs() >= endsAt) throw error;
      await clock.delay(BOOKS_RETRY_MS, host.signal);
    }
  }
}

/** Said at each start, so that a lab's shortcuts are never taken for the real thing. */
export function sayLab(log: Log, settings: OperatorSettings): void {
  if (settings.lab.clearNet) log.warn('lab: clear net: the chain is reached without Tor');
  if (settings.lab.plainKeys) log.warn('lab: keys lie in their files without a passphrase');
  if (settings.lab.clock !== undefined) log.warn('lab: market time is not that of this machine');
}
