/**
 * Rewards: what final intervals owe this solver is collected now and then, to its payout account.
 * Credits do not expire, so nothing is urgent: at most once an hour, and only when nothing else of
 * this solver waits for a block. When it last tried, it knows from its outbox.
 */
import type { SigningKey } from 'ethers';
import { CLAIMED_AT_ONCE, claimRewardsCall } from '../chain/calls.ts';
import type { MarketContracts } from '../chain/decode.ts';
import type { Log } from '../host/ports.ts';
import type { MarketEvent } from '../market/events.ts';
import type { Interval } from '../market/intervals.ts';
import type { RewardChain, SolverOutbox } from './ports.ts';
import { RewardTrail } from './reward-trail.ts';

export interface ClaimingOptions {
  chain: RewardChain;
  outbox: SolverOutbox;
  key: SigningKey;
  /** Of the solver; lower case. */
  address: string;
  contracts: MarketContracts;
  /** Where rewards go: an address that was granted for this market. */
  payout: string;
  log: Log;
}

const CLAIM_SECONDS = 3_600;
const CLAIM = 'claim';

/** What a solver can claim now. */
export interface Claim {
  /** Ascending; those of the first transaction come first. */
  intervals: Interval[];
  amountMicro: bigint;
}

/**
 * Asks the contract for every interval that may owe something, and forgets those that do not.
 * @throws RpcError
 */
export async function claimOf(
  trail: RewardTrail,
  chain: RewardChain,
  solver: string,
  signal: AbortSignal,
  most = Number.POSITIVE_INFINITY,
): Promise<Claim> {
  const claim: Claim = { intervals: [], amountMicro: 0n };
  for (const interval of trail.owed(solver)) {
    if (claim.intervals.length >= most) break;
    const amountMicro = await chain.claimableMicro(interval, solver, signal);
    if (amountMicro === 0n) {
      trail.forget(solver, [interval]);
    } else {
      claim.intervals.push(interval);
      claim.amountMicro += amountMicro;
    }
  }
  return claim;
}

export class Claiming {
  readonly #o: ClaimingOptions;
  readonly #trail: RewardTrail;
  /** The payout account cannot hold money: told once. */
  #isRefused = false;
  /** When the contract was asked last, unix seconds. */
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ClaimingOptions) {
    this.#o = options;
    this.#trail = new RewardTrail(options.address);
  }

  observe(event: MarketEvent): void {
    this.#trail.observe(event);
  }

  /** Signs a claim when there is something to collect. @throws RpcError */
  async advance(nowSeconds: number, signal: AbortSignal): Promise<void> {
    const { chain, outbox, address, contracts, payout, key, log } = this.#o;
    if (this.#trail.owed(address).length === 0 || outbox.store.open().length > 0) return;
    if (nowSeconds < Math.max(this.#askedAt, this.#triedAt()) + CLAIM_SECONDS) return;
    const canHold = (await chain.marketOf(payout, signal)) === contracts.matching.toLowerCase();
    if (!canHold && !this.#isRefused) {
      log.warn('the payout account cannot hold money of this market: the DSO has to admit it');
    }
    this.#isRefused = !canHold;
    this.#askedAt = nowSeconds;
    if (!canHold) return;
    const claim = await claimOf(this.#trail, chain, address, signal, CLAIMED_AT_ONCE);
    const { intervals, amountMicro } = claim;
    if (intervals.length === 0) return;
    outbox.enqueue(key, claimRewardsCall(contracts, intervals, payout), CLAIM);
    log.info('the solver collects its rewards', { intervals: intervals.length, amountMicro });
  }

  /** Before a restart too; unix seconds. */
  #triedAt(): number {
    const last = this.#o.outbox.store.byRef(CLAIM).at(-1);
    return last === undefined ? Number.NEGATIVE_INFINITY : last.queuedAtMs / 1000;
  }
}
