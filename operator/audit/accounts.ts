/** Deposits are credited once, and every balance is the sum of what was booked to it. */
import type { BooksFacts, DepositRow, LedgerRow } from './books-facts.ts';
import type { Findings } from './findings.ts';
import { orderedAddresses, unclaimedAddresses } from './grants.ts';
import type { LogFacts } from './log-facts.ts';

export function checkAccounts(log: LogFacts, books: BooksFacts, findings: Findings): void {
  checkDeposits(log, books, findings);
  checkLedger(books, findings);
  checkBalances(books, findings);
}

const keyOf = ({ transactionHash, logIndex }: { transactionHash: string; logIndex: number }) =>
  `${transactionHash}:${logIndex}`;

function checkDeposits(log: LogFacts, books: BooksFacts, findings: Findings): void {
  const booked = new Map(books.deposits.map((deposit) => [keyOf(deposit), deposit]));
  const ordered = orderedAddresses(books);
  for (const address of unclaimedAddresses(log, books)) ordered.add(address);
  for (const event of [...log.moneyDeposits, ...log.energyDeposits]) {
    const link = books.addresses.get(event.owner);
    const row = booked.get(keyOf(event));
    booked.delete(keyOf(event));
    const what =
      event.kind === 'financial-deposited'
        ? `${event.amountMicro} millionths from ${event.owner}`
        : `asset ${event.assetId}, ${event.energyWs} Ws, from ${event.owner}`;
    if (link === undefined) {
      if (ordered.has(event.owner) || event.kind === 'energy-deposited') continue;
      const { transactionHash } = event;
      const said = `a deposit of ${what} by ${transactionHash}: the books do not know the address`;
      findings.add('missing-deposit', said);
    } else if (row === undefined) {
      findings.add('missing-deposit', `a deposit of ${what} is not in the books`);
    } else if (!isSameDeposit(row, event, link.meterId)) {
      findings.add('unbooked-deposit', `a deposit of ${what} is another one in the books`);
    }
  }
  for (const key of booked.keys()) {
    findings.add('unbooked-deposit', `the books have a deposit at ${key}, the log has none there`);
  }
}

type Deposit = LogFacts['moneyDeposits'][number] | LogFacts['energyDeposits'][number];

function isSameDeposit(row: DepositRow, event: Deposit, meterId: string): boolean {
  if (row.meterId !== meterId) return false;
  return event.kind === 'financial-deposited'
    ? row.amountMicro === event.amountMicro
    : row.assetId === event.assetId && row.energyWs === event.energyWs;
}

/** Each entry has its reason, and each reason its entry; openings are looked at with balances. */
function checkLedger(books: BooksFacts, findings: Findings): void {
  const due = new Map<string, { meterId: string; amountMicro: bigint }>();
  for (const { requestId, meterId, amountMicro, money } of books.withdrawals.values()) {
    if (money === 'none') continue;
    due.set(`granted ${requestId}`, { meterId, amountMicro: -amountMicro });
    if (money === 'refused') due.set(`returned ${requestId}`, { meterId, amountMicro });
  }
  for (const deposit of books.deposits) {
    const { meterId, amountMicro } = deposit;
    if (amountMicro !== null) due.set(`deposited ${keyOf(deposit)}`, { meterId, amountMicro });
  }
  for (const row of books.ledger) {
    if (!['granted', 'returned', 'deposited'].includes(row.reason)) continue;
    const name = `${row.reason} ${row.ref}`;
    const wanted = due.get(name);
    due.delete(name);
    const isTheirs = wanted !== undefined && isInLine(books, wanted.meterId, row.meterId);
    if (isTheirs && wanted.amountMicro === row.amountMicro) continue;
    findings.add('wrong-account', `${entryText(row)} has no such reason in the books`);
  }
  for (const [name, { meterId, amountMicro }] of due) {
    const what = `${amountMicro} millionths are not booked to ${meterId}`;
    findings.add('wrong-account', `${what}: ${name}`);
  }
}

/** What comes back to a meter that was replaced goes to the one in its place. */
function isInLine(books: BooksFacts, from: string, to: string): boolean {
  const seen = new Set<string>();
  for (let at: string | null = from; at !== null && !seen.has(at); ) {
    if (at === to) return true;
    seen.add(at);
    at = books.meters.get(at)?.replacedBy ?? null;
  }
  return false;
}

function entryText({ meterId, amountMicro, reason, ref }: LedgerRow): string {
  return `the entry of ${amountMicro} millionths to ${meterId} (${reason} ${ref})`;
}

function checkBalances(books: BooksFacts, findings: Findings): void {
  const sums = new Map<string, bigint>();
  const openings = new Map<string, number>();
  for (const { meterId, amountMicro, reason } of books.ledger) {
    sums.set(meterId, (sums.get(meterId) ?? 0n) + amountMicro);
    if (reason === 'opening') openings.set(meterId, (openings.get(meterId) ?? 0) + 1);
  }
  for (const { meterId, balanceMicro } of books.meters.values()) {
    const sum = sums.get(meterId) ?? 0n;
    if (sum !== balanceMicro) {
      const what = `the account of ${meterId} holds ${balanceMicro} millionths`;
      findings.add('wrong-account', `${what}, its entries add up to ${sum}`);
    }
    if (balanceMicro < 0n && !books.hasClaims) {
      findings.add('wrong-account', `the account of ${meterId} is below zero: ${balanceMicro}`);
    }
    if (openings.get(meterId) !== 1) {
      findings.add('wrong-account', `the account of ${meterId} was not opened once`);
    }
  }
}
