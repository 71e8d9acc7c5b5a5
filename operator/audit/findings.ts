/** What an audit finds: each a sentence, and what to do. */
export interface Finding {
  /** Stable; see docs. */
  code: FindingCode;
  sentence: string;
  remedy: string;
}

export type FindingCode = keyof typeof REMEDIES;

export const REMEDIES = {
  'foreign-transaction':
    "somebody else has the granter's key, or the books are an older copy: pause, have the owner " +
    'take the role away, and compare with the last backup',
  'unbooked-grant': 'the books lost a grant: stop the DSO, and compare with the last backup',
  'wrong-grant': 'the books or the log were changed: restore the last backup and audit that one',
  'missing-grant':
    'the books say more than the log: look at [chain] rpc and finality, then at the last backup',
  'missing-deposit': 'a home is owed money: stop the DSO, restore the last backup, start it again',
  'unbooked-deposit':
    'the books credit what the log does not tell: restore the last backup and audit that one',
  'wrong-account': 'an account was changed by hand or is damaged: restore the last backup',
  'wrong-trades':
    'accounts are checked against these trades: stop the DSO and restore the last backup',
  'over-power':
    'a meter was granted more than its limit: suspend it, and look into its withdrawals',
  'bad-reading': 'a reading was changed after it was countersigned: settle it with the meter',
  'wrong-totals':
    'money or energy is not where the log says: pause, and do not go on with this market before ' +
    'you know why',
  'lost-nonce':
    'the books were once set back to an older copy: withdrawals of that time have to be looked ' +
    'through one by one',
  'wrong-pause': 'the books and the contracts differ on the pause: pause or resume once more',
} as const;

export class Findings {
  readonly list: Finding[] = [];

  add(code: FindingCode, sentence: string): void {
    this.list.push({ code, sentence, remedy: REMEDIES[code] });
  }
}
