/** A DSO over books in memory that never asks a chain: what it answers is all that is looked at. */
import { hexlify, randomBytes, Wallet } from 'ethers';
import { askingOutbox } from '../../chain/outbox.ts';
import { SqlOutboxStore } from '../../chain/outbox-store.ts';
import { openSql } from '../../host/sqlite.ts';
import { domainOf } from '../../market/grid-json.ts';
import { openAnswer } from '../../market/messages-json.ts';
import { Books } from '../../operator/books/books.ts';
import { BOOKS_MIGRATIONS } from '../../operator/books/schema.ts';
import { Dso, type DsoPorts } from '../../operator/dso/service.ts';
import { laxPolicy } from '../chain/lax-policy.ts';
import { never, stillClock } from '../chain/scripted-transport.ts';
import { exampleGrid, signedGrid } from '../fixtures/example-grid.ts';
import { makeMeter, makeWithdrawal, type TestMeter, type WithdrawalWish } from './world.ts';

const DSO_KEY = `0x${'d5'.repeat(32)}`;
export const OPENING = 50_000_000n;

export function paperDso() {
  const facts = exampleGrid(new Wallet(DSO_KEY).address);
  const grid = signedGrid(facts, DSO_KEY);
  const sql = openSql(':memory:', { migrations: BOOKS_MIGRATIONS });
  const books = new Books(sql);
  const clock = stillClock();
  const store = new SqlOutboxStore(sql);
  store.seedNonce(facts.dso.address, 0);
  const rpcFor = () => {
    throw new Error('nothing is asked of a chain here');
  };
  const { chainId, finality } = facts;
  const outbox = askingOutbox({ store, rpcFor, chainId, finality, clock, policy: laxPolicy });
  const log = { info() {}, warn() {}, error() {} };
  /** As after a restart. */
  const begin = (more: Partial<DsoPorts> = {}) =>
    new Dso({
      ...{ books, outbox, grid: facts, key: Buffer.from(DSO_KEY.slice(2), 'hex'), clock, log },
      feed: { poll: () => Promise.reject(new Error('nothing is read here')) },
      ...{ solver: null, usePriceMicroPerKwh: 300_000, pollMs: 1_000, ...more },
    });
  const enrol = (meter: TestMeter = makeMeter()) => {
    const terms = { feeder: 1, maxPowerW: 11_000, balanceMicro: OPENING, suspended: false };
    books.transaction(() => books.meters.add({ meterId: meter.meterId, ...terms }, clock.now()));
    return meter;
  };
  return {
    ...{ facts, grid, sql, books, clock, begin, enrol },
    wish: (who: TestMeter, more: WithdrawalWish = {}) =>
      makeWithdrawal(who, grid, { nowSeconds: clock.now() / 1000, ...more }),
    /** @param connection absent: one of its own */
    async post(dso: Dso, path: string, body: string, connection: object = {}) {
      const query = new URLSearchParams();
      const request = { method: 'POST', path, query, body, signal: never, connection };
      const { status, body: text } = await dso.handle(request);
      return { status, text: String(text) };
    },
    /** The body of a sealed answer. */
    opened: (requestId: string, text: string) =>
      JSON.parse(openAnswer(domainOf(facts), requestId, text, facts.dso.address)) as Record<
        string,
        unknown
      >,
    newId: () => hexlify(randomBytes(32)),
    /** What no hostile request may change: all but refused withdrawals. */
    state(): string {
      const rows = (table: string, where = '') => sql.all(`SELECT * FROM ${table} ${where}`);
      const kept = rows('withdrawals', "WHERE state <> 'failed'");
      const tables = ['meters', 'ledger', 'addresses', 'grants', 'readings', 'outbox', 'facts'];
      return JSON.stringify([kept, ...tables.map((table) => rows(table))]);
    },
  };
}
export type PaperDso = ReturnType<typeof paperDso>;
