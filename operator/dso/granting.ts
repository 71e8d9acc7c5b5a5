/**
 * Puts what the books accepted into transactions: the grants of many withdrawals in one. Whoever
 * asks in the same short while shares it, and a withdrawal is never split. In a transaction grants
 * stand in the order of their request ids, which are chance and known to meter and DSO alone: not
 * in the order in which meters asked, which would tell whose they are.
 *
 * That a withdrawal waits, and which transaction carries it, stand in the books beside the signed
 * bytes, and change with them at once: a crash before leaves it waiting, a crash after leaves it
 * signed, and nothing is signed twice.
 */
import { SigningKey } from 'ethers';
import { GAS_MAX, type Grant, gasOfGrants, grantCall } from '../../chain/calls.ts';
import type { Outbox } from '../../chain/outbox.ts';
import type { Clock, UnixMs } from '../../host/ports.ts';
import type { GridFacts } from '../../market/grid.ts';
import type { Books } from '../books/books.ts';
import type { StoredWithdrawal } from '../books/grants.ts';
import { failWithdrawal, refusalSentence } from './failing.ts';

/** Most grants of one transaction: what its verification may cost, and its bytes, stay small. */
export const GRANTS_AT_ONCE = 50;
/** By what the outbox names transactions of grants; whose they are is in the books. */
export const GRANTS_REF = 'grants';

export interface GrantingPorts {
  books: Books;
  outbox: Outbox;
  grid: GridFacts;
  /** The DSO's key: the granter. */
  key: Uint8Array;
  /** How long the first of those that share a transaction waits for others, market ms. */
  gatherMs: number;
  clock: Clock;
}

interface Batch {
  requestIds: string[];
  grants: Grant[];
}

export class Granting {
  readonly #ports: GrantingPorts;
  readonly #key: SigningKey;

  constructor(ports: GrantingPorts) {
    this.#ports = ports;
    this.#key = new SigningKey(ports.key);
  }

  /** When there is something to sign; null while nothing waits. */
  dueAtMs(): UnixMs | null {
    const [oldest] = this.#ports.books.grants.unsigned();
    if (oldest === undefined) return null;
    return oldest.acceptedAtMs + this.#ports.gatherMs;
  }

  /**
   * Signs everything that waits, once the oldest has waited long enough.
   * @returns how many transactions. @throws OutboxError
   */
  signDue(): number {
    const { books, outbox, grid, clock } = this.#ports;
    this.#refuseWhilePaused();
    const dueAtMs = this.dueAtMs();
    if (dueAtMs === null || dueAtMs > clock.now() || !clock.isProven()) return 0;
    return books.transaction(() => {
      const batches = this.#batches(books.grants.unsigned());
      for (const { requestIds, grants } of batches) {
        const { hash } = outbox.enqueue(this.#key, grantCall(grid.contracts, grants), GRANTS_REF);
        for (const requestId of requestIds) books.grants.setCarrier(requestId, hash);
      }
      return batches.length;
    });
  }

  /** What was accepted and not signed when the market was paused. */
  #refuseWhilePaused(): void {
    const { books, clock } = this.#ports;
    const { pausedFor } = books.control;
    if (pausedFor === null) return;
    const sentence = refusalSentence('paused', pausedFor);
    books.transaction(() => {
      for (const withdrawal of books.grants.unsigned()) {
        failWithdrawal(books, withdrawal, { code: 'paused', sentence }, clock.now());
      }
    });
  }

  #batches(waiting: readonly StoredWithdrawal[]): Batch[] {
    const batches: Batch[] = [];
    let open: Batch | null = null;
    const shuffled = [...waiting].sort((a, b) => (a.requestId < b.requestId ? -1 : 1));
    for (const withdrawal of shuffled) {
      const { requestId, isAlone } = withdrawal;
      const grants = this.#grantsOf(withdrawal);
      if (open !== null && !isAlone && fits([...open.grants, ...grants])) {
        open.requestIds.push(requestId);
        open.grants.push(...grants);
        continue;
      }
      const batch = { requestIds: [requestId], grants };
      batches.push(batch);
      if (!isAlone) open = batch;
    }
    return batches;
  }

  /** One for each asset; the money goes with the first, or alone. */
  #grantsOf({ requestId, meterId, address, amountMicro }: StoredWithdrawal): Grant[] {
    const { books, grid } = this.#ports;
    const meter = books.meters.find(meterId);
    if (meter === null) throw new Error(`the meter of withdrawal ${requestId} is gone`);
    const place = { to: address, market: grid.contracts.matching };
    const [first = NO_ASSET, ...others] = books.grants.grantsOf(requestId);
    return [
      { ...first, ...place, feeder: meter.feeder, amountMicro },
      ...others.map((each) => ({ ...each, ...place, feeder: meter.feeder, amountMicro: 0n })),
    ];
  }
}

/** Of a grant of money only: the contract looks at none of it. */
const NO_ASSET = {
  side: 'sell',
  firstInterval: 0,
  lastInterval: 0,
  energyWs: 0,
  maxPowerW: 0,
} as const;

function fits(grants: readonly Grant[]): boolean {
  return grants.length <= GRANTS_AT_ONCE && gasOfGrants(grants) <= GAS_MAX;
}
