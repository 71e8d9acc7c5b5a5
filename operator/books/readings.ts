/** The meters' signed readings with the DSO's countersignature. */
import type { Sql } from '../../host/ports.ts';
import type { Address, Reading, ReadingQuality } from '../../market/messages.ts';

export interface StoredReading extends Reading {
  dsoSignature: string;
}

export interface SignedRow {
  row: number;
  reading: Reading;
  meterSignature: string;
  dsoSignature: string;
}

export class Readings {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  find(meterId: Address, interval: number): StoredReading | null {
    const row = this.#sql.get(
      'SELECT * FROM readings WHERE meter_id = ? AND interval = ?',
      meterId,
      interval,
    );
    if (row === undefined) return null;
    return {
      meterId,
      interval,
      importedWs: Number(row.imported_ws),
      exportedWs: Number(row.exported_ws),
      quality: String(row.quality) as ReadingQuality,
      dsoSignature: String(row.dso_signature),
    };
  }

  /** By row, from a given one on, of intervals from `from` on. */
  page(afterRow: number, from: number, most: number): SignedRow[] {
    return this.#sql
      .all(
        `SELECT rowid AS row, * FROM readings WHERE rowid > ? AND interval >= ?
         ORDER BY rowid LIMIT ?`,
        afterRow,
        from,
        most,
      )
      .map((row) => ({
        row: Number(row.row),
        reading: {
          meterId: String(row.meter_id),
          interval: Number(row.interval),
          importedWs: Number(row.imported_ws),
          exportedWs: Number(row.exported_ws),
          quality: String(row.quality) as ReadingQuality,
        },
        meterSignature: String(row.meter_signature),
        dsoSignature: String(row.dso_signature),
      }));
  }

  add(reading: StoredReading, meterSignature: string, atMs: number): void {
    this.#sql.run(
      `INSERT INTO readings(meter_id, interval, imported_ws, exported_ws, quality, meter_signature,
                            dso_signature, at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      reading.meterId,
      reading.interval,
      reading.importedWs,
      reading.exportedWs,
      reading.quality,
      meterSignature,
      reading.dsoSignature,
      Math.round(atMs),
    );
  }
}
