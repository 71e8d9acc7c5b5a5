/**
 * Which home an address belongs to, asked one by one while a run plays: the utility's books say.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Sql } from '../host/ports.ts';
import { openSql } from '../host/sqlite.ts';
import type { Neighbourhood } from './neighbourhood.ts';

export class HomeNames {
  readonly #path: string;
  readonly #byMeter: Map<string, string>;
  readonly #byAddress = new Map<string, string>();
  #books: Sql | null = null;

  constructor({ operatorConfig, homes }: Pick<Neighbourhood, 'operatorConfig' | 'homes'>) {
    this.#path = join(operatorConfig, '..', 'books.db');
    this.#byMeter = new Map(homes.map((home) => [home.meterId, home.spec.name]));
  }

  /** @param address lower case @returns null where nothing was granted to it as yet */
  of(address: string): string | null {
    const known = this.#byAddress.get(address);
    if (known !== undefined) return known;
    if (!existsSync(this.#path)) return null;
    this.#books ??= openSql(this.#path, { readOnly: true });
    const sql = 'SELECT meter_id FROM addresses WHERE address = ?';
    const meter = this.#books.get(sql, address)?.meter_id;
    const name = meter === undefined ? undefined : this.#byMeter.get(String(meter).toLowerCase());
    if (name === undefined) return null;
    this.#byAddress.set(address, name);
    return name;
  }

  close(): void {
    this.#books?.close();
    this.#books = null;
  }
}
