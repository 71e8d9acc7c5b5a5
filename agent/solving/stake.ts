/**
 * The stake of this home's solver: money of the meter's account at the DSO, asked for once by a
 * withdrawal without assets. The request is on disk before it leaves, and repeated as it was until
 * the DSO has said what became of it, so that a crash never makes two of it.
 */
import { computeAddress, type SigningKey } from 'ethers';
import { RpcError } from '../../chain/rpc-forms.ts';
import type { Clock, Log, LogFields, UnixMs } from '../../host/ports.ts';
import type { SolverChain } from '../../solver/ports.ts';
import { Backoff } from '../backoff.ts';
import { type DsoClient, DsoError, type MoneyRequest } from '../wallet/dso-client.ts';
import type { Wallet } from '../wallet/wallet.ts';

export interface SolverStakeOptions {
  wallet: Pick<Wallet, 'fact' | 'transaction' | 'putFact' | 'dropFact' | 'newRequestId'>;
  dso: Pick<DsoClient, 'account' | 'withdrawMoney'>;
  chain: Pick<SolverChain, 'stakeMicro' | 'balanceMicro'>;
  key: SigningKey;
  /** What the market wants of a solver. */
  leastMicro: bigint;
  /** After a refusal the DSO is asked again so much later, market ms. */
  retryMs: number;
  clock: Clock;
  log: Log;
}

const FACT = 'solver.stake';
/** A request that the DSO has not seen by then is made anew, market seconds. */
const VALID_SECONDS = 3600;

export class SolverStake {
  readonly #o: SolverStakeOptions;
  readonly #address: string;
  readonly #backoff: Backoff;
  #askAgainAtMs: UnixMs = Number.NEGATIVE_INFINITY;
  #isHeld = false;
  #problem: string | null = null;

  constructor(options: SolverStakeOptions) {
    this.#o = options;
    this.#address = computeAddress(options.key.publicKey).toLowerCase();
    this.#backoff = new Backoff(options.clock);
  }

  /** Whether it stands in the market, or in reach of the solver, which then puts it there. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** What is missing, for people; null when nothing is, or while it comes. */
  get problem(): string | null {
    return this.#problem;
  }

  /** One look at what is there, and what follows from it. @throws SqlError */
  async ensure(signal: AbortSignal): Promise<void> {
    if (this.#isHeld || !this.#o.clock.isProven() || !this.#backoff.isDue) return;
    try {
      const missingMicro = await this.#missingMicro(signal);
      if (missingMicro > 0n) {
        await this.#ask(missingMicro, signal);
        this.#backoff.succeeded();
        return;
      }
      this.#forget();
      this.#isHeld = true;
      this.#problem = null;
    } catch (error) {
      if (signal.aborted) throw error;
      // That the chain does not answer is told by the solver itself.
      if (!(error instanceof RpcError || error instanceof DsoError)) throw error;
      if (error instanceof DsoError) this.#lacks(error.message);
      this.#backoff.failed();
    }
  }

  async #missingMicro(signal: AbortSignal): Promise<bigint> {
    const { chain, leastMicro } = this.#o;
    const stakedMicro = await chain.stakeMicro(this.#address, signal);
    if (stakedMicro >= leastMicro) return 0n;
    const missing = leastMicro - stakedMicro - (await chain.balanceMicro(this.#address, signal));
    return missing > 0n ? missing : 0n;
  }

  async #ask(missingMicro: bigint, signal: AbortSignal): Promise<void> {
    const { dso, key, log, clock, retryMs } = this.#o;
    if (clock.now() < this.#askAgainAtMs) return;
    const request = this.#kept() ?? (await this.#made(missingMicro, signal));
    if (request === null) return;
    const answer = await dso.withdrawMoney(request, key, signal);
    if (answer.state !== 'failed') {
      if (this.#problem !== null) log.info('the DSO grants the solver its stake');
      this.#problem = null;
      return;
    }
    this.#forget();
    this.#askAgainAtMs = clock.now() + retryMs;
    const { code, sentence } = answer;
    this.#lacks(`the DSO refuses it (${code}): ${sentence}`, { missingMicro });
  }

  /** On disk when it is returned; null while the DSO does not know this meter. */
  async #made(missingMicro: bigint, signal: AbortSignal): Promise<MoneyRequest | null> {
    const { dso, wallet, clock, retryMs, log } = this.#o;
    const account = await dso.account(signal);
    if (account.state === 'failed') {
      this.#askAgainAtMs = clock.now() + retryMs;
      this.#lacks(`the DSO does not grant it: ${account.sentence}`, { missingMicro });
      return null;
    }
    const request: MoneyRequest = {
      requestId: wallet.newRequestId(clock.now()),
      feeder: account.feeder,
      amountMicro: missingMicro,
      expiresAt: Math.floor(clock.now() / 1000) + VALID_SECONDS,
    };
    const text = JSON.stringify({ ...request, amountMicro: missingMicro.toString() });
    wallet.transaction(() => wallet.putFact(FACT, text));
    log.info('the solver asks the DSO for its stake', { amountMicro: missingMicro });
    return request;
  }

  #kept(): MoneyRequest | null {
    const text = this.#o.wallet.fact(FACT);
    if (text === null) return null;
    const kept = JSON.parse(text) as Omit<MoneyRequest, 'amountMicro'> & { amountMicro: string };
    return { ...kept, amountMicro: BigInt(kept.amountMicro) };
  }

  #forget(): void {
    const { wallet } = this.#o;
    if (wallet.fact(FACT) !== null) wallet.transaction(() => wallet.dropFact(FACT));
  }

  /** Once for each reason. */
  #lacks(reason: string, fields: LogFields = {}): void {
    const text = `the solver has no stake and submits nothing: ${reason}`;
    if (text !== this.#problem) this.#o.log.warn(text, { solver: this.#address, ...fields });
    this.#problem = text;
  }
}
