/**
 * `transax-operator restore FOLDER`: puts a backup back. What is here is moved aside, never taken
 * away, and a note beside the books says that a restore is under way: while it is there nothing
 * opens the books, so that a restore that was cut off is run again and not worked with.
 *
 * The restored books know that they are: the DSO reads the log from their block on, takes nonces
 * from the chain, and grants nothing new before what it granted since is claimed or over.
 *
 * What the solver signed is not put back: an old solver.db would use nonces again, a new one asks.
 */

import { SqlError } from '../../host/ports.ts';
import { parseGridFile, termOf } from '../../market/grid-json.ts';
import { BackupError, MANIFEST, type Manifest, parseManifest } from '../backup.ts';
import { NONCES_RAISED, RESTORED } from '../books/restored.ts';
import { BOOKS_MIGRATIONS } from '../books/schema.ts';
import type { OperatorSettings } from '../config.ts';
import { parseDeployment } from '../deployment.ts';
import type { OperatorHost } from '../host.ts';
import type { Command } from './command.ts';
import { restoringPath } from './context.ts';

const FOLLOWED = 'followed block';
const PRIVATE = 0o600;
const SECRET = 0o400;
/** What SQLite keeps beside a database. */
const BESIDE = ['-wal', '-shm'];

export const restore: Command = {
  words: ['restore'],
  takes: 'FOLDER [--force]',
  summary: 'puts a backup back; --force also over books that know more',
  options: ['force'],
  needs: ['the folder of a backup'],
  read: ({ positionals: [folder = ''], options, absolute }) => {
    const from = absolute(folder).replace(/\/$/, '');
    return (host, settings) => runRestore(host, settings, from, options.force === true);
  },
};

/** @throws BackupError, SqlError, FileError */
export function runRestore(
  host: OperatorHost,
  settings: OperatorSettings,
  from: string,
  isForced: boolean,
): void {
  const { files, folders, log } = host;
  const manifest = verified(host, from);
  const { books, solver } = settings.files;
  const note = restoringPath(settings);
  checkMarket(host, settings, manifest);
  const release = [books, solver]
    .filter((path) => files.exists(path))
    .map((path) => {
      const lock = takeAlone(host, path);
      return () => lock?.close();
    });
  try {
    if (!files.exists(note)) checkOlder(host, books, manifest, isForced);
  } finally {
    for (const close of release) close();
  }
  files.writeText(note, `${from}\n`, PRIVATE);
  const names = manifest.files.map(({ name }) => name);
  const aside = `before-restore-${host.wallMs()}`;
  const next = `${books}.restoring`;
  for (const end of ['', ...BESIDE, '.lock']) folders.remove(`${next}${end}`);
  folders.copy(`${from}/books.db`, next, PRIVATE);
  markRestored(host, next, manifest);
  // A log that is left beside another database would be played into it.
  for (const end of [...BESIDE, '']) {
    if (files.exists(`${books}${end}`)) folders.rename(`${books}${end}`, `${books}${end}.${aside}`);
  }
  folders.rename(next, books);
  restoreRest(host, settings, from, names);
  folders.remove(note);
  host.print(books);
  log.info('restored: start the DSO; what it granted since is claimed by the meters', {
    madeAt: manifest.madeAt,
    block: manifest.block,
    aside,
  });
}

/** All of it is there and as it was. @throws BackupError */
function verified({ files, folders }: OperatorHost, from: string): Manifest {
  if (!files.exists(`${from}/${MANIFEST}`)) {
    throw new BackupError('malformed', `${from} is no backup: it has no ${MANIFEST}`);
  }
  const manifest = parseManifest(files.readText(`${from}/${MANIFEST}`), MANIFEST);
  for (const { name, bytes, sha256 } of manifest.files) {
    const path = `${from}/${name}`;
    const is = files.exists(path) ? folders.measure(path) : null;
    if (is?.bytes === bytes && is.sha256 === sha256) continue;
    throw new BackupError('damaged', `${path} is not as it was backed up: take another backup`);
  }
  if (manifest.files.some(({ name }) => name === 'books.db')) return manifest;
  throw new BackupError('malformed', `${from} is no backup: it has no books.db`);
}

function checkMarket(host: OperatorHost, settings: OperatorSettings, manifest: Manifest): void {
  const path = settings.files.deployment;
  if (!host.files.exists(path)) return;
  const { contracts, chainId } = parseDeployment(host.files.readText(path), path);
  if (contracts.matching === manifest.matching && chainId === manifest.chainId) return;
  throw new BackupError(
    'other-market',
    `the backup is of the market ${manifest.chainId}:${manifest.matching}, ${path} of ` +
      `${chainId}:${contracts.matching}`,
  );
}

/** Nobody else has it open; null where it is so damaged that nobody can. */
function takeAlone(host: OperatorHost, path: string) {
  try {
    return host.openSql(path, {});
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    if (error.code === 'damaged') return null;
    if (error.code !== 'locked') throw error;
    throw new BackupError('in-use', `${path} is in use: stop DSO and solver first`);
  }
}

/** Going back loses what was learned since. @throws BackupError 'newer' */
function checkOlder(
  host: OperatorHost,
  books: string,
  manifest: Manifest,
  isForced: boolean,
): void {
  const block = host.files.exists(books) ? blockOf(host, books) : null;
  if (block === null || block <= (manifest.block ?? -1) || isForced) return;
  throw new BackupError(
    'newer',
    `${books} knows the log to block ${block}, the backup only to ${manifest.block ?? 'none'}: ` +
      '--force moves these books aside',
  );
}

function blockOf(host: OperatorHost, books: string): number | null {
  try {
    const sql = host.openSql(books, { readOnly: true });
    try {
      const row = sql.get('SELECT value FROM facts WHERE name = ?', FOLLOWED);
      return row === undefined ? null : Number(row.value);
    } finally {
      sql.close();
    }
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    host.log.warn('these books cannot be read; they are moved aside', { reason: error.message });
    return null;
  }
}

/** In the copy, before it takes its place: no DSO ever works with it without knowing. */
function markRestored(host: OperatorHost, path: string, { block }: Manifest): void {
  const sql = host.openSql(path, { migrations: BOOKS_MIGRATIONS });
  try {
    sql.run(
      'INSERT INTO facts(name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = ' +
        'excluded.value',
      RESTORED,
      String(block ?? 0),
    );
    sql.run('DELETE FROM facts WHERE name = ?', NONCES_RAISED);
  } finally {
    sql.close();
  }
  for (const end of [...BESIDE, '.lock']) host.folders.remove(`${path}${end}`);
}

/** What is missing here; a grid file that is here and newer stays. */
function restoreRest(
  host: OperatorHost,
  settings: OperatorSettings,
  from: string,
  names: readonly string[],
): void {
  const { files, folders, log } = host;
  const rest: [string, string, number][] = [
    ['deployment.json', settings.files.deployment, 0o644],
    ['grid.json', settings.files.grid, 0o644],
    ['dso.json', settings.keys.dso, SECRET],
    ['solver.json', settings.keys.solver, SECRET],
  ];
  for (const [name, path, mode] of rest) {
    if (!names.includes(name)) continue;
    const isOlder = name === 'grid.json' && files.exists(path) && isOlderGrid(host, path, from);
    if (files.exists(path) && !isOlder) {
      log.info('kept as it is here', { path });
      continue;
    }
    folders.copy(`${from}/${name}`, `${path}.restoring`, mode);
    folders.rename(`${path}.restoring`, path);
  }
}

function isOlderGrid({ files }: OperatorHost, path: string, from: string): boolean {
  const here = parseGridFile(files.readText(path)).facts;
  const there = parseGridFile(files.readText(`${from}/grid.json`)).facts;
  if (termOf(here) !== termOf(there)) return termOf(here) < termOf(there);
  return here.issue < there.issue;
}
