/**
 * What became of own transactions, by what everybody reads: the market's final log and the hashes
 * of all transactions of final blocks. Nothing is asked for that would tell whose they are.
 *
 * An event of a transaction proves that it did what it should. A hash in a final block without an
 * event says that the contract refused it. A later nonce in a final block proves that the earlier
 * ones are used up.
 */
import type { MarketEvent } from '../market/events.ts';
import type { MarketNews } from './follower.ts';
import type { OutboxEntry, Outcome, WalletOutboxStore } from './outbox-store.ts';

export interface LearnedOutcome {
  hash: string;
  outcome: Outcome;
}

/** Events that only a transaction of their owner brings about. */
const OWNERS_EVENTS = {
  'offer-posted': 'postOffer',
  'energy-deposited': 'depositEnergy',
  'financial-deposited': 'depositFinancial',
} as const;

const REFUSED = 'it is in a final block and did nothing there: the contract refused it';
const REPLACED = 'a later transaction of its address is in a final block, and it is in none';

/** @returns outcomes that are new, in an order in which they may be settled */
export function outcomesOf(
  store: WalletOutboxStore,
  { events, included }: Pick<MarketNews, 'events' | 'included'>,
): LearnedOutcome[] {
  const unproven = store.unproven();
  if (unproven.length === 0) return [];
  const learned = new Map<string, LearnedOutcome>();
  const learn = (entry: OutboxEntry, outcome: Outcome) =>
    learned.set(entry.hash, { hash: entry.hash, outcome });
  const told = new Map(events.map((event) => [lower(event.transactionHash), event.blockNumber]));
  const listed = new Map(included.map(({ hash, blockNumber }) => [lower(hash), blockNumber]));
  const open = unproven.filter(({ state }) => state === 'queued' || state === 'sent');
  for (const entry of unproven) {
    const blockNumber = told.get(entry.hash);
    if (blockNumber === undefined) continue;
    learn(entry, { state: 'mined', blockNumber, gasUsed: 0 });
  }
  for (const entry of open) {
    const blockNumber = listed.get(entry.hash);
    if (blockNumber === undefined || learned.has(entry.hash)) continue;
    learn(entry, { state: 'reverted', blockNumber, gasUsed: 0, reason: REFUSED });
  }
  const lastNonce = new Map<string, number>();
  for (const entry of unproven) {
    if (learned.has(entry.hash)) lastNonce.set(entry.address, entry.nonce);
  }
  for (const entry of open) {
    const isUsedUp = entry.nonce < (lastNonce.get(entry.address) ?? 0);
    if (isUsedUp && !learned.has(entry.hash)) learn(entry, { state: 'replaced', reason: REPLACED });
  }
  return [...learned.values()];
}

/**
 * The function that an own event tells of when no transaction of this outbox brought it about: the
 * wallet was restored from an older copy, and what it did since then is in the log alone. Null:
 * known, or somebody else's doing.
 */
export function foreignCall(event: MarketEvent, store: WalletOutboxStore): string | null {
  const kind = OWNERS_EVENTS[event.kind as keyof typeof OWNERS_EVENTS] ?? null;
  return kind === null || store.find(lower(event.transactionHash)) !== null ? null : kind;
}

function lower(hash: string): string {
  return hash.toLowerCase();
}
