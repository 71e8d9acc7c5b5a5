/** The end of a withdrawal that gets nothing. */
import { REFUSALS, type RefusalCode } from '../../market/messages.ts';
import type { Books } from '../books/books.ts';
import type { StoredWithdrawal } from '../books/grants.ts';

/** A sentence for people, with what makes it particular. */
export function refusalSentence(code: RefusalCode, detail = ''): string {
  return detail === '' ? REFUSALS[code] : `${REFUSALS[code]}: ${detail}`;
}

/**
 * What waits is refused, and its money goes back to the account. Within a transaction of the
 * caller's.
 */
export function failWithdrawal(
  books: Books,
  { requestId, meterId, amountMicro, money }: StoredWithdrawal,
  refusal: { code: RefusalCode; sentence: string },
  atMs: number,
): void {
  const { grants, meters } = books;
  for (const grant of grants.grantsOf(requestId)) {
    if (grant.state === 'waiting') grants.setGrant(grant, 'refused', null);
  }
  if (money === 'waiting') {
    grants.setMoney(requestId, 'refused');
    meters.book(meterId, amountMicro, 'returned', requestId, atMs);
  }
  grants.setState(requestId, 'failed', refusal);
}
