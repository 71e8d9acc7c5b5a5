/** Rows of the table `addresses` as own offers, and back. A row that does not fit is a bug. */
import type { Sql, SqlRow } from '../../host/ports.ts';
import { OFFER_STATES, type OwnOffer } from '../traders/own-offer.ts';

/** Trades are read apart: see `readTrades`. */
export function readOffer(row: SqlRow): OwnOffer {
  const state = OFFER_STATES.find((each) => each === row.state);
  if (state === undefined) throw new TypeError(`no such state of an address: ${row.state}`);
  return {
    index: Number(row.idx),
    address: String(row.address),
    requestId: String(row.request_id),
    terms: {
      side: row.side === 'sell' ? 'sell' : 'buy',
      firstInterval: Number(row.first_interval),
      lastInterval: Number(row.last_interval),
      energyWs: Number(row.energy_ws),
      maxPowerW: Number(row.max_power_w),
      priceMicroPerKwh: Number(row.price_micro_per_kwh),
      isFlexible: row.is_flexible === 1,
    },
    reservedAtMs: Number(row.reserved_at_ms),
    postAtMs: Number(row.post_at_ms),
    expiresAt: Number(row.expires_at),
    state,
    assetId: row.asset_id === null ? null : Number(row.asset_id),
    offerId: row.offer_id === null ? null : Number(row.offer_id),
    isClosed: row.is_closed === 1,
    heldWs: Number(row.held_ws),
    heldMicro: BigInt(String(row.held_micro)),
    grantedMicro: BigInt(String(row.granted_micro)),
    trades: new Map(),
    note: row.note === null ? null : String(row.note),
  };
}

export function readTrades(sql: Sql, offer: OwnOffer): void {
  for (const row of sql.all('SELECT interval, power_w FROM trades WHERE idx = ?', offer.index)) {
    offer.trades.set(Number(row.interval), Number(row.power_w));
  }
}

export function insertOffer(sql: Sql, offer: OwnOffer): void {
  const { terms } = offer;
  sql.run(
    `INSERT INTO addresses (idx, address, request_id, state, side, first_interval, last_interval,
       energy_ws, max_power_w, price_micro_per_kwh, is_flexible, reserved_at_ms, post_at_ms,
       expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    offer.index,
    offer.address,
    offer.requestId,
    offer.state,
    terms.side,
    terms.firstInterval,
    terms.lastInterval,
    terms.energyWs,
    terms.maxPowerW,
    terms.priceMicroPerKwh,
    terms.isFlexible ? 1 : 0,
    Math.round(offer.reservedAtMs),
    Math.round(offer.postAtMs),
    offer.expiresAt,
  );
}

/** Writes what can change. */
export function updateOffer(sql: Sql, offer: OwnOffer): void {
  sql.run(
    `UPDATE addresses SET state = ?, asset_id = ?, offer_id = ?, is_closed = ?, held_ws = ?,
       held_micro = ?, granted_micro = ?, note = ? WHERE idx = ?`,
    offer.state,
    offer.assetId,
    offer.offerId,
    offer.isClosed ? 1 : 0,
    offer.heldWs,
    offer.heldMicro.toString(),
    offer.grantedMicro.toString(),
    offer.note,
    offer.index,
  );
  sql.run('DELETE FROM trades WHERE idx = ?', offer.index);
  for (const [interval, powerW] of offer.trades) {
    sql.run('INSERT INTO trades VALUES (?, ?, ?)', offer.index, interval, powerW);
  }
}

/** Deletes rows of retired addresses below an index whose keys were erased. @returns how many */
export function dropRetired(sql: Sql, belowIndex: number): number {
  const which = `SELECT idx FROM addresses WHERE idx < ? AND state = 'retired'
    AND idx NOT IN (SELECT idx FROM address_keys)`;
  sql.run(`DELETE FROM trades WHERE idx IN (${which})`, belowIndex);
  return sql.run(`DELETE FROM addresses WHERE idx IN (${which})`, belowIndex).changes;
}
