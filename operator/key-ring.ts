/**
 * The operator's keys by their roles: which file, whose passphrase, and where that comes from:
 * a systemd credential (`dso-passphrase`), a file of mode 0400 named in the settings, or whoever
 * sits at the terminal. Never the command line or the environment, which others can see.
 */
import { FileError } from '../host/ports.ts';
import type { OperatorSettings } from './config.ts';
import type { OperatorHost } from './host.ts';
import { addressOf } from './keys.ts';
import { addressIn, isKeystore, KeystoreError, openKey, sealKey } from './keystore.ts';

export const KEY_ROLES = ['owner', 'dso', 'solver'] as const;
export type KeyRole = (typeof KEY_ROLES)[number];

type Host = Pick<
  OperatorHost,
  | 'files'
  | 'random'
  | 'log'
  | 'cipher'
  | 'readKey'
  | 'writeKey'
  | 'readSecret'
  | 'writeSecret'
  | 'credentialPath'
  | 'askHidden'
>;
type Settings = Pick<OperatorSettings, 'keys' | 'lab'>;

const KEY_BYTES = 32;
/** How often a passphrase may be mistyped. */
const TRIES = 3;

/** A key that must be there. @throws FileError, KeystoreError */
export async function readKey(
  host: Host,
  settings: Settings,
  role: KeyRole,
  path = settings.keys[role],
): Promise<Uint8Array> {
  const text = textOf(host, path, role);
  if (isKeystore(text)) return openWithPassphrase(host, settings, role, { path, text });
  if (settings.lab.plainKeys) return host.readKey(path);
  throw new KeystoreError(
    'plain',
    `${path} holds a key without a passphrase: run transax-operator keys import ${role} ${path}, ` +
      'or in a lab say [lab] plain_keys = true',
  );
}

/** Whose key it is, without its passphrase; null where the file does not say. */
export function addressAt(host: Host, path: string, role: KeyRole): string | null {
  const text = textOf(host, path, role);
  return isKeystore(text) ? addressIn(text, path) : addressOf(host.readKey(path));
}

/** Makes a key where there is none yet. @throws FileError, KeystoreError */
export async function makeKey(
  host: Host,
  settings: Settings,
  role: KeyRole,
  path = settings.keys[role],
): Promise<Uint8Array> {
  const key = host.random.bytes(KEY_BYTES);
  if (settings.lab.plainKeys) host.writeKey(path, key);
  else {
    const passphrase = await newPassphrase(host, settings, role);
    host.writeSecret(path, await sealKey(key, passphrase, host));
  }
  host.log.info('a key was made', { path, address: addressOf(key) });
  return key;
}

/** One to set: at the terminal it is typed twice. @throws KeystoreError */
export async function newPassphrase(
  host: Host,
  settings: Settings,
  role: KeyRole,
): Promise<string> {
  const stored = storedPassphrase(host, settings, role);
  if (stored !== null) return stored;
  return askTwice(host, settings, role, `new passphrase of the ${role} key: `);
}

/** @throws KeystoreError */
export async function askTwice(
  host: Host,
  settings: Settings,
  role: KeyRole,
  question: string,
): Promise<string> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const first = await host.askHidden(question);
    if (first === null) throw nobodyToAsk(settings, role);
    if ((await host.askHidden('the same again: ')) === first) return first;
    host.log.warn('the two differ');
  }
  throw new KeystoreError('wrong-passphrase', 'no passphrase was typed twice alike');
}

async function openWithPassphrase(
  host: Host,
  settings: Settings,
  role: KeyRole,
  { path, text }: { path: string; text: string },
): Promise<Uint8Array> {
  // A damaged file is told before anybody is asked for anything.
  const address = addressIn(text, path);
  const stored = storedPassphrase(host, settings, role);
  if (stored !== null) return openKey(text, path, stored, host.cipher);
  for (let tries = 1; ; tries += 1) {
    const typed = await host.askHidden(`passphrase of the ${role} key ${address ?? path}: `);
    if (typed === null) throw nobodyToAsk(settings, role);
    try {
      return await openKey(text, path, typed, host.cipher);
    } catch (error) {
      if (!(error instanceof KeystoreError) || error.code !== 'wrong-passphrase') throw error;
      if (tries >= TRIES) throw error;
      host.log.warn('that passphrase does not fit');
    }
  }
}

/** Null when it has to be asked for. @throws FileError, KeystoreError */
function storedPassphrase(host: Host, settings: Settings, role: KeyRole): string | null {
  const credential = host.credentialPath(`${role}-passphrase`);
  const named = settings.keys.passphrases[role];
  const path = credential !== null && host.files.exists(credential) ? credential : named;
  if (path === null) return null;
  const text = host.readSecret(path).replace(/\r?\n$/, '');
  if (text !== '') return text;
  throw new KeystoreError('no-passphrase', `${path} is empty: it should hold a passphrase`);
}

function nobodyToAsk({ keys }: Settings, role: KeyRole): KeystoreError {
  return new KeystoreError(
    'no-passphrase',
    `the ${role} key ${keys[role]} needs its passphrase, and nobody is here to be asked: give ` +
      `the systemd credential ${role}-passphrase, or name a file in [keys] ${role}_passphrase`,
  );
}

function textOf(host: Host, path: string, role: KeyRole): string {
  try {
    return host.readSecret(path);
  } catch (error) {
    if (!(error instanceof FileError) || error.code !== 'missing') throw error;
    const hint = `${error.message}; check [keys] ${role}, or run transax-operator deploy`;
    throw new FileError(path, error.code, hint, error);
  }
}
