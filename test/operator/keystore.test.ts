/** Keystores: the standard form, both ways with another program, and every way to be wrong. */
import { decryptKeystoreJson, encryptKeystoreJson, hexlify } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeKeystoreCipher as cipher } from '../../host/keystore-cipher.ts';
import { nodeRandom } from '../../host/random.ts';
import { addressOf } from '../../operator/keys.ts';
import { addressIn, KeystoreError, openKey, sealKey } from '../../operator/keystore.ts';

const test = suite('operator: keystore');

const KEY = new Uint8Array(32).fill(7);
const ADDRESS = addressOf(KEY);
const PASSPHRASE = 'zwölf Boxkämpfer';
/** Quick; what is made for use has the standard cost. */
const LIGHT_N = 2 ** 10;
const seal = (newN = LIGHT_N) =>
  sealKey(KEY, PASSPHRASE, { cipher: { ...cipher, newN }, random: nodeRandom() });

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'none';
  } catch (error) {
    if (!(error instanceof KeystoreError)) throw error;
    return error.code;
  }
}

test('another program opens ours, and we open its', async () => {
  const ours = await seal();
  const theirs = await decryptKeystoreJson(ours, PASSPHRASE);
  assert.equal([theirs.privateKey, theirs.address], [hexlify(KEY), ADDRESS]);
  const scrypt = { N: LIGHT_N, r: 8, p: 1 };
  const account = { address: ADDRESS, privateKey: hexlify(KEY) };
  const made = await encryptKeystoreJson(account, PASSPHRASE, { scrypt });
  assert.equal(await openKey(made, 'k', PASSPHRASE, cipher), KEY);
  assert.is(addressIn(made, 'k'), ADDRESS);
  assert.not.ok(ours.toLowerCase().includes('07'.repeat(8)));
});

test('the standard cost is paid beside the event loop, within seconds', async () => {
  const text = await seal(cipher.newN);
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 10);
  const beganAt = performance.now();
  assert.equal(await openKey(text, 'k', PASSPHRASE, cipher), KEY);
  const tookMs = performance.now() - beganAt;
  clearInterval(timer);
  assert.ok(tookMs < 10_000, `${tookMs} ms`);
  assert.ok(turns > tookMs / 100, `${turns} turns in ${tookMs} ms`);
});

test('a wrong passphrase, a damaged file and a strange one are told apart', async () => {
  const text = await seal();
  const open = (given: string, passphrase = PASSPHRASE) =>
    codeOf(() => openKey(given, 'k', passphrase, cipher));
  assert.is(await open(text), 'none');
  assert.is(await open(text, `${PASSPHRASE} `), 'wrong-passphrase');
  assert.is(await open(text, ''), 'wrong-passphrase');
  assert.is(await open(text.slice(0, 200)), 'damaged');
  assert.is(await open(''), 'damaged');
  // One digit of each field, wherever it stands.
  const digits = [...text.matchAll(/"(ciphertext|mac|salt|iv|address)": "([0-9a-f]+)"/g)];
  assert.is(digits.length, 5);
  for (const { 0: whole, 1: name, index } of digits) {
    const at = index + whole.length - 2;
    const other = text[at] === '0' ? '1' : '0';
    assert.is(await open(text.slice(0, at) + other + text.slice(at + 1)), 'damaged', name);
  }
  const bare = JSON.parse(text);
  delete bare['x-transax-checksum'];
  const changed = (change: object, kdfparams: object = {}) =>
    JSON.stringify({
      ...bare,
      ...change,
      crypto: { ...bare.crypto, kdfparams: { ...bare.crypto.kdfparams, ...kdfparams } },
    });
  assert.is(await open(changed({})), 'none');
  assert.is(await open(changed({ address: '11'.repeat(20) })), 'damaged');
  assert.is(await open(changed({ version: 1 })), 'unsupported');
  // A file may not make us fill the memory.
  for (const work of [{ n: 2 ** 30 }, { n: 1000 }, { r: 2 ** 20 }, { p: 2 ** 20 }]) {
    assert.is(await open(changed({}, work)), 'unsupported', JSON.stringify(work));
  }
  assert.is(await codeOf(() => sealKey(KEY, 'short', { cipher, random: nodeRandom() })), 'weak');
});

test.run();
