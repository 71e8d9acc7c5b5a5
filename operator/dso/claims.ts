/**
 * Grants that the books do not know. After books were restored from a backup the log holds grants
 * that this DSO made since, and nobody but the meters knows whose they are: a meter that repeats
 * its request shows it, by the same two signatures as before. All that the log told of its address
 * is booked then, however late.
 *
 * Until every such grant is claimed, or its intervals are past, nothing new is granted: any meter
 * may hold more than the books say.
 */
import type { Outbox } from '../../chain/outbox.ts';
import type { JsonRpc } from '../../chain/rpc.ts';
import type { Clock, Log } from '../../host/ports.ts';
import { intervalAt, type MarketCalendar } from '../../market/intervals.ts';
import type { Address, AssetRequest, Hex32, Withdrawal } from '../../market/messages.ts';
import type { Books } from '../books/books.ts';
import { lostBlocks, NONCES_RAISED, noteLostBlocks, RESTORED } from '../books/restored.ts';
import type { StrayEvent } from '../books/strays.ts';
import type { LogKeeper } from './log-keeper.ts';

export const RECOVERING =
  'the books were restored from a backup: until its meters told again what they were granted ' +
  'since, nothing more is granted; repeat what was granted';

export interface ClaimPorts {
  books: Books;
  outbox: Outbox;
  /** Of the DSO, lower case. */
  address: Address;
  /** Asks for the nonce after a restore. */
  rpc: Pick<JsonRpc, 'nonce'> | null;
  calendar: MarketCalendar;
  clock: Clock;
  log: Log;
}

export class Claims {
  readonly #ports: ClaimPorts;
  readonly #keeper: LogKeeper;
  #isAtHead = false;

  constructor(ports: ClaimPorts, keeper: LogKeeper) {
    this.#ports = ports;
    this.#keeper = keeper;
  }

  get isRecovering(): boolean {
    return this.#ports.books.facts.get(RESTORED) !== null;
  }

  /**
   * After the log was read to its head. While books that were restored lag behind what was granted,
   * nonces go on from where the chain is: never two transactions for one.
   * @throws RpcError
   */
  async afterPoll(signal: AbortSignal): Promise<void> {
    const { books, outbox, address, rpc, calendar, clock, log } = this.#ports;
    const restored = books.facts.get(RESTORED);
    if (restored === null) return;
    if (!this.#isAtHead) log.warn(RECOVERING, { block: Number(restored) });
    this.#isAtHead = true;
    if (rpc === null) throw new Error('restored books need the chain');
    const nonces = [
      await rpc.nonce(address, 'latest', signal),
      await rpc.nonce(address, 'pending', signal),
    ];
    outbox.store.raiseNonce(address, Math.max(...nonces));
    const isNew = books.facts.get(NONCES_RAISED) === null;
    const lost = { after: Number(restored), to: this.#keeper.followedBlock };
    noteLostBlocks(books.facts, lost, isNew);
    books.facts.set(NONCES_RAISED, String(Math.max(...nonces)));
    const now = intervalAt(calendar, clock.now() / 1000);
    if (!clock.isProven() || books.strays.openAssets(Number(restored), now) > 0) return;
    books.facts.remove(RESTORED);
    const { addresses } = books.strays.summary(now);
    log.info('no grant of before the restore is open any more: granting again', { addresses });
  }

  /** In blocks that a restore lost: a thief's grants at other times are nobody's to claim. */
  #isLost(events: readonly StrayEvent[]): boolean {
    const lost = lostBlocks(this.#ports.books.facts);
    return events
      .filter(isGrant)
      .every(({ blockNumber }) =>
        lost.some(({ after, to }) => after < blockNumber && blockNumber <= to),
      );
  }

  /**
   * Books what an address was granted and has done, if that is what this withdrawal asks for.
   * @returns false when it is not
   */
  claim(withdrawal: Withdrawal, digest: Hex32): boolean {
    const { books, clock, log } = this.#ports;
    const { address, meterId, requestId, amountMicro } = withdrawal;
    const events = books.strays.of(address);
    if (!isGrantOf(events, withdrawal) || !this.#isLost(events)) return false;
    books.transaction(() => {
      const { grants, meters, positions, strays } = books;
      grants.accept(withdrawal, digest, clock.now());
      if (amountMicro > 0n) {
        meters.book(meterId, -amountMicro, 'granted', requestId, clock.now(), true);
      }
      strays.remove(address);
      for (const event of events) this.#keeper.record(event);
      for (const event of events) {
        if (event.kind === 'offer-posted') positions.claimOffer(event.offerId, meterId);
      }
      grants.setState(requestId, 'granted');
    });
    log.info('a grant was claimed that the books did not know', { requestId });
    return true;
  }
}

function isGrant({ kind }: StrayEvent): boolean {
  return kind === 'asset-added' || kind === 'financial-added';
}

function isGrantOf(events: readonly StrayEvent[], { assets, amountMicro }: Withdrawal): boolean {
  const open = [...assets];
  let grantedMicro = 0n;
  for (const event of events) {
    if (event.kind === 'financial-added') grantedMicro += event.amountMicro;
    if (event.kind !== 'asset-added') continue;
    const at = open.findIndex((asset) => isSame(asset, event));
    if (at < 0) return false;
    open.splice(at, 1);
  }
  return events.length > 0 && open.length === 0 && grantedMicro === amountMicro;
}

function isSame(asset: AssetRequest, event: Extract<StrayEvent, { kind: 'asset-added' }>): boolean {
  return (
    asset.side === event.side &&
    asset.firstInterval === event.firstInterval &&
    asset.lastInterval === event.lastInterval &&
    asset.energyWs === event.energyWs &&
    asset.maxPowerW === event.maxPowerW
  );
}
