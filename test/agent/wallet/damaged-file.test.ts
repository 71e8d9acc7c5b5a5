/** A wallet that is not as it was: what is wrong is told apart, and never made anew in silence. */
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WALLET_MIGRATIONS } from '../../../agent/wallet/schema.ts';
import { createWallet, openWallet } from '../../../agent/wallet/wallet.ts';
import { WalletError } from '../../../agent/wallet/wallet-error.ts';
import { type Sql, SqlError } from '../../../host/ports.ts';
import { nodeRandom } from '../../../host/random.ts';
import { openSql } from '../../../host/sqlite.ts';
import { exampleGrid } from '../../fixtures/example-grid.ts';
import { agreeOnTime } from './agreed-time.ts';

const test = suite('wallet: damaged file');
const KEY = new Uint8Array(32).fill(7);
const OTHER = new Uint8Array(32).fill(8);
const GRID = exampleGrid('0x00000000000000000000000000000000000000aA');
const NOW = 20_000 * 86_400;
const PAGE_BYTES = 4096;
const TERMS = {
  ...{ side: 'sell' as const, firstInterval: 5, lastInterval: 6, energyWs: 9e5, maxPowerW: 1000 },
  ...{ priceMicroPerKwh: 280_000, isFlexible: false },
};

const open = (path: string, key = KEY): Sql =>
  openSql(path, { key, migrations: WALLET_MIGRATIONS });

/** @returns what stands in it */
function contentOf(path: string, key = KEY): string {
  const sql = open(path, key);
  try {
    const wallet = openWallet(sql, key, GRID, nodeRandom());
    const offers = wallet.liveOffers().map((offer) => [offer, wallet.keyOf(offer).privateKey]);
    return JSON.stringify([wallet.meterId, offers], (_, value) =>
      typeof value === 'bigint' ? `${value}` : value,
    );
  } finally {
    sql.close();
  }
}

function codeOf(path: string, key = KEY): string {
  try {
    contentOf(path, key);
    return 'none';
  } catch (error) {
    if (error instanceof SqlError || error instanceof WalletError) return error.code;
    throw error;
  }
}

function withWallet(work: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'transax-damaged-'));
  const path = join(folder, 'wallet.db');
  try {
    const sql = open(path);
    const wallet = createWallet(sql, KEY, GRID, nodeRandom());
    agreeOnTime(wallet, NOW);
    for (let at = 0; at < 30; at += 1) wallet.reserve(TERMS, NOW * 1000, 0, 99);
    sql.close();
    work(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('one flipped bit in any page is damage, or nothing is lost by it', () =>
  withWallet((path) => {
    const whole = contentOf(path);
    const bytes = readFileSync(path);
    const pages = bytes.length / PAGE_BYTES;
    let damaged = 0;
    for (let page = 0; page < pages; page += 1) {
      const flipped = Buffer.from(bytes);
      const at = page * PAGE_BYTES + 100 + ((page * 997) % 3900);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (page % 8));
      writeFileSync(path, flipped);
      const code = codeOf(path);
      if (code === 'damaged') damaged += 1;
      else assert.is(contentOf(path), whole, `page ${page}: ${code}`);
    }
    assert.ok(pages > 10 && damaged >= pages - 2, `${damaged} of ${pages} pages`);
  }));

test('a file that ends early is damage', () =>
  withWallet((path) => {
    const { length } = readFileSync(path);
    copyFileSync(path, `${path}.kept`);
    for (const size of [length - PAGE_BYTES, length - 100, PAGE_BYTES, 10, 0]) {
      copyFileSync(`${path}.kept`, path);
      truncateSync(path, size);
      assert.is(codeOf(path), 'damaged', `${size} bytes`);
    }
    unlinkSync(path);
    assert.is(codeOf(path), 'damaged', 'no file');
  }));

test("a wrong key and another meter's file are told from damage", () =>
  withWallet((path) => {
    assert.is(codeOf(path, OTHER), 'wrong-key');
    const sql = open(`${path}.other`, OTHER);
    createWallet(sql, OTHER, GRID, nodeRandom());
    sql.close();
    for (const end of ['', '.meta.json']) copyFileSync(`${path}.other${end}`, `${path}${end}`);
    assert.is(codeOf(path), 'wrong-key');
    assert.is(codeOf(path, OTHER), 'none');
  }));

test('addresses without the chain key, or a secret that is gone, stop the wallet', () =>
  withWallet((path) => {
    copyFileSync(path, `${path}.kept`);
    const changes = [
      "DELETE FROM secrets WHERE name = 'chain'",
      "DELETE FROM secrets WHERE name = 'identity'",
      'DELETE FROM secrets',
      "DELETE FROM facts WHERE name = 'format'",
    ];
    for (const change of changes) {
      copyFileSync(`${path}.kept`, path);
      const sql = open(path);
      sql.run(change);
      sql.close();
      assert.is(codeOf(path), 'incomplete', change);
      const again = open(path);
      assert.throws(
        () => createWallet(again, KEY, GRID, nodeRandom()),
        (error: unknown) => error instanceof WalletError && error.code === 'incomplete',
      );
      again.close();
    }
  }));

test('a wallet of an early release is refused in words', () =>
  withWallet((path) => {
    const sql = open(path);
    sql.run("UPDATE facts SET value = 'transax-wallet-1' WHERE name = 'format'");
    sql.close();
    assert.is(codeOf(path), 'old-format');
  }));

test.run();
