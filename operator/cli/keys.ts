/**
 * `transax-operator keys create|list|import|passphrase`: keystores of the operator's keys. No key
 * and no passphrase is ever printed.
 */
import { FileError } from '../../host/ports.ts';
import type { OperatorSettings } from '../config.ts';
import { parseDeployment } from '../deployment.ts';
import type { OperatorHost } from '../host.ts';
import {
  addressAt,
  askTwice,
  KEY_ROLES,
  type KeyRole,
  makeKey,
  newPassphrase,
  readKey,
} from '../key-ring.ts';
import { addressOf } from '../keys.ts';
import { isKeystore, KeystoreError, openKey, sealKey } from '../keystore.ts';
import { type Command, UsageError } from './command.ts';
import { tableText } from './table-text.ts';

const KEYSTORE_MODE = 0o400;

export const keysCreate: Command = {
  words: ['keys', 'create'],
  takes: 'owner|dso|solver [--out FILE]',
  summary: 'makes a key under a passphrase, here or in FILE',
  options: ['out'],
  needs: ['the role of a key'],
  read: ({ positionals: [word = ''], options, absolute }) => {
    const role = roleOf(word);
    const out = options.out === undefined ? null : absolute(options.out);
    return async (host, settings) => {
      const key = await makeKey(host, settings, role, out ?? settings.keys[role]);
      host.print(addressOf(key));
    };
  },
};

export const keysList: Command = {
  words: ['keys', 'list'],
  takes: '[--json]',
  summary: 'files and addresses of the keys',
  options: ['json'],
  read:
    ({ options }) =>
    (host, settings) =>
      runKeysList(host, settings, options.json === true),
};

export const keysImport: Command = {
  words: ['keys', 'import'],
  takes: 'owner|dso|solver FILE [--out KEYSTORE]',
  summary: 'puts a key of another file under a passphrase',
  options: ['out'],
  needs: ['the role of a key', 'the file to import'],
  read: ({ positionals: [word = '', file = ''], options, absolute }) => {
    const role = roleOf(word);
    const out = options.out === undefined ? null : absolute(options.out);
    return (host, settings) => runKeysImport(host, settings, { role, from: absolute(file), out });
  },
};

export const keysPassphrase: Command = {
  words: ['keys', 'passphrase'],
  takes: 'owner|dso|solver [--new-passphrase FILE]',
  summary: 'puts a keystore under another passphrase, typed or read from FILE',
  options: ['new-passphrase'],
  needs: ['the role of a key'],
  read: ({ positionals: [word = ''], options, absolute }) => {
    const role = roleOf(word);
    const given = options['new-passphrase'];
    const from = given === undefined ? null : absolute(given);
    return (host, settings) => runKeysPassphrase(host, settings, role, from);
  },
};

/** @throws UsageError */
export function roleOf(word: string): KeyRole {
  const role = KEY_ROLES.find((each) => each === word);
  if (role !== undefined) return role;
  throw new UsageError(`"${word}" is not the role of a key: ${KEY_ROLES.join(', ')}`);
}

interface KeyFacts {
  role: KeyRole;
  path: string;
  state: 'keystore' | 'plain' | 'missing' | 'unreadable';
  address: string | null;
  /** Whether it is the key that the deployment names; null where that cannot be said. */
  isDeployed: boolean | null;
  problem: string | null;
}

function runKeysList(host: OperatorHost, settings: OperatorSettings, isJson: boolean): void {
  const { files } = host;
  const path = settings.files.deployment;
  const deployment = files.exists(path) ? parseDeployment(files.readText(path), path) : null;
  const keys = KEY_ROLES.map((role) => {
    const facts = factsOf(host, settings.keys[role], role);
    const isDeployed =
      deployment === null || facts.address === null ? null : facts.address === deployment[role];
    return { ...facts, isDeployed };
  });
  if (isJson) {
    host.print(JSON.stringify(keys));
    return;
  }
  const rows = keys.map(({ role, state, address, isDeployed, path: at, problem }) => [
    ...[role, state, address ?? '', isDeployed === false ? 'not the deployed one' : ''],
    ...[at, problem ?? ''],
  ]);
  host.print(tableText(['key', 'state', 'address', '', 'file', ''], rows));
}

function factsOf(host: OperatorHost, path: string, role: KeyRole): Omit<KeyFacts, 'isDeployed'> {
  try {
    const state = isKeystore(host.readSecret(path)) ? 'keystore' : 'plain';
    return { role, path, state, address: addressAt(host, path, role), problem: null };
  } catch (error) {
    if (!(error instanceof FileError) && !(error instanceof KeystoreError)) throw error;
    const state = error.code === 'missing' ? 'missing' : 'unreadable';
    return { role, path, state, address: null, problem: error.message };
  }
}

async function runKeysImport(
  host: OperatorHost,
  settings: OperatorSettings,
  { role, from, out }: { role: KeyRole; from: string; out: string | null },
): Promise<void> {
  const key = isKeystore(host.readSecret(from))
    ? await readKey(host, settings, role, from)
    : host.readKey(from);
  const path = out ?? settings.keys[role];
  const sealed = await sealKey(key, await newPassphrase(host, settings, role), host);
  // Into its own place: it is whole there at any moment, the plain one before or the new one.
  if (path === from) host.files.writeText(path, sealed, KEYSTORE_MODE);
  else host.writeSecret(path, sealed);
  host.print(addressOf(key));
  host.log.info('the key is under a passphrase', { path });
  if (path !== from) {
    host.log.warn('the file it came from is still there: destroy it', { path: from });
  }
}

async function runKeysPassphrase(
  host: OperatorHost,
  settings: OperatorSettings,
  role: KeyRole,
  from: string | null,
): Promise<void> {
  const path = settings.keys[role];
  const key = await readKey(host, settings, role);
  const passphrase =
    from === null
      ? await askTwice(host, settings, role, `new passphrase of the ${role} key: `)
      : host.readSecret(from).replace(/\r?\n$/, '');
  const sealed = await sealKey(key, passphrase, host);
  // Never the only copy of a key under a passphrase that does not open it.
  await openKey(sealed, path, passphrase, host.cipher);
  host.files.writeText(path, sealed, KEYSTORE_MODE);
  host.print(addressOf(key));
  host.log.info('the keystore has its new passphrase; older copies keep the old one', { path });
}
