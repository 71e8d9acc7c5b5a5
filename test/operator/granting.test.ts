/** From accepted to signed, killed in between: books and outbox in one real file. */
import { join } from 'node:path';
import { getBytes, Interface, Transaction, Wallet } from 'ethers';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ASSETS_ABI } from '../../chain/abi.ts';
import { GAS_MAX } from '../../chain/calls.ts';
import { askingOutbox } from '../../chain/outbox.ts';
import { type NewOutboxEntry, SqlOutboxStore } from '../../chain/outbox-store.ts';
import type { Sql } from '../../host/ports.ts';
import { openSql } from '../../host/sqlite.ts';
import { intervalAt } from '../../market/intervals.ts';
import type { AssetRequest, Withdrawal } from '../../market/messages.ts';
import { Books } from '../../operator/books/books.ts';
import { BOOKS_MIGRATIONS } from '../../operator/books/schema.ts';
import { GRANTS_AT_ONCE, Granting } from '../../operator/dso/granting.ts';
import { LogKeeper } from '../../operator/dso/log-keeper.ts';
import { laxPolicy } from '../chain/lax-policy.ts';
import { stillClock } from '../chain/scripted-transport.ts';
import { exampleGrid } from '../fixtures/example-grid.ts';
import { temporaryFolder } from '../host/temporary-folder.ts';
import { assetAt } from './world.ts';

const test = suite('granting');

const keyOf = (number: number) => `0x${number.toString(16).padStart(64, '0')}`;
const METER = new Wallet(keyOf(1)).address;
const DSO_KEY = keyOf(3);
const GRID = exampleGrid(new Wallet(DSO_KEY).address);
const GATHER_MS = 5_000;
const assetsContract = new Interface(ASSETS_ABI);

/** Dies with the transaction that it was about to keep. */
class DyingStore extends SqlOutboxStore {
  override insert(entry: NewOutboxEntry): never {
    super.insert(entry);
    throw new Error('killed');
  }
}

function setUp() {
  const { path, dispose } = temporaryFolder();
  const file = join(path, 'books.db');
  const clock = stillClock();
  let sql: Sql = openSql(file, { migrations: BOOKS_MIGRATIONS });
  const parts = (store: SqlOutboxStore = new SqlOutboxStore(sql)) => {
    const books = new Books(sql);
    const rpcFor = () => {
      throw new Error('nothing is sent here');
    };
    const { finality, chainId } = GRID;
    const outbox = askingOutbox({ store, rpcFor, chainId, finality, clock, policy: laxPolicy });
    const ports = { books, outbox, grid: GRID, key: getBytes(DSO_KEY), gatherMs: GATHER_MS, clock };
    const log = { info() {}, warn() {}, error() {} };
    const keeper = new LogKeeper({ books, outbox: store, clock, log });
    return { books, store, granting: new Granting(ports), keeper };
  };
  const { books, store } = parts();
  store.seedNonce(GRID.dso.address, 0);
  const meter = { feeder: 1, maxPowerW: 11_000, balanceMicro: 10n ** 12n, suspended: false };
  books.transaction(() => books.meters.add({ meterId: METER, ...meter }, 0));
  let count = 100;
  const accept = (assets: AssetRequest[], amountMicro: bigint): Withdrawal => {
    count += 1;
    const requestId = keyOf(count);
    const withdrawal = {
      ...{ requestId, meterId: METER, address: new Wallet(requestId).address },
      ...{ market: GRID.contracts.matching, feeder: 1, expiresAt: 0, assets, amountMicro },
    };
    const live = new Books(sql);
    live.transaction(() => live.grants.accept(withdrawal, requestId, clock.nowMs));
    return withdrawal;
  };
  return {
    clock,
    accept,
    parts,
    current: intervalAt(GRID.calendar, clock.nowMs / 1000),
    dyingParts: () => parts(new DyingStore(sql)),
    /** As a kill leaves it: whatever was committed is there. */
    restart() {
      sql.close();
      sql = openSql(file, { migrations: BOOKS_MIGRATIONS });
      return parts();
    },
    close() {
      sql.close();
      dispose();
    },
  };
}

/** Grants of the signed transactions: to whom, Ws, micro. */
function signedGrants(store: SqlOutboxStore): [string, number, bigint][][] {
  return store.open().map(({ raw }) => {
    const { data } = Transaction.from(raw ?? undefined);
    const [grants] = assetsContract.decodeFunctionData('grant', data);
    return [...grants].map((each) => [each[0], Number(each[6]), each[8]]);
  });
}

test('withdrawals of a short while share a transaction, an asset and money one grant', () => {
  const { clock, accept, parts, current, close } = setUp();
  try {
    const { granting, store, books } = parts();
    assert.is(granting.dueAtMs(), null);
    const both = accept([assetAt(current + 4)], 7_000n);
    clock.nowMs += GATHER_MS - 1;
    const two = accept([assetAt(current + 4), assetAt(current + 5, { energyWs: 5 })], 3n);
    const money = accept([], 9n);
    assert.is(granting.signDue(), 0);
    assert.is(granting.dueAtMs(), clock.nowMs + 1);
    clock.nowMs += 1;
    assert.is(granting.signDue(), 1);
    assert.is(granting.signDue(), 0);
    assert.equal(signedGrants(store), [
      [
        [both.address, 900_000, 7_000n],
        [two.address, 900_000, 3n],
        [two.address, 5, 0n],
        [money.address, 0, 9n],
      ],
    ]);
    const [entry] = store.open();
    assert.is(books.grants.carriedBy(entry?.hash ?? '').length, 3);
  } finally {
    close();
  }
});

test('killed between accept and sign, or while signing, it signs each exactly once', () => {
  const { clock, accept, dyingParts, restart, current, close } = setUp();
  try {
    const wanted = [accept([assetAt(current + 4)], 1n), accept([assetAt(current + 4)], 2n)];
    clock.nowMs += GATHER_MS;
    let { granting, store } = restart();
    assert.throws(() => dyingParts().granting.signDue(), 'killed');
    ({ granting, store } = restart());
    assert.equal([store.open().length, store.nextNonce(GRID.dso.address)], [0, 0]);
    assert.is(granting.signDue(), 1);
    for (let starts = 0; starts < 3; starts += 1) {
      ({ granting, store } = restart());
      assert.is(granting.signDue(), 0);
    }
    const addresses = signedGrants(store).map((batch) => batch.map(([to]) => to));
    assert.equal(addresses, [wanted.map(({ address }) => address)]);
  } finally {
    close();
  }
});

test('nothing is signed while the clock is not proven good', () => {
  const { clock, accept, parts, close } = setUp();
  try {
    const { granting, store } = parts();
    accept([], 1n);
    clock.nowMs += GATHER_MS;
    clock.isGood = false;
    assert.is(granting.signDue(), 0);
    assert.is(store.open().length, 0);
    clock.isGood = true;
    assert.is(granting.signDue(), 1);
  } finally {
    close();
  }
});

test('what is refused together is sent one by one, through kills, and fails by itself', () => {
  const { clock, accept, parts, restart, current, close } = setUp();
  try {
    let { granting, store, keeper, books } = parts();
    const wanted = [1n, 2n, 3n].map((micro) => accept([assetAt(current + 4)], micro));
    const stateOf = (at: number) => books.grants.find(wanted[at]?.requestId ?? '')?.state;
    const refused = { state: 'reverted', blockNumber: 5, gasUsed: 5, reason: 'Over(1)' } as const;
    clock.nowMs += GATHER_MS;
    granting.signDue();
    store.settle(store.open()[0]?.hash ?? '', refused);
    keeper.reconcile();
    keeper.reconcile();
    assert.equal([0, 1, 2].map(stateOf), ['accepted', 'accepted', 'accepted']);
    ({ granting, store, keeper, books } = restart());
    // A new one does not travel with those that may be refused.
    accept([], 4n);
    assert.is(granting.signDue(), 4);
    assert.is(granting.signDue(), 0);
    assert.equal(
      signedGrants(store).map((batch) => batch.map(([, , micro]) => micro)),
      [[1n], [2n], [3n], [4n]],
    );
    const bad = books.grants.find(wanted[1]?.requestId ?? '')?.carrier ?? '';
    ({ granting, store, keeper, books } = restart());
    const balance = books.meters.find(METER)?.balanceMicro ?? 0n;
    store.settle(bad, refused);
    keeper.reconcile();
    assert.equal([0, 1, 2].map(stateOf), ['accepted', 'failed', 'accepted']);
    const failed = books.grants.find(wanted[1]?.requestId ?? '');
    assert.equal(
      [failed?.sentence, failed?.money],
      [`the contract refused the grant: Over(1)`, 'refused'],
    );
    assert.is(books.meters.find(METER)?.balanceMicro, balance + 2n);
    assert.is(granting.signDue(), 0);
  } finally {
    close();
  }
});

test('a transaction whose nonce something else used is not made again', () => {
  const { clock, accept, parts, close } = setUp();
  try {
    const { granting, store, keeper, books } = parts();
    const wanted = [accept([], 1n), accept([], 2n)];
    clock.nowMs += GATHER_MS;
    granting.signDue();
    store.settle(store.open()[0]?.hash ?? '', { state: 'replaced', reason: 'nonce too low' });
    keeper.reconcile();
    for (const { requestId } of wanted) assert.is(books.grants.find(requestId)?.state, 'failed');
    assert.is(granting.signDue(), 0);
  } finally {
    close();
  }
});

test('what was signed by an earlier release is not signed again', () => {
  const { path, dispose } = temporaryFolder();
  const file = join(path, 'books.db');
  try {
    const [id, signed] = [keyOf(77), keyOf(78)];
    const old = openSql(file, { migrations: BOOKS_MIGRATIONS.slice(0, 2) });
    old.run("INSERT INTO meters VALUES ('m', 1, 9, '9', 0, 0)");
    for (const each of [id, signed]) {
      old.run(
        `INSERT INTO withdrawals
         VALUES (?, 'm', 'a', 'd', '1', 'waiting', 'accepted', NULL, NULL, 0)`,
        each,
      );
    }
    old.run("INSERT INTO outbox_addresses VALUES ('o', 0)");
    for (const nonce of [0, 1]) {
      old.run(
        `INSERT INTO outbox VALUES (?, 'o', ?, 'k', ?, 'r', 'sent', 0, NULL, NULL, NULL)`,
        ...[`hash ${nonce}`, nonce, `withdrawal:${signed}:${nonce}`],
      );
    }
    old.close();
    const sql = openSql(file, { migrations: BOOKS_MIGRATIONS });
    const { grants } = new Books(sql);
    assert.equal([grants.find(signed)?.carrier, grants.find(id)?.carrier], ['hash 1', null]);
    assert.equal(
      grants.unsigned().map(({ requestId }) => requestId),
      [id],
    );
    sql.close();
  } finally {
    dispose();
  }
});

test('any mix is put into transactions of few grants and little gas, each grant once', () => {
  const asset = fc.record({ length: fc.integer({ min: 1, max: 96 }) });
  const wish = fc.record({ assets: fc.array(asset, { maxLength: 16 }), micro: fc.nat(9) });
  const property = fc.property(fc.array(wish, { minLength: 1, maxLength: 40 }), (wishes) => {
    const { clock, accept, parts, current, close } = setUp();
    try {
      const wanted = wishes.flatMap(({ assets, micro }) => {
        if (assets.length === 0 && micro === 0) return [];
        const list = assets.map(({ length }, at) =>
          assetAt(current, { lastInterval: current + length - 1, energyWs: at + 1 }),
        );
        const { address } = accept(list, BigInt(micro));
        if (list.length === 0) return [`${address} 0 ${micro}`];
        return list.map(({ energyWs }, at) => `${address} ${energyWs} ${at === 0 ? micro : 0}`);
      });
      clock.nowMs += GATHER_MS;
      const { granting, store } = parts();
      granting.signDue();
      const batches = signedGrants(store);
      assert.equal(
        batches.flat().map((each) => each.join(' ')),
        wanted,
      );
      assert.ok(batches.every((batch) => batch.length <= GRANTS_AT_ONCE));
      for (const { raw } of store.open()) {
        assert.ok(Transaction.from(raw ?? undefined).gasLimit <= BigInt(GAS_MAX));
      }
    } finally {
      close();
    }
  });
  fc.assert(property, { numRuns: 15 });
});

test.run();
