/**
 * What the meter says to the DSO, signed, over the Transport port; answers count only when the DSO
 * signed them (design: meter and DSO). Every request may be repeated without harm.
 */
import { computeAddress, hexlify, keccak256, type SigningKey, toUtf8Bytes } from 'ethers';
import { type Clock, type Transport, TransportError } from '../../host/ports.ts';
import type { GridFacts } from '../../market/grid.ts';
import { domainOf } from '../../market/grid-json.ts';
import { HEALTH_PATH, healthReportJson, parseHealthAnswer } from '../../market/health-json.ts';
import {
  type HealthReport,
  hashAccountQuery,
  hashHealthReport,
  hashReading,
  hashWithdrawal,
  isSignedBy,
  type Reading,
  type SigningDomain,
  type Withdrawal,
} from '../../market/messages.ts';
import {
  type AccountAnswer,
  accountQueryJson,
  MessageError,
  openAnswer,
  PATHS,
  parseAccountAnswer,
  parseReadingsAnswer,
  parseWithdrawalAnswer,
  type ReadingReceipt,
  type ReadingsAnswer,
  readingsJson,
  type SignedReading,
  type WithdrawalAnswer,
  withdrawalJson,
} from '../../market/messages-json.ts';
import { escrowMicro, type OwnOffer } from '../traders/own-offer.ts';
import type { Wallet } from './wallet.ts';

export class DsoError extends Error {
  /**
   * `unreachable`: no answer. `refused`: an answer that is no answer to this request, such as an
   * HTTP error. `forged`: not signed by the DSO that the grid file names. `clock`: nothing is
   * signed while market time is not proven good. `too-many`: the DSO asks to wait; nothing is
   * refused by that. `recovering`: it restored its books, and wants to hear again what it granted.
   */
  readonly code: 'unreachable' | 'refused' | 'forged' | 'clock' | 'too-many' | 'recovering';
  /** How long the DSO asks to wait, real ms; 0 when it says nothing of it. */
  waitMs = 0;
  constructor(code: DsoError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'DsoError';
    this.code = code;
  }
}

/** Whole exchange, real ms: as the chain's. */
const DEADLINE_MS = { tor: 60_000, clear: 15_000 } as const;
const MAX_ANSWER_BYTES = 256 * 1024;
/** The DSO knows the meter anyway: one connection for all of it. */
const IDENTITY = 'meter';

type Row = Omit<Reading, 'meterId'>;

/** What is asked for besides who asks, and for whom. */
export type MoneyRequest = Pick<Withdrawal, 'requestId' | 'feeder' | 'amountMicro' | 'expiresAt'>;

export interface DsoClientOptions {
  facts: GridFacts;
  transport: Transport;
  wallet: Wallet;
  clock: Clock;
}

export class DsoClient {
  readonly #o: DsoClientOptions;
  readonly #domain: SigningDomain;

  constructor(options: DsoClientOptions) {
    this.#o = options;
    this.#domain = domainOf(options.facts);
  }

  /** Asks for the grant of an own offer. @throws DsoError */
  async withdraw(offer: OwnOffer, feeder: number, signal: AbortSignal): Promise<WithdrawalAnswer> {
    const { side, firstInterval, lastInterval, energyWs, maxPowerW } = offer.terms;
    const request = {
      requestId: offer.requestId,
      feeder,
      assets: [{ side, firstInterval, lastInterval, energyWs, maxPowerW }],
      amountMicro: escrowMicro(offer.terms),
      expiresAt: offer.expiresAt,
    };
    return this.#withdraw(request, this.#o.wallet.keyOf(offer), signal);
  }

  /** Asks for money without energy, for the address of a key. @throws DsoError */
  async withdrawMoney(
    request: MoneyRequest,
    key: SigningKey,
    signal: AbortSignal,
  ): Promise<WithdrawalAnswer> {
    return this.#withdraw({ ...request, assets: [] }, key, signal);
  }

  async #withdraw(
    request: MoneyRequest & Pick<Withdrawal, 'assets'>,
    key: SigningKey,
    signal: AbortSignal,
  ): Promise<WithdrawalAnswer> {
    this.#requireClock();
    const { facts, wallet } = this.#o;
    const withdrawal: Withdrawal = {
      ...request,
      meterId: wallet.meterId,
      address: computeAddress(key.publicKey),
      market: facts.contracts.matching,
    };
    const digest = hashWithdrawal(this.#domain, withdrawal);
    await this.#breathe(signal);
    const meterSignature = wallet.signAsMeter(digest);
    await this.#breathe(signal);
    const addressSignature = key.sign(digest).serialized;
    await this.#breathe(signal);
    const body = withdrawalJson({ withdrawal, meterSignature, addressSignature });
    const answer = await this.#ask(PATHS.withdrawals, request.requestId, body, signal);
    return this.#parsed(() => parseWithdrawalAnswer(answer));
  }

  /** A name for a run of the program. @param random fresh bytes, perhaps of a lab's generator */
  newSession(random: Uint8Array, salt: number): string {
    return keccak256(toUtf8Bytes(`${hexlify(random)} ${this.#o.wallet.newRequestId(salt)}`));
  }

  /**
   * Tells how it is with this meter: signed whether or not the clock is proven, as it moves nothing
   * and the utility should hear of it.
   * @throws DsoError
   */
  async report(
    health: Omit<HealthReport, 'requestId' | 'meterId'>,
    signal: AbortSignal,
  ): Promise<void> {
    const { wallet, clock } = this.#o;
    const requestId = wallet.newRequestId(clock.now());
    const report: HealthReport = { requestId, meterId: wallet.meterId, ...health };
    const meterSignature = wallet.signAsMeter(hashHealthReport(this.#domain, report));
    await this.#breathe(signal);
    const body = healthReportJson({ report, meterSignature });
    const text = await this.#ask(HEALTH_PATH, requestId, body, signal);
    const answer = this.#parsed(() => parseHealthAnswer(text));
    if (answer.state === 'failed') throw new DsoError('refused', answer.sentence);
  }

  /** @throws DsoError */
  async account(signal: AbortSignal): Promise<AccountAnswer> {
    this.#requireClock();
    const { wallet, clock } = this.#o;
    const query = { meterId: wallet.meterId, requestId: wallet.newRequestId(clock.now()) };
    const meterSignature = wallet.signAsMeter(hashAccountQuery(this.#domain, query));
    const body = accountQueryJson({ ...query, meterSignature });
    await this.#breathe(signal);
    const answer = await this.#ask(PATHS.account, query.requestId, body, signal);
    return this.#parsed(() => parseAccountAnswer(answer));
  }

  /**
   * Sends readings. Each countersignature of the answer was checked; refusals count only under the
   * seal of the whole answer, whose check is spared when there is none.
   * @throws DsoError
   */
  async settle(rows: readonly Row[], signal: AbortSignal): Promise<ReadingsAnswer> {
    this.#requireClock();
    const { wallet, clock, facts } = this.#o;
    const { meterId } = wallet;
    const requestId = wallet.newRequestId(clock.now());
    const readings: SignedReading[] = [];
    for (const row of rows) {
      this.#requireClock();
      const reading: Reading = { meterId, ...row };
      readings.push({ reading, meterSignature: wallet.signAsMeter(this.#readingDigest(row)) });
      await this.#breathe(signal);
    }
    const body = readingsJson({ requestId, meterId, readings });
    const text = await this.#post(PATHS.readings, body, signal);
    await this.#breathe(signal);
    const unsealed = this.#parsed(() => parseReadingsAnswer(bodyOf(text)));
    const isMine = unsealed.requestId === requestId;
    if (isMine && (await this.#areCountersigned(unsealed.receipts, rows, signal))) return unsealed;
    const answer = this.#parsed(() =>
      parseReadingsAnswer(openAnswer(this.#domain, requestId, text, facts.dso.address)),
    );
    const receipts = answer.receipts.filter(({ state }) => state === 'countersigned');
    if (await this.#areCountersigned(receipts, rows, signal)) return answer;
    throw new DsoError('forged', 'a countersignature of the DSO does not fit the reading');
  }

  /** Whether each receipt carries the DSO's signature over what was sent. */
  async #areCountersigned(
    receipts: readonly ReadingReceipt[],
    rows: readonly Row[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const { address } = this.#o.facts.dso;
    for (const receipt of receipts) {
      const row = rows.find((each) => each.interval === receipt.interval);
      if (row === undefined || receipt.state !== 'countersigned') return false;
      if (!isSignedBy(this.#readingDigest(row), receipt.dsoSignature, address)) return false;
      await this.#breathe(signal);
    }
    return true;
  }

  /** A signature takes some ms: after each the thread is free for meter and loads. */
  #breathe(signal: AbortSignal): Promise<void> {
    return this.#o.clock.delay(0, signal);
  }

  /** What meter and DSO both sign of a reading. */
  #readingDigest(row: Row): string {
    return hashReading(this.#domain, { meterId: this.#o.wallet.meterId, ...row });
  }

  async #ask(path: string, requestId: string, body: string, signal: AbortSignal): Promise<string> {
    const text = await this.#post(path, body, signal);
    await this.#breathe(signal);
    const { dso } = this.#o.facts;
    return this.#parsed(() => openAnswer(this.#domain, requestId, text, dso.address));
  }

  async #post(path: string, body: string, signal: AbortSignal): Promise<string> {
    const { facts, transport } = this.#o;
    const url = `${facts.dso.url.replace(/\/$/, '')}${path}`;
    let answer: { status: number; body: string };
    try {
      answer = await transport.post(url, body, {
        identity: IDENTITY,
        deadlineMs: DEADLINE_MS[transport.kind],
        maxBytes: MAX_ANSWER_BYTES,
        signal,
      });
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      throw new DsoError('unreachable', `the DSO does not answer: ${error.message}`, error);
    }
    if (answer.status === 429) throw tooMany(answer.body);
    if (answer.status === 503 && answer.body.includes('"recovering"')) {
      throw new DsoError('recovering', 'the DSO restored its books, and grants nothing new yet');
    }
    if (answer.status !== 200) {
      const text = answer.body.slice(0, 200);
      throw new DsoError('refused', `the DSO answered with HTTP ${answer.status}: ${text}`);
    }
    return answer.body;
  }

  #parsed<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      const code = error.code === 'bad-signature' ? 'forged' : 'refused';
      throw new DsoError(code, `the DSO's answer does not count: ${error.message}`, error);
    }
  }

  #requireClock(): void {
    if (this.#o.clock.isProven()) return;
    throw new DsoError('clock', 'nothing is signed while the clock is not proven good');
  }
}

/** Not signed, so it is believed for a minute at most. */
const MOST_WAIT_SECONDS = 60;

function tooMany(body: string): DsoError {
  const seconds = Number(/"waitSeconds":(\d{1,6})\b/.exec(body)?.[1] ?? 1);
  const waitSeconds = Math.max(1, Math.min(MOST_WAIT_SECONDS, seconds));
  const error = new DsoError('too-many', `the DSO asks to wait for ${waitSeconds} s`);
  error.waitMs = waitSeconds * 1000;
  return error;
}

/** The body of an answer whose seal was not looked at. @throws MessageError */
function bodyOf(text: string): string {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new MessageError('malformed', 'the answer of the DSO is not JSON');
  }
  if (typeof answer === 'object' && answer !== null && 'body' in answer) {
    if (typeof answer.body === 'string') return answer.body;
  }
  throw new MessageError('malformed', 'the answer of the DSO has no body');
}
