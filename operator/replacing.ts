/**
 * Another board in the place of a stolen or broken one. The old identity is suspended for good;
 * account, feeder and limits go to the new one. What the old one was granted counts against the
 * limit until it is over, and what comes back from its addresses goes to the new account.
 */
import type { GridFile } from '../market/grid.ts';
import type { Books } from './books/books.ts';
import type { Meter } from './books/meters.ts';
import { failWithdrawal } from './dso/failing.ts';
import { EnrolError, meterIdOf } from './enrol.ts';

/**
 * The same again changes nothing.
 * @throws RequestCodeError, EnrolError
 */
export function replaceMeter(
  books: Books,
  grid: GridFile,
  { oldId, requestCode }: { oldId: string; requestCode: string },
  atMs: number,
): Meter {
  const meterId = meterIdOf(requestCode, grid);
  return books.transaction(() => {
    const old = books.meters.find(oldId);
    if (old === null) {
      const message = `there is no meter ${oldId}: see transax-operator meter list`;
      throw new EnrolError('unknown', message);
    }
    const known = books.meters.find(meterId);
    if (known !== null && old.replacedBy === meterId) return known;
    if (old.replacedBy !== null) {
      const message = `the meter ${old.meterId} was replaced by ${old.replacedBy} already`;
      throw new EnrolError('replaced', message);
    }
    if (known !== null) {
      throw new EnrolError(
        'enrolled',
        `the meter ${meterId} is enrolled already: a board with the old wallet restored is the ` +
          'same meter, and no other one; make a new wallet on the new board',
      );
    }
    cancelWaiting(books, old.meterId, atMs);
    const { feeder, maxPowerW } = old;
    books.meters.add({ meterId, feeder, maxPowerW, balanceMicro: 0n, suspended: false }, atMs);
    books.meters.replace(old.meterId, meterId, atMs);
    const meter = books.meters.find(meterId);
    if (meter === null) throw new Error(`the meter ${meterId} was just added`);
    return meter;
  });
}

/**
 * What a meter asked for and no transaction carries yet is not granted any more; its money goes
 * back. Within a transaction of the caller's.
 */
export function cancelWaiting(books: Books, meterId: string, atMs: number): void {
  for (const withdrawal of books.grants.unsigned()) {
    if (withdrawal.meterId !== meterId) continue;
    const sentence = 'this meter was suspended before it was granted';
    failWithdrawal(books, withdrawal, { code: 'suspended-meter', sentence }, atMs);
  }
}
