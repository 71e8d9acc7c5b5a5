/** A database on a disk that can be full: nothing more is written then, all can still be read. */
import { type Sql, SqlError } from '../../host/ports.ts';

export function fillable(sql: Sql, isFull: () => boolean): Sql {
  return {
    run: (text, ...params) => sql.run(text, ...params),
    get: (text, ...params) => sql.get(text, ...params),
    all: (text, ...params) => sql.all(text, ...params),
    bytesOnDisk: () => sql.bytesOnDisk(),
    close: () => sql.close(),
    transaction: (work) => {
      if (isFull()) throw new SqlError('journal.db', 'full', 'the disk is full');
      return sql.transaction(work);
    },
  };
}
