/**
 * Keys of the relays of private networks. To make them takes seconds, and ports are not in them: so
 * they are made once and kept in `.cache/tor-keys`. They guard nothing.
 */
import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TorError } from './tor-error.ts';

const CACHE = fileURLToPath(new URL('../../.cache/tor-keys', import.meta.url));
/** Certificates are made for a year. */
const MAX_AGE_MS = 300 * 24 * 3_600_000;
const MADE = 'fingerprint';

export interface RelayKeys {
  fingerprint: string;
  v3Ident: string | null;
}

/**
 * Puts the keys of a relay into its new data directory.
 * @throws TorError when there are none and none can be made
 */
export async function giveKeys(
  name: string,
  isAuthority: boolean,
  directory: string,
): Promise<RelayKeys> {
  const kept = join(CACHE, name);
  const isOld =
    existsSync(join(kept, MADE)) && Date.now() - statSync(join(kept, MADE)).mtimeMs > MAX_AGE_MS;
  if (isOld) rmSync(kept, { recursive: true, force: true });
  if (!existsSync(join(kept, MADE))) await makeKeys(name, isAuthority, kept);
  cpSync(join(kept, 'keys'), join(directory, 'keys'), { recursive: true });
  const [, fingerprint = ''] = readFileSync(join(kept, MADE), 'utf8').trim().split(' ');
  return { fingerprint, v3Ident: isAuthority ? v3IdentIn(join(kept, 'keys')) : null };
}

/** In a folder beside, so that two runs at once do no harm to each other. */
async function makeKeys(name: string, isAuthority: boolean, kept: string): Promise<void> {
  mkdirSync(dirname(kept), { recursive: true });
  const making = mkdtempSync(`${kept}-`);
  const keys = join(making, 'keys');
  mkdirSync(keys, { mode: 0o700 });
  try {
    if (isAuthority) {
      const file = (part: string) => join(keys, `authority_${part}`);
      const names = ['-i', file('identity_key'), '-s', file('signing_key')];
      await runWith('a passphrase\n', 'tor-gencert', [
        ...['--create-identity-key', '--passphrase-fd', '0', '-m', '12'],
        ...[...names, '-c', file('certificate')],
      ]);
    }
    // It wants to know an authority, though it asks none.
    const nobody = `x orport=1 v3ident=${'A'.repeat(40)} 127.0.0.1:1 ${'B'.repeat(40)}`;
    await runWith('', 'tor', [
      ...['--quiet', '--list-fingerprint', '-f', '-', '--DataDirectory', making],
      ...['--ORPort', '127.0.0.1:9', '--Nickname', name, '--DirAuthority', nobody],
      ...['--TestingTorNetwork', '1'],
    ]);
    if (!existsSync(join(kept, MADE))) renameSync(making, kept);
  } catch (cause) {
    if (!existsSync(join(kept, MADE))) throw cause;
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

function v3IdentIn(keys: string): string {
  const certificate = readFileSync(join(keys, 'authority_certificate'), 'utf8');
  const [, found] = /^fingerprint ([0-9A-F]{40})$/m.exec(certificate) ?? [];
  if (found === undefined) throw new TorError('start', `${keys}: this is no certificate`);
  return found;
}

function runWith(input: string, program: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    let told = '';
    child.stderr.on('data', (piece) => {
      told += piece;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new TorError('start', `${program} ended with ${code}: ${told.trim()}`));
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
