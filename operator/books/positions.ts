/** What the meters' addresses offered and finally traded, and what came back from them. */
import type { Sql } from '../../host/ports.ts';
import type { Address } from '../../market/messages.ts';
import type { Side } from '../../market/units.ts';

/** Power of a meter's final trades in one interval, by side. */
export interface TradedPower {
  interval: number;
  side: Side;
  powerW: number;
}

interface LogPlace {
  transactionHash: string;
  logIndex: number;
}

/** In the place of a meter, while none is known. */
const NOBODY = '';

export class Positions {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** An offer of an address that no meter is known for yet. */
  addStrayOffer(offerId: number, side: Side): void {
    this.addOffer(offerId, NOBODY, side);
  }

  /** With its trades; voided ones are out already. */
  claimOffer(offerId: number, meterId: Address): void {
    for (const table of ['offers', 'trades']) {
      const sql = `UPDATE ${table} SET meter_id = ? WHERE offer_id = ? AND meter_id = ?`;
      this.#sql.run(sql, meterId, offerId, NOBODY);
    }
  }

  addOffer(offerId: number, meterId: Address, side: Side): void {
    this.#sql.run(
      'INSERT INTO offers(offer_id, meter_id, side) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      offerId,
      meterId,
      side,
    );
  }

  /** Records one side of a final trade, if the offer is one of the meters'. */
  addTrade(interval: number, position: number, offerId: number, powerW: number): void {
    this.#sql.run(
      `INSERT INTO trades(interval, position, offer_id, meter_id, side, power_w)
       SELECT ?, ?, offer_id, meter_id, side, ? FROM offers WHERE offer_id = ?
       ON CONFLICT DO NOTHING`,
      interval,
      position,
      powerW,
      offerId,
    );
  }

  /** Takes out trades that a suspension voided. */
  voidTrades(interval: number, positions: readonly number[]): void {
    for (const position of positions) {
      this.#sql.run('DELETE FROM trades WHERE interval = ? AND position = ?', interval, position);
    }
  }

  /** Final trades of meters, summed, from `first` to `last`. */
  traded(meterIds: readonly Address[], first: number, last: number): TradedPower[] {
    return this.#sql
      .all(
        `SELECT interval, side, sum(power_w) AS power FROM trades
         WHERE meter_id IN (SELECT value FROM json_each(?)) AND interval BETWEEN ? AND ?
         GROUP BY interval, side`,
        JSON.stringify(meterIds),
        first,
        last,
      )
      .map((row) => ({
        interval: Number(row.interval),
        side: String(row.side) as Side,
        powerW: Number(row.power),
      }));
  }

  /** @returns false when this place of the log was recorded before */
  addDeposit(
    at: LogPlace,
    meterId: Address,
    address: Address,
    what: { amountMicro: bigint } | { assetId: number; energyWs: number },
  ): boolean {
    const isMoney = 'amountMicro' in what;
    const { changes } = this.#sql.run(
      `INSERT INTO deposits(transaction_hash, log_index, meter_id, address, amount_micro, asset_id,
                            energy_ws)
       VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      at.transactionHash,
      at.logIndex,
      meterId,
      address,
      isMoney ? what.amountMicro.toString() : null,
      isMoney ? null : what.assetId,
      isMoney ? null : what.energyWs,
    );
    return changes === 1;
  }
}
