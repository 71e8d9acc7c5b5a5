/** Withdrawals and what they granted, kept so that a repeated request gets the same answer. */
import type { Sql, SqlRow, UnixMs } from '../../host/ports.ts';
import type {
  Address,
  AssetRequest,
  Hex32,
  RefusalCode,
  Withdrawal,
} from '../../market/messages.ts';
import type { WithdrawalAnswer } from '../../market/messages-json.ts';
import type { Side } from '../../market/units.ts';

/** Where the money of a withdrawal is. */
export type MoneyState = 'none' | 'waiting' | 'granted' | 'refused';

export interface StoredWithdrawal {
  requestId: Hex32;
  meterId: Address;
  address: Address;
  digest: Hex32;
  amountMicro: bigint;
  money: MoneyState;
  state: 'accepted' | 'granted' | 'failed';
  code: RefusalCode | null;
  sentence: string | null;
  /** Hash of the transaction, in the outbox, that carries its grants; null: not signed yet. */
  carrier: string | null;
  /** It is sent by itself: together with others it was refused. */
  isAlone: boolean;
  acceptedAtMs: UnixMs;
}

export interface Grant extends AssetRequest {
  requestId: Hex32;
  position: number;
  state: 'waiting' | 'granted' | 'refused' | 'returned';
  assetId: number | null;
}

export class Grants {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  find(requestId: Hex32): StoredWithdrawal | null {
    const row = this.#sql.get('SELECT * FROM withdrawals WHERE request_id = ?', requestId);
    return row === undefined ? null : withdrawalOf(row);
  }

  /** The answer to a request as things stand now. */
  answerOf(stored: StoredWithdrawal): WithdrawalAnswer {
    const { requestId, address, state, code, sentence } = stored;
    switch (state) {
      case 'accepted':
        return { requestId, address, state };
      case 'granted': {
        const assetIds = this.grantsOf(requestId).flatMap(({ assetId }) => assetId ?? []);
        return { requestId, address, state, assetIds };
      }
      case 'failed':
        return { requestId, address, state, code: code ?? 'malformed', sentence: sentence ?? '' };
    }
  }

  /** The address is a fresh one, or one of the same meter that got nothing so far. */
  accept(withdrawal: Withdrawal, digest: Hex32, atMs: number): void {
    const { requestId, meterId, address, assets, amountMicro } = withdrawal;
    this.#insert(withdrawal, digest, atMs, {
      state: 'accepted',
      money: amountMicro > 0n ? 'waiting' : 'none',
      code: null,
      sentence: null,
    });
    this.#sql.run(
      `INSERT INTO addresses(address, request_id, meter_id) VALUES (?, ?, ?)
       ON CONFLICT (address) DO UPDATE SET request_id = excluded.request_id`,
      address.toLowerCase(),
      requestId,
      meterId,
    );
    for (const [position, asset] of assets.entries()) {
      this.#sql.run(
        `INSERT INTO grants(request_id, position, meter_id, side, first_interval, last_interval,
                            energy_ws, max_power_w, state)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'waiting')`,
        requestId,
        position,
        meterId,
        asset.side,
        asset.firstInterval,
        asset.lastInterval,
        asset.energyWs,
        asset.maxPowerW,
      );
    }
  }

  refuse(
    withdrawal: Withdrawal,
    digest: Hex32,
    atMs: number,
    refusal: { code: RefusalCode; sentence: string },
  ): void {
    this.#insert(withdrawal, digest, atMs, { state: 'failed', money: 'none', ...refusal });
  }

  grantsOf(requestId: Hex32): Grant[] {
    return this.#sql
      .all('SELECT * FROM grants WHERE request_id = ? ORDER BY position', requestId)
      .map(grantOf);
  }

  /** Grants of meters that touch [first, last] and have not come back. */
  touching(meterIds: readonly Address[], first: number, last: number): Grant[] {
    return this.#sql
      .all(
        `SELECT * FROM grants WHERE meter_id IN (SELECT value FROM json_each(?))
           AND last_interval >= ? AND first_interval <= ?
           AND state IN ('waiting', 'granted')`,
        JSON.stringify(meterIds),
        first,
        last,
      )
      .map(grantOf);
  }

  /** Whose address it is; null for those the DSO never granted anything to. */
  linkOf(address: Address): { requestId: Hex32; meterId: Address } | null {
    const row = this.#sql.get('SELECT * FROM addresses WHERE address = ?', address.toLowerCase());
    return row === undefined
      ? null
      : { requestId: String(row.request_id), meterId: String(row.meter_id) };
  }

  byAsset(assetId: number): Grant | null {
    const row = this.#sql.get('SELECT * FROM grants WHERE asset_id = ?', assetId);
    return row === undefined ? null : grantOf(row);
  }

  setGrant(grant: Grant, state: Grant['state'], assetId: number | null): void {
    this.#sql.run(
      'UPDATE grants SET state = ?, asset_id = ? WHERE request_id = ? AND position = ?',
      state,
      assetId,
      grant.requestId,
      grant.position,
    );
  }

  setMoney(requestId: Hex32, money: MoneyState): void {
    this.#sql.run('UPDATE withdrawals SET money = ? WHERE request_id = ?', money, requestId);
  }

  setState(
    requestId: Hex32,
    state: StoredWithdrawal['state'],
    refusal: { code: RefusalCode; sentence: string } | null = null,
  ): void {
    this.#sql.run(
      'UPDATE withdrawals SET state = ?, code = ?, sentence = ? WHERE request_id = ?',
      state,
      refusal?.code ?? null,
      refusal?.sentence ?? null,
      requestId,
    );
  }

  /** Accepted withdrawals whose grants are not all known yet. */
  accepted(): StoredWithdrawal[] {
    return this.#sql.all("SELECT * FROM withdrawals WHERE state = 'accepted'").map(withdrawalOf);
  }

  /** Accepted withdrawals that no transaction carries, the oldest first. */
  unsigned(): StoredWithdrawal[] {
    return this.#sql
      .all(
        `SELECT * FROM withdrawals WHERE state = 'accepted' AND carrier IS NULL
         ORDER BY at_ms, rowid`,
      )
      .map(withdrawalOf);
  }

  all(): StoredWithdrawal[] {
    return this.#sql.all('SELECT * FROM withdrawals').map(withdrawalOf);
  }

  allGrants(): (Grant & { meterId: Address })[] {
    return this.#sql
      .all('SELECT * FROM grants')
      .map((row) => ({ ...grantOf(row), meterId: String(row.meter_id) }));
  }

  /** How many withdrawals of a meter were kept since a moment. */
  countSince(meterId: Address, sinceMs: number): number {
    const row = this.#sql.get(
      'SELECT count(*) AS count FROM withdrawals WHERE meter_id = ? AND at_ms >= ?',
      meterId,
      Math.round(sinceMs),
    );
    return Number(row?.count ?? 0);
  }

  /** By the hash of their transaction. */
  carriedBy(hash: string): StoredWithdrawal[] {
    return this.#sql.all('SELECT * FROM withdrawals WHERE carrier = ?', hash).map(withdrawalOf);
  }

  setCarrier(requestId: Hex32, hash: string): void {
    this.#sql.run('UPDATE withdrawals SET carrier = ? WHERE request_id = ?', hash, requestId);
  }

  /** Each withdrawal of a refused transaction is to get one of its own. */
  separate(hash: string): void {
    this.#sql.run('UPDATE withdrawals SET carrier = NULL, is_alone = 1 WHERE carrier = ?', hash);
  }

  #insert(
    withdrawal: Withdrawal,
    digest: Hex32,
    atMs: number,
    rest: Pick<StoredWithdrawal, 'state' | 'money' | 'code' | 'sentence'>,
  ): void {
    this.#sql.run(
      `INSERT INTO withdrawals(request_id, meter_id, address, digest, amount_micro, money, state,
                               code, sentence, at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      withdrawal.requestId,
      withdrawal.meterId,
      withdrawal.address,
      digest,
      withdrawal.amountMicro.toString(),
      rest.money,
      rest.state,
      rest.code,
      rest.sentence,
      Math.round(atMs),
    );
  }
}

function withdrawalOf(row: SqlRow): StoredWithdrawal {
  return {
    requestId: String(row.request_id),
    meterId: String(row.meter_id),
    address: String(row.address),
    digest: String(row.digest),
    amountMicro: BigInt(String(row.amount_micro)),
    money: String(row.money) as MoneyState,
    state: String(row.state) as StoredWithdrawal['state'],
    code: row.code === null ? null : (String(row.code) as RefusalCode),
    sentence: row.sentence === null ? null : String(row.sentence),
    carrier: row.carrier === null ? null : String(row.carrier),
    isAlone: Number(row.is_alone) === 1,
    acceptedAtMs: Number(row.at_ms),
  };
}

function grantOf(row: SqlRow): Grant {
  return {
    requestId: String(row.request_id),
    position: Number(row.position),
    side: String(row.side) as Side,
    firstInterval: Number(row.first_interval),
    lastInterval: Number(row.last_interval),
    energyWs: Number(row.energy_ws),
    maxPowerW: Number(row.max_power_w),
    state: String(row.state) as Grant['state'],
    assetId: row.asset_id === null ? null : Number(row.asset_id),
  };
}
