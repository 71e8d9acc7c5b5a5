import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { computeAddress } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { OwnTerms } from '../../../agent/traders/own-offer.ts';
import { Seal } from '../../../agent/wallet/keys.ts';
import { WALLET_MIGRATIONS } from '../../../agent/wallet/schema.ts';
import { createWallet, openWallet } from '../../../agent/wallet/wallet.ts';
import { WalletError } from '../../../agent/wallet/wallet-error.ts';
import { type Sql, SqlError } from '../../../host/ports.ts';
import { nodeRandom } from '../../../host/random.ts';
import { openSql } from '../../../host/sqlite.ts';
import { exampleGrid } from '../../fixtures/example-grid.ts';
import { agreeOnTime } from './agreed-time.ts';

const test = suite('wallet');
const KEY = new Uint8Array(32).fill(7);
const ADDRESS = '0x00000000000000000000000000000000000000aA';
const GRID = exampleGrid(ADDRESS, { deployedAtBlock: 3 });
const DAY_MS = 86_400_000;
const NOW = 20_000 * 86_400 + 3_600;
const NOW_MS = NOW * 1000;
const TERMS: OwnTerms = {
  side: 'buy',
  firstInterval: 5,
  lastInterval: 6,
  energyWs: 900_000,
  maxPowerW: 1000,
  priceMicroPerKwh: 280_000,
  isFlexible: false,
};

async function inFolder(
  work: (path: string, open: (key?: Uint8Array) => Sql) => void,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'transax-wallet-'));
  const path = join(folder, 'wallet.db');
  try {
    work(path, (key = KEY) => openSql(path, { key, migrations: WALLET_MIGRATIONS }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof WalletError || error instanceof SqlError) return error.code;
    throw error;
  }
  return 'none';
}

test('everything is there again after a restart, down to the trades', () =>
  inFolder((_, open) => {
    const first = open();
    const wallet = createWallet(first, KEY, GRID, nodeRandom());
    agreeOnTime(wallet, NOW);
    const offer = wallet.reserve(TERMS, NOW_MS, NOW_MS + 1, 99);
    Object.assign(offer, { state: 'posted', assetId: 3, offerId: 4, heldMicro: 2n ** 60n });
    offer.trades.set(5, 321);
    wallet.keep([offer], { 'log.next-block': '17' });
    const meterId = wallet.meterId;
    first.close();
    const second = open();
    const again = openWallet(second, KEY, GRID, nodeRandom());
    assert.is(again.meterId, meterId);
    assert.equal(again.liveOffers(), [offer]);
    assert.is(again.fact('log.next-block'), '17');
    second.close();
  }));

test('an index belongs to its moment, and the next to the next', () =>
  inFolder((_, open) => {
    const sql = open();
    const wallet = createWallet(sql, KEY, GRID, nodeRandom());
    agreeOnTime(wallet, NOW);
    const offers = [0, 0, 1].map((day) => {
      wallet.agree(NOW_MS + day * DAY_MS, NOW + day * 86_400);
      return wallet.reserve(TERMS, NOW_MS, 0, 0);
    });
    // A fifteenth of 900 s, 4096 indexes for each.
    const first = (NOW / 60) * 4096;
    assert.equal(
      offers.map((offer) => offer.index),
      [first, first + 1, first + 1440 * 4096],
    );
    assert.is(new Set(offers.map((offer) => offer.address)).size, 3);
    assert.is(wallet.outbox.nextNonce(offers[0]?.address ?? ''), 0);
    sql.close();
  }));

test('a wrong key, another grid and an empty file are told apart, and nothing is made anew', () =>
  inFolder((_, open) => {
    const sql = open();
    assert.is(
      codeOf(() => openWallet(sql, KEY, GRID, nodeRandom())),
      'empty',
    );
    createWallet(sql, KEY, GRID, nodeRandom());
    assert.is(
      codeOf(() => openWallet(sql, KEY, { ...GRID, chainId: 2 }, nodeRandom())),
      'other-grid',
    );
    assert.is(
      codeOf(() => createWallet(sql, KEY, { ...GRID, chainId: 2 }, nodeRandom())),
      'other-grid',
    );
    assert.is(
      codeOf(() => openWallet(sql, new Uint8Array(32), GRID, nodeRandom())),
      'wrong-key',
    );
    sql.close();
    assert.is(
      codeOf(() => open(new Uint8Array(32).fill(8))),
      'wrong-key',
    );
    assert.is(
      codeOf(() => open()),
      'none',
    );
  }));

test('neither addresses nor secrets stand on the disk in clear', () =>
  inFolder((path, open) => {
    const sql = open();
    const wallet = createWallet(sql, KEY, GRID, nodeRandom());
    agreeOnTime(wallet, NOW);
    const { address } = wallet.reserve(TERMS, NOW_MS, 0, 0);
    for (const name of readdirSync(join(path, '..'))) {
      const bytes = readFileSync(join(path, '..', name)).toString('latin1');
      assert.not.match(bytes, new RegExp(address.slice(2), 'i'));
      assert.not.match(bytes, new RegExp(wallet.meterId.slice(2), 'i'));
    }
    sql.close();
  }));

test("the solver's key is the same after a restart, and no offer's", () =>
  inFolder((_, open) => {
    let sql = open();
    const wallet = createWallet(sql, KEY, GRID, nodeRandom());
    const solver = computeAddress(wallet.solverKey.publicKey);
    assert.is.not(solver, wallet.meterId);
    wallet.close();
    sql = open();
    const again = openWallet(sql, KEY, GRID, nodeRandom());
    assert.is(computeAddress(again.solverKey.publicKey), solver);
    sql.close();
  }));

test('a secret opens under its own key and name alone', () => {
  const seal = new Seal(KEY);
  const secret = new Uint8Array(32).fill(9);
  const sealed = seal.seal('seed', secret);
  assert.not.equal(sealed.slice(0, 12), seal.seal('other', secret).slice(0, 12), 'nonces');
  assert.equal(seal.open('seed', sealed), secret);
  assert.is(seal.open('identity', sealed), null);
  assert.is(new Seal(new Uint8Array(32)).open('seed', sealed), null);
  sealed[20] = (sealed[20] ?? 0) ^ 1;
  assert.is(seal.open('seed', sealed), null);
});

test.run();
