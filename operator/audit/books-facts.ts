/** All that the books say, read in one transaction: of one moment, whoever writes meanwhile. */

import type { OutboxEntry } from '../../chain/outbox-store.ts';
import { SqlOutboxStore } from '../../chain/outbox-store.ts';
import type { Sql, SqlRow } from '../../host/ports.ts';
import { Books } from '../books/books.ts';
import type { Grant, StoredWithdrawal } from '../books/grants.ts';
import type { Meter } from '../books/meters.ts';
import { RESTORED } from '../books/restored.ts';
import { FOLLOWED } from '../dso/log-keeper.ts';

export interface LedgerRow {
  meterId: string;
  amountMicro: bigint;
  reason: string;
  ref: string;
}

export interface DepositRow {
  transactionHash: string;
  logIndex: number;
  meterId: string;
  /** Null: it is one of energy. */
  amountMicro: bigint | null;
  assetId: number | null;
  energyWs: number | null;
}

export interface TradeRow {
  interval: number;
  position: number;
  offerId: number;
  meterId: string;
  side: string;
  powerW: number;
}

export interface BooksFacts {
  /** The last block that they have taken in; null: none yet. */
  followedBlock: number | null;
  meters: Map<string, Meter>;
  ledger: LedgerRow[];
  withdrawals: Map<string, StoredWithdrawal>;
  /** Lower-case address to meter. */
  addresses: Map<string, { meterId: string; requestId: string }>;
  grants: (Grant & { meterId: string })[];
  offers: Map<number, { meterId: string; side: string }>;
  trades: TradeRow[];
  deposits: DepositRow[];
  /** By hash. */
  outbox: Map<string, OutboxEntry>;
  /** Of each address that signs: the nonce that comes next. */
  nextNonces: Map<string, number>;
  isPausedOnChain: boolean;
  /** The last block that a backup knew, while grants since are not all claimed; else null. */
  restoredAt: number | null;
  /** Grants were claimed after a restore: no transaction of theirs is known, accounts may owe. */
  hasClaims: boolean;
}

export function readBooks(sql: Sql): BooksFacts {
  const books = new Books(sql);
  const rows = (table: string) => sql.all(`SELECT * FROM ${table}`);
  const followed = books.facts.get(FOLLOWED);
  const store = new SqlOutboxStore(sql);
  const outbox = sql
    .all('SELECT hash FROM outbox')
    .map(({ hash }) => String(hash))
    .map((hash) => [hash, store.find(hash)] as const)
    .flatMap(([hash, entry]) => (entry === null ? [] : [[hash, entry] as const]));
  const withdrawals = books.grants.all();
  const restored = books.facts.get(RESTORED);
  const signers = rows('outbox_addresses').map(({ address }) => String(address));
  return {
    followedBlock: followed === null ? null : Number(followed),
    meters: new Map(books.meters.all().map((meter) => [meter.meterId, meter])),
    ledger: rows('ledger').map(ledgerOf),
    withdrawals: new Map(withdrawals.map((each) => [each.requestId, each])),
    addresses: new Map(
      rows('addresses').map((row) => [
        String(row.address),
        { meterId: String(row.meter_id), requestId: String(row.request_id) },
      ]),
    ),
    grants: books.grants.allGrants(),
    offers: new Map(
      rows('offers').map((row) => [
        Number(row.offer_id),
        { meterId: String(row.meter_id), side: String(row.side) },
      ]),
    ),
    trades: rows('trades').map(tradeOf),
    deposits: rows('deposits').map(depositOf),
    outbox: new Map(outbox),
    nextNonces: new Map(signers.map((address) => [address, store.nextNonce(address) ?? 0])),
    isPausedOnChain: books.control.isPausedOnChain,
    restoredAt: restored === null ? null : Number(restored),
    hasClaims: withdrawals.some(isClaimed),
  };
}

/** Granted, and in no transaction of these books: they were restored from an older copy. */
export function isClaimed({ state, carrier }: StoredWithdrawal): boolean {
  return state === 'granted' && carrier === null;
}

function ledgerOf(row: SqlRow): LedgerRow {
  return {
    meterId: String(row.meter_id),
    amountMicro: BigInt(String(row.amount_micro)),
    reason: String(row.reason),
    ref: String(row.ref),
  };
}

function tradeOf(row: SqlRow): TradeRow {
  return {
    interval: Number(row.interval),
    position: Number(row.position),
    offerId: Number(row.offer_id),
    meterId: String(row.meter_id),
    side: String(row.side),
    powerW: Number(row.power_w),
  };
}

function depositOf(row: SqlRow): DepositRow {
  return {
    transactionHash: String(row.transaction_hash),
    logIndex: Number(row.log_index),
    meterId: String(row.meter_id),
    amountMicro: row.amount_micro === null ? null : BigInt(String(row.amount_micro)),
    assetId: row.asset_id === null ? null : Number(row.asset_id),
    energyWs: row.energy_ws === null ? null : Number(row.energy_ws),
  };
}
