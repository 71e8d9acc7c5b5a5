/** books.db in one hand: its parts, and transactions over them. */
import type { Sql } from '../../host/ports.ts';
import { Control } from './control.ts';
import { Grants } from './grants.ts';
import { Health } from './health.ts';
import { Facts, Meters } from './meters.ts';
import { Positions } from './positions.ts';
import { Readings } from './readings.ts';
import { Strays } from './strays.ts';

export class Books {
  readonly meters: Meters;
  readonly grants: Grants;
  readonly positions: Positions;
  readonly readings: Readings;
  readonly facts: Facts;
  readonly control: Control;
  readonly health: Health;
  readonly strays: Strays;
  readonly #sql: Sql;

  /** @param sql opened with `BOOKS_MIGRATIONS` */
  constructor(sql: Sql) {
    this.#sql = sql;
    this.meters = new Meters(sql);
    this.grants = new Grants(sql);
    this.positions = new Positions(sql);
    this.readings = new Readings(sql);
    this.facts = new Facts(sql);
    this.control = new Control(sql, this.facts);
    this.health = new Health(sql);
    this.strays = new Strays(sql);
  }

  /** All or nothing; durable when it returns. */
  transaction<T>(work: () => T): T {
    return this.#sql.transaction(work);
  }
}
