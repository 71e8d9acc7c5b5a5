/** Grants of energy and money: in the books and in the log, each once, both ways. */
import { type BooksFacts, isClaimed } from './books-facts.ts';
import type { Findings } from './findings.ts';
import type { LogFacts } from './log-facts.ts';

/** What is accepted and not yet in a final block, by withdrawals. */
export interface UnderWay {
  /** Accepted, in no transaction yet. */
  unsigned: number;
  /** Signed, in no final block that the books have read. */
  signed: number;
  /** Addresses granted to after the backup, that no meter has claimed yet. */
  unclaimed: number;
  /** Refused by the contract; the books take that in at their next look. */
  toFail: number;
}

/** References of transactions that the operator's commands and the DSO order besides grants. */
const ORDERED = /^(fund|stake|payout):/;

export function checkGrants(log: LogFacts, books: BooksFacts, findings: Findings): UnderWay {
  const unclaimed = unclaimedAddresses(log, books);
  const isLooked = ({ owner }: { owner: string }) => !unclaimed.has(owner);
  const assets = new Map([...log.assets].filter(([, event]) => isLooked(event)));
  checkAssets({ ...log, assets }, books, findings);
  checkMoney({ ...log, money: log.money.filter(isLooked) }, books, findings);
  checkBooked(log, books, findings);
  return { ...underWay(books, findings), unclaimed: unclaimed.size };
}

/** Addresses of solvers and payout accounts, and the DSO's own: no meter's. */
export function orderedAddresses(books: BooksFacts): Set<string> {
  const found = new Set<string>();
  for (const { ref, address } of books.outbox.values()) {
    const to = /^(stake|payout):(0x[0-9a-f]{40})$/.exec(ref ?? '')?.[2];
    if (to !== undefined) found.add(to);
    if (ref?.startsWith('fund:')) found.add(address);
  }
  return found;
}

/** Signed by these books; or claimed by both signatures of its meter after a restore. */
function isOurs(
  books: BooksFacts,
  { transactionHash, owner }: { transactionHash: string; owner: string },
): boolean {
  const entry = books.outbox.get(transactionHash);
  if (entry !== undefined) return entry.state !== 'reverted' && entry.state !== 'replaced';
  const link = books.addresses.get(owner);
  const withdrawal = link && books.withdrawals.get(link.requestId);
  return withdrawal !== undefined && isClaimed(withdrawal);
}

/** Granted to after the backup that the books were restored from: their meters will tell. */
export function unclaimedAddresses(log: LogFacts, books: BooksFacts): Set<string> {
  const { restoredAt } = books;
  if (restoredAt === null) return new Set();
  return new Set(
    [...log.assets.values(), ...log.money]
      .filter((event) => event.blockNumber > restoredAt && !books.addresses.has(event.owner))
      .filter((event) => !books.outbox.has(event.transactionHash))
      .map(({ owner }) => owner),
  );
}

function foreign(what: string, event: { transactionHash: string; blockNumber: number }): string {
  const { transactionHash, blockNumber } = event;
  const by = `by transaction ${transactionHash} in block ${blockNumber}`;
  return `${what} ${by}, which these books never signed`;
}

function checkAssets(log: LogFacts, books: BooksFacts, findings: Findings): void {
  const byAsset = new Map(books.grants.map((grant) => [grant.assetId, grant]));
  for (const event of log.assets.values()) {
    const what = `asset ${event.assetId} was granted to ${event.owner}`;
    const link = books.addresses.get(event.owner);
    const grant = byAsset.get(event.assetId);
    if (!isOurs(books, event)) {
      findings.add('foreign-transaction', foreign(what, event));
    } else if (link === undefined || grant === undefined) {
      const lacking = link === undefined ? 'do not know the address' : 'have no such grant';
      findings.add('unbooked-grant', `${what}, and the books ${lacking}`);
    }
    if (grant === undefined) continue;
    const withdrawal = books.withdrawals.get(grant.requestId);
    const isSame =
      withdrawal?.address.toLowerCase() === event.owner &&
      books.meters.get(grant.meterId)?.feeder === event.feeder &&
      grant.side === event.side &&
      grant.firstInterval === event.firstInterval &&
      grant.lastInterval === event.lastInterval &&
      grant.energyWs === event.energyWs &&
      grant.maxPowerW === event.maxPowerW;
    if (isSame) continue;
    findings.add(
      'wrong-grant',
      `asset ${event.assetId} is another one in the books than in the log`,
    );
  }
}

/** Each sum in the log belongs to one withdrawal, or to an order of the operator. */
function checkMoney(log: LogFacts, books: BooksFacts, findings: Findings): void {
  const open = new Map<
    string,
    { amountMicro: bigint; requestId: string; carrier: string | null }[]
  >();
  for (const withdrawal of books.withdrawals.values()) {
    if (withdrawal.money !== 'granted') continue;
    const address = withdrawal.address.toLowerCase();
    open.set(address, [...(open.get(address) ?? []), withdrawal]);
  }
  for (const event of log.money) {
    const what = `${event.amountMicro} millionths were granted to ${event.owner}`;
    if (!isOurs(books, event)) {
      findings.add('foreign-transaction', foreign(what, event));
      continue;
    }
    if (ORDERED.test(books.outbox.get(event.transactionHash)?.ref ?? '')) continue;
    const candidates = (open.get(event.owner) ?? []).filter(
      ({ amountMicro }) => amountMicro === event.amountMicro,
    );
    const booked =
      candidates.find((each) => each.carrier === event.transactionHash) ?? candidates[0];
    if (booked === undefined) {
      const { transactionHash } = event;
      const said = `${what} by ${transactionHash}, and the books have no such withdrawal`;
      findings.add('unbooked-grant', said);
      continue;
    }
    const rest = (open.get(event.owner) ?? []).filter((each) => each !== booked);
    open.set(event.owner, rest);
  }
  for (const [address, list] of open) {
    for (const { amountMicro, requestId } of list) {
      const what = `withdrawal ${requestId}: the books say that ${amountMicro} millionths were`;
      findings.add('missing-grant', `${what} granted to ${address}, the log does not`);
    }
  }
}

/** What the books say was granted, or came back, is in the log. */
function checkBooked(log: LogFacts, books: BooksFacts, findings: Findings): void {
  // As the books count it: all at once, so that none of it was ever traded.
  const returned = new Set(
    log.energyDeposits.map(({ assetId, energyWs }) => `${assetId}/${energyWs}`),
  );
  for (const grant of books.grants) {
    const { requestId, position, assetId, state } = grant;
    const name = `grant ${position} of withdrawal ${requestId}`;
    const isGranted = state === 'granted' || state === 'returned';
    if (isGranted && (assetId === null || !log.assets.has(assetId))) {
      findings.add('missing-grant', `${name} is ${state} in the books, and not in the log`);
    }
    if (!isGranted && assetId !== null) {
      findings.add('wrong-grant', `${name} is ${state} in the books, and asset ${assetId} as well`);
    }
    if (assetId === null) continue;
    const isBack = returned.has(`${assetId}/${grant.energyWs}`);
    if (isBack === (state === 'returned')) continue;
    const where = isBack ? 'in the log, and not in the books' : 'in the books, and not in the log';
    findings.add('wrong-grant', `${name}: all of asset ${assetId} came back ${where}`);
  }
}

function underWay(books: BooksFacts, findings: Findings): Omit<UnderWay, 'unclaimed'> {
  const counts = { unsigned: 0, signed: 0, toFail: 0 };
  const followed = books.followedBlock ?? 0;
  for (const { requestId, state, carrier } of books.withdrawals.values()) {
    if (state !== 'accepted') continue;
    const entry = carrier === null ? undefined : books.outbox.get(carrier);
    if (carrier === null) counts.unsigned += 1;
    else if (entry?.state === 'reverted') counts.toFail += 1;
    else if (entry?.state === 'queued' || entry?.state === 'sent') counts.signed += 1;
    else if (entry?.state === 'mined' && (entry.blockNumber ?? 0) > followed) counts.signed += 1;
    else if (entry?.state === 'mined' && isAllThere(books, requestId)) counts.signed += 1;
    else {
      const what = `withdrawal ${requestId} waits for transaction ${carrier}, which is`;
      findings.add('missing-grant', `${what} ${entry?.state ?? 'not in the books'}`);
    }
  }
  return counts;
}

/** All grants were seen: only the last step in the books is missing. */
function isAllThere(books: BooksFacts, requestId: string): boolean {
  const isWaiting = books.grants.some(
    (grant) => grant.requestId === requestId && grant.state === 'waiting',
  );
  return !isWaiting && books.withdrawals.get(requestId)?.money !== 'waiting';
}
