/**
 * What the trading service has with the DSO: the meter's account there, and grants for own offers.
 * A DSO that is away is asked again after a while that grows; what is out already goes on.
 */
import type { Clock, Log, UnixMs } from '../../host/ports.ts';
import { REFUSALS } from '../../market/messages.ts';
import { Backoff } from '../backoff.ts';
import type { OwnOffer } from '../traders/own-offer.ts';
import { type DsoClient, DsoError } from '../wallet/dso-client.ts';
import type { Wallet } from '../wallet/wallet.ts';

/** What the DSO says of this meter. */
export interface Account {
  feeder: number;
  balanceMicro: bigint;
  maxPowerW: number;
  isSuspended: boolean;
  askedAtMs: UnixMs;
}

export interface DsoLinkOptions {
  dso: Pick<DsoClient, 'account' | 'withdraw'>;
  wallet: Pick<Wallet, 'fact' | 'keep' | 'liveOffers'>;
  clock: Clock;
  log: Log;
  intervalSeconds: number;
}

/** The account is asked for again after so many intervals. */
const ACCOUNT_INTERVALS = 4;
/** While the DSO does not know the meter, it is asked again this often, market ms. */
const ENROLMENT_MS = 60_000;
const FACT = 'account';

export class DsoLink {
  readonly #o: DsoLinkOptions;
  readonly #backoff: Backoff;
  #account: Account | null;
  #dueAtMs: UnixMs = Number.NEGATIVE_INFINITY;
  #problem: string | null = null;
  /** The DSO restored its books: what was granted is to be asked for again. */
  #isRecovering = false;

  constructor(options: DsoLinkOptions) {
    this.#o = options;
    this.#backoff = new Backoff(options.clock);
    this.#account = readAccount(options.wallet.fact(FACT));
  }

  /** As last told, perhaps before a restart; null while the DSO does not know the meter. */
  get account(): Account | null {
    return this.#account;
  }

  /** Why the DSO did not answer last time; null when it did. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Why no grant would come now, for people. */
  obstacles(): string[] {
    const found: string[] = [];
    if (this.#problem !== null) found.push(this.#problem);
    else if (this.#account === null) {
      found.push('the DSO does not know this meter yet: have the request code of enrol added');
    }
    if (this.#account?.isSuspended === true) found.push('the DSO has suspended this meter');
    return found;
  }

  /** Asks for the account when that is due. @throws SqlError */
  async refresh(signal: AbortSignal): Promise<void> {
    const { clock, dso, wallet, log, intervalSeconds } = this.#o;
    const nowMs = clock.now();
    const isDue = nowMs >= this.#dueAtMs || this.#problem !== null;
    if (!isDue || !clock.isProven() || !this.#backoff.isDue) return;
    const answer = await this.#asked(() => dso.account(signal), signal);
    if (answer === null) return;
    if (answer.state === 'failed') {
      if (this.#account !== null) log.warn(`the DSO says: ${answer.sentence}`);
      this.#account = null;
      this.#dueAtMs = nowMs + ENROLMENT_MS;
      return;
    }
    const before = this.#account;
    const { feeder, balanceMicro, maxPowerW, suspended: isSuspended } = answer;
    this.#account = { feeder, balanceMicro, maxPowerW, isSuspended, askedAtMs: nowMs };
    this.#dueAtMs = nowMs + ACCOUNT_INTERVALS * intervalSeconds * 1000;
    const isNew =
      before?.feeder !== feeder ||
      before.maxPowerW !== maxPowerW ||
      before.isSuspended !== isSuspended;
    if (isNew) wallet.keep([], { [FACT]: writeAccount(this.#account) });
  }

  /**
   * Asks for the grant of an offer, or what became of it: also when it is too late for one, because
   * only the DSO knows whether it had taken the request before its answer got lost.
   * @returns why it is refused, `accepted`, or null when there was no answer and it is open
   * @throws SqlError
   */
  async withdraw(
    offer: OwnOffer,
    signal: AbortSignal,
  ): Promise<'accepted' | { refused: string; note: string } | null> {
    const { dso, clock } = this.#o;
    const account = this.#account;
    if (account === null || !clock.isProven() || !this.#backoff.isDue) return null;
    const answer = await this.#asked(() => dso.withdraw(offer, account.feeder, signal), signal);
    if (answer === null && this.#isRecovering) await this.#repeatGranted(account.feeder, signal);
    if (answer === null) return null;
    if (answer.state !== 'failed') return 'accepted';
    // Limit, feeder or standing may have changed: look before the next one.
    this.#dueAtMs = Number.NEGATIVE_INFINITY;
    const { code, sentence } = answer;
    return {
      refused: `${code}: ${sentence}`,
      note: `the DSO refuses a withdrawal (${code}): ${sentence || REFUSALS[code]}`,
    };
  }

  /**
   * A DSO that restored its books learns whose its later grants are from the same requests as
   * before; a repetition is harmless.
   */
  async #repeatGranted(feeder: number, signal: AbortSignal): Promise<void> {
    const { dso, wallet, log } = this.#o;
    this.#isRecovering = false;
    const granted = wallet.liveOffers().filter(({ state }) => state !== 'reserved');
    log.info('the DSO restored its books: it hears again what it granted', {
      grants: granted.length,
    });
    for (const offer of granted) {
      try {
        await dso.withdraw(offer, feeder, signal);
      } catch (error) {
        if (signal.aborted || !(error instanceof DsoError)) throw error;
      }
    }
  }

  /** One request; a failure is told once and leaves the DSO alone for a while. */
  async #asked<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T | null> {
    try {
      const answer = await ask();
      if (this.#problem !== null) this.#o.log.info('the DSO answers again');
      this.#problem = null;
      this.#backoff.succeeded();
      return answer;
    } catch (error) {
      if (signal.aborted) throw error;
      if (!(error instanceof DsoError)) throw error;
      if (this.#problem === null) {
        this.#o.log.warn('no offers until the DSO answers', { cause: error.message });
      }
      this.#problem = error.message;
      this.#isRecovering = error.code === 'recovering';
      this.#backoff.failed(error.waitMs);
      return null;
    }
  }
}

function writeAccount(account: Account): string {
  return JSON.stringify({ ...account, balanceMicro: account.balanceMicro.toString() });
}

/** What was last known, so that a DSO that is away at the start does not hinder what is out. */
function readAccount(text: string | null): Account | null {
  if (text === null) return null;
  const account = JSON.parse(text) as Omit<Account, 'balanceMicro'> & { balanceMicro: string };
  return { ...account, balanceMicro: BigInt(account.balanceMicro) };
}
