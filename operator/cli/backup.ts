/**
 * `transax-operator backup FOLDER`: while DSO and solver run, or not. Each database is copied as it
 * is at one moment, beside whoever writes it. The folder gets its name when all of it is on the
 * disk: one that is there is whole.
 */
import { BackupError, type BackupFile, MANIFEST, type Manifest } from '../backup.ts';
import type { OperatorSettings } from '../config.ts';
import type { OperatorHost } from '../host.ts';
import { isKeystore } from '../keystore.ts';
import type { Command } from './command.ts';
import { loadDeployment } from './context.ts';

/** What the keys of facts are in books.db. */
const FOLLOWED = 'followed block';
const SECRET = 0o400;
const PRIVATE = 0o600;

export const backup: Command = {
  words: ['backup'],
  takes: 'FOLDER',
  summary: 'copies books, keystores and what was given out, while the DSO runs',
  needs: ['the folder to make'],
  read: ({ positionals: [folder = ''], absolute }) => {
    const to = absolute(folder).replace(/\/$/, '');
    return (host, settings) => runBackup(host, settings, to);
  },
};

/** @throws BackupError, DeploymentError, SqlError, FileError */
export function runBackup(host: OperatorHost, settings: OperatorSettings, to: string): void {
  const { files, folders, log } = host;
  if (files.exists(to)) {
    throw new BackupError('exists', `${to} exists: a backup is never written over`);
  }
  const deployment = loadDeployment(host, settings);
  const partial = `${to}.partial`;
  // Of an earlier attempt that was cut off.
  folders.remove(partial);
  folders.make(partial);
  const block = copyDatabase(host, settings.files.books, `${partial}/books.db`);
  const names = ['books.db'];
  if (files.exists(settings.files.solver)) {
    copyDatabase(host, settings.files.solver, `${partial}/solver.db`);
    names.push('solver.db');
  }
  const copies: [string, string, number][] = [
    [settings.files.deployment, 'deployment.json', PRIVATE],
    [settings.files.grid, 'grid.json', PRIVATE],
  ];
  for (const role of ['dso', 'solver'] as const) {
    const path = settings.keys[role];
    if (!files.exists(path)) continue;
    if (isKeystore(host.readSecret(path))) copies.push([path, `${role}.json`, SECRET]);
    else log.warn('a key without a passphrase is not put into a backup', { path });
  }
  for (const [from, name, mode] of copies) {
    if (!files.exists(from)) continue;
    folders.copy(from, `${partial}/${name}`, mode);
    names.push(name);
  }
  const manifest: Manifest = {
    format: 'transax-backup-1',
    madeAt: new Date(host.wallMs()).toISOString(),
    chainId: deployment.chainId,
    matching: deployment.contracts.matching,
    block,
    files: names.map((name): BackupFile => ({ name, ...folders.measure(`${partial}/${name}`) })),
  };
  files.writeText(`${partial}/${MANIFEST}`, `${JSON.stringify(manifest, null, 2)}\n`, PRIVATE);
  folders.sync(partial);
  folders.rename(partial, to);
  host.print(to);
  log.info('the backup is on the disk: who has it knows whose each address is', {
    block,
    files: names.length,
  });
}

/** @returns the last block that it knows, of books */
function copyDatabase(host: OperatorHost, from: string, to: string): number | null {
  const sql = host.openSql(from, { readOnly: true });
  try {
    sql.run('VACUUM INTO ?', to);
  } finally {
    sql.close();
  }
  host.folders.sync(to);
  const copy = host.openSql(to, { readOnly: true });
  try {
    const facts = copy.get("SELECT 1 FROM sqlite_schema WHERE name = 'facts'");
    if (facts === undefined) return null;
    const row = copy.get('SELECT value FROM facts WHERE name = ?', FOLLOWED);
    return row === undefined ? null : Number(row.value);
  } finally {
    copy.close();
  }
}
