/** Whose an address is: only the utility can say, so the audit reads it from its books. */
import Database from 'better-sqlite3';
import { AuditError } from './raw-chain.ts';

/**
 * @param booksPath the DSO's `books.db`, which may be in use
 * @returns meter id by address, both in lower case @throws AuditError 'books'
 */
export function readAddressBook(booksPath: string): Map<string, string> {
  try {
    const database = new Database(booksPath, { readonly: true, fileMustExist: true });
    try {
      const rows = database.prepare('SELECT address, meter_id AS meterId FROM addresses').all();
      return new Map(
        (rows as { address: string; meterId: string }[]).map(({ address, meterId }) => [
          address.toLowerCase(),
          meterId.toLowerCase(),
        ]),
      );
    } finally {
      database.close();
    }
  } catch (cause) {
    const why = (cause as Error).message;
    throw new AuditError('books', `${booksPath} cannot be read: ${why}`, cause);
  }
}
