/**
 * Writes what the market's log says into the books: grants that took effect, offers and final
 * trades of the meters' addresses, deposits. The events of one poll and the place they were read to
 * become durable together, so that a restart reads on and nothing counts twice.
 */
import type { MarketFeed } from '../../chain/follower.ts';
import type { OutboxEntry, OutboxStore } from '../../chain/outbox-store.ts';
import type { Clock, Log } from '../../host/ports.ts';
import type { MarketEvent } from '../../market/events.ts';
import { decodeChunk } from '../../market/matching/chunk.ts';
import type { RefusalCode } from '../../market/messages.ts';
import type { Books } from '../books/books.ts';
import type { Grant, StoredWithdrawal } from '../books/grants.ts';
import { RESTORED } from '../books/restored.ts';
import type { StrayEvent } from '../books/strays.ts';
import { failWithdrawal } from './failing.ts';

type Of<K extends MarketEvent['kind']> = Extract<MarketEvent, { kind: K }>;

/** The last block whose events the books have. */
export const FOLLOWED = 'followed block';

/** The first block whose events the books do not have. */
export function firstBlockToRead(books: Books, deployedAtBlock: number): number {
  const followed = books.facts.get(FOLLOWED);
  return followed === null ? deployedAtBlock : Number(followed) + 1;
}

export class LogKeeper {
  readonly #books: Books;
  readonly #outbox: OutboxStore;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #own: ReadonlySet<string>;

  /** @param ports.own addresses of the utility itself, lower case */
  constructor(ports: {
    books: Books;
    outbox: OutboxStore;
    clock: Clock;
    log: Log;
    own?: readonly string[];
  }) {
    this.#books = ports.books;
    this.#outbox = ports.outbox;
    this.#clock = ports.clock;
    this.#log = ports.log;
    this.#own = new Set(ports.own ?? []);
  }

  /** The last block whose events the books have. */
  get followedBlock(): number {
    return Number(this.#books.facts.get(FOLLOWED) ?? 0);
  }

  /** @throws RpcError, FollowerError */
  async follow(feed: MarketFeed, signal: AbortSignal): Promise<void> {
    const { events, head } = await feed.poll(signal);
    const { facts } = this.#books;
    if (head.number < Number(facts.get(FOLLOWED) ?? 0)) return;
    this.#books.transaction(() => {
      for (const event of events) {
        this.record(event);
        this.#books.control.observe(event);
      }
      // A void may be told before the trades that it takes out.
      for (const event of events) {
        if (event.kind === 'trades-voided') {
          this.#books.positions.voidTrades(event.interval, event.positions);
        }
      }
      facts.set(FOLLOWED, String(head.number));
    });
  }

  /**
   * Brings accepted withdrawals to their end: granted once every grant stands in the log, failed
   * once the contract refused them by themselves. Money that was not granted goes back to the
   * account.
   */
  reconcile(): void {
    const { grants } = this.#books;
    for (const { carrier } of grants.accepted()) {
      const entry = carrier === null ? null : this.#outbox.find(carrier);
      if (entry?.state === 'reverted') this.#books.transaction(() => this.#separate(entry));
    }
    for (const withdrawal of grants.accepted()) {
      this.#books.transaction(() => this.#reconcileOne(withdrawal));
    }
  }

  /** Within a transaction of the caller's. */
  record(event: MarketEvent): void {
    const { positions } = this.#books;
    switch (event.kind) {
      case 'asset-added':
        this.#recordAsset(event);
        break;
      case 'financial-added':
        this.#recordMoney(event);
        break;
      case 'energy-deposited':
        this.#recordEnergyDeposit(event);
        break;
      case 'financial-deposited':
        this.#recordMoneyDeposit(event);
        break;
      case 'offer-posted': {
        const link = this.#books.grants.linkOf(event.owner);
        if (link !== null) positions.addOffer(event.offerId, link.meterId, event.side);
        else if (this.#stray(event)) positions.addStrayOffer(event.offerId, event.side);
        break;
      }
      case 'solution-finalized':
        for (const [position, trade] of decodeChunk(event.trades).entries()) {
          positions.addTrade(event.interval, position, trade.askId, trade.powerW);
          positions.addTrade(event.interval, position, trade.bidId, trade.powerW);
        }
        break;
    }
  }

  #recordAsset(event: Of<'asset-added'>): void {
    const { grants } = this.#books;
    const link = grants.linkOf(event.owner);
    if (link === null) {
      this.#stray(event);
      return;
    }
    if (grants.byAsset(event.assetId) !== null) return;
    const grant = grants
      .grantsOf(link.requestId)
      .find((each) => each.assetId === null && isSameGrant(each, event));
    if (grant === undefined) {
      this.#log.error('a grant stands in the log that the books do not know', {
        assetId: event.assetId,
      });
      return;
    }
    grants.setGrant(grant, 'granted', event.assetId);
  }

  #recordMoney(event: Of<'financial-added'>): void {
    const { grants } = this.#books;
    const link = grants.linkOf(event.owner);
    if (link === null) {
      this.#stray(event);
      return;
    }
    if (grants.find(link.requestId)?.money === 'waiting') {
      grants.setMoney(link.requestId, 'granted');
    }
  }

  #recordEnergyDeposit(event: Of<'energy-deposited'>): void {
    const { grants, positions } = this.#books;
    const link = grants.linkOf(event.owner);
    if (link === null) {
      this.#stray(event);
      return;
    }
    const { assetId, energyWs } = event;
    positions.addDeposit(event, link.meterId, event.owner, { assetId, energyWs });
    const grant = grants.byAsset(assetId);
    // All of it came back: it was never traded, and binds the meter to nothing any more.
    if (grant !== null && grant.energyWs === energyWs) grants.setGrant(grant, 'returned', assetId);
  }

  #recordMoneyDeposit(event: Of<'financial-deposited'>): void {
    const { grants, meters, positions } = this.#books;
    const link = grants.linkOf(event.owner);
    if (link === null) {
      this.#stray(event);
      return;
    }
    const { amountMicro, transactionHash, logIndex } = event;
    if (!positions.addDeposit(event, link.meterId, event.owner, { amountMicro })) return;
    const ref = `${transactionHash}:${logIndex}`;
    meters.book(link.meterId, amountMicro, 'deposited', ref, this.#clock.now());
  }

  /**
   * Kept until a meter claims it. What this DSO did not grant, and not to the solvers it admitted,
   * somebody else did who has its role: or it did itself, before its books were restored.
   * @returns whether it is of an address that nobody here knows
   */
  #stray(event: StrayEvent): boolean {
    const { facts, strays } = this.#books;
    const address = event.owner.toLowerCase();
    const isKnown =
      this.#own.has(address) ||
      ['stake', 'payout'].some((kind) => this.#outbox.byRef(`${kind}:${address}`).length > 0);
    if (isKnown || !strays.add(event)) return false;
    const isGrant = event.kind === 'asset-added' || event.kind === 'financial-added';
    if (isGrant && facts.get(RESTORED) === null) {
      this.#log.error(
        'a grant stands in the log that this DSO did not make: its key may be stolen, see ' +
          'docs/operator.md',
        { address, transaction: event.transactionHash },
      );
    }
    return true;
  }

  /** All or none: which grant was refused shows once each withdrawal is sent by itself. */
  #separate({ hash, reason }: OutboxEntry): void {
    const { grants } = this.#books;
    const withdrawals = grants.carriedBy(hash).length;
    if (withdrawals <= 1) return;
    grants.separate(hash);
    this.#log.warn('grants were refused together; each withdrawal is sent by itself', {
      withdrawals,
      reason,
    });
  }

  #reconcileOne(withdrawal: StoredWithdrawal): void {
    const { grants } = this.#books;
    const { requestId, carrier, money } = withdrawal;
    const entry = carrier === null ? null : this.#outbox.find(carrier);
    if (entry?.state === 'reverted' || entry?.state === 'replaced') {
      this.#fail(withdrawal, entry.reason ?? entry.state);
      return;
    }
    const isWaiting = grants.grantsOf(requestId).some(({ state }) => state === 'waiting');
    if (!isWaiting && money !== 'waiting') grants.setState(requestId, 'granted');
  }

  #fail(withdrawal: StoredWithdrawal, reason: string): void {
    const { requestId } = withdrawal;
    this.#log.error('a grant was refused by the contract', { requestId, reason });
    const code = codeOf(reason, this.#books.grants.grantsOf(requestId).length === 0);
    const sentence = `the contract refused the grant: ${reason}`;
    failWithdrawal(this.#books, withdrawal, { code, sentence }, this.#clock.now());
  }
}

/** The caps are left: what else a contract may refuse for was looked at before. */
function codeOf(reason: string, isMoneyOnly: boolean): RefusalCode {
  if (reason.startsWith('GridPaused')) return 'paused';
  return isMoneyOnly ? 'no-money' : 'power-limit';
}

function isSameGrant(grant: Grant, event: Of<'asset-added'>): boolean {
  return (
    grant.side === event.side &&
    grant.firstInterval === event.firstInterval &&
    grant.lastInterval === event.lastInterval &&
    grant.energyWs === event.energyWs &&
    grant.maxPowerW === event.maxPowerW
  );
}
