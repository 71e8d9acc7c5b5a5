/**
 * Whether a meter gets what it asks for (design: meter and DSO; matching, assets). An accepted
 * request is debited, and all of it is durable before the answer leaves; its grants are signed with
 * those of others soon after (granting.ts).
 *
 * What an account must cover: the money asked for, and besides that the energy which the meter has
 * sold by final trades and not yet delivered, at the utility's highest price for use. That is what
 * the utility would have to deliver in its place.
 */
import { type Outbox, OutboxError } from '../../chain/outbox.ts';
import type { Clock } from '../../host/ports.ts';
import type { GridFacts } from '../../market/grid.ts';
import { domainOf } from '../../market/grid-json.ts';
import { firstOpenInterval, intervalAt, lastPostableInterval } from '../../market/intervals.ts';
import {
  type Address,
  type AssetRequest,
  type Hex32,
  hashWithdrawal,
  isSignedBy,
  type RefusalCode,
  type Withdrawal,
} from '../../market/messages.ts';
import type { SignedWithdrawal, WithdrawalAnswer } from '../../market/messages-json.ts';
import { paymentMicro } from '../../market/units.ts';
import type { Books } from '../books/books.ts';
import type { Meter } from '../books/meters.ts';
import { type Claims, RECOVERING } from './claims.ts';
import { refusalSentence } from './failing.ts';

/** Refuses a withdrawal; kept with the request, so that a repetition hears the same. */
class Refused extends Error {
  readonly code: RefusalCode;
  readonly sentence: string;
  constructor(code: RefusalCode, detail = '') {
    const sentence = refusalSentence(code, detail);
    super(sentence);
    this.code = code;
    this.sentence = sentence;
  }
}

/** Books that were restored: nothing is decided yet, and nothing kept. */
export class RecoveringError extends Error {
  constructor() {
    super(RECOVERING);
    this.name = 'RecoveringError';
  }
}

export interface WithdrawalPorts {
  books: Books;
  outbox: Outbox;
  grid: GridFacts;
  /** The utility's highest price for use. */
  usePriceMicroPerKwh: number;
  clock: Clock;
  /** Grants that the books do not know. */
  claims?: Pick<Claims, 'claim' | 'isRecovering'>;
}

export class Withdrawals {
  readonly #ports: WithdrawalPorts;

  constructor(ports: WithdrawalPorts) {
    this.#ports = ports;
  }

  /**
   * Decides once, and answers a repeated request as things stand now.
   * @param admit told of the meter once both signatures were found good; what it throws ends it
   * @throws OutboxError `unseeded` while nothing could be granted
   */
  answer(signed: SignedWithdrawal, admit: (meterId: Address) => void = () => {}): WithdrawalAnswer {
    const { books, grid } = this.#ports;
    const { withdrawal } = signed;
    const { requestId, address } = withdrawal;
    const digest = hashWithdrawal(domainOf(grid), withdrawal);
    try {
      const meter = this.#authentic(signed, digest);
      admit(meter.meterId);
      const stored = books.grants.find(requestId);
      if (stored !== null) {
        if (stored.digest === digest) return books.grants.answerOf(stored);
        throw new Refused('malformed', 'its id was used for another request');
      }
      return this.#decide(withdrawal, meter, digest);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const { code, sentence } = error;
      return { requestId, address, state: 'failed', code, sentence };
    }
  }

  /** Of a request that is kept. */
  answerAgain(requestId: Hex32): WithdrawalAnswer {
    const { grants } = this.#ports.books;
    const stored = grants.find(requestId);
    if (stored === null) throw new Error(`the request ${requestId} is not kept`);
    return grants.answerOf(stored);
  }

  /** Nothing is kept of a request that nobody enrolled signed: anyone can make up those. */
  #authentic({ withdrawal, ...signatures }: SignedWithdrawal, digest: Hex32): Meter {
    const meter = this.#ports.books.meters.find(withdrawal.meterId);
    if (meter === null) throw new Refused('unknown-meter');
    if (meter.replacedBy !== null) throw new Refused('replaced-meter');
    if (!isSignedBy(digest, signatures.meterSignature, withdrawal.meterId)) {
      throw new Refused('bad-signature', 'that of the meter');
    }
    if (!isSignedBy(digest, signatures.addressSignature, withdrawal.address)) {
      throw new Refused('bad-signature', 'that of the address');
    }
    return meter;
  }

  #decide(withdrawal: Withdrawal, meter: Meter, digest: Hex32): WithdrawalAnswer {
    const { books, outbox, grid, clock } = this.#ports;
    const { requestId, address } = withdrawal;
    if (outbox.store.nextNonce(grid.dso.address) === null) {
      throw new OutboxError('unseeded', 'nothing is accepted before the chain was reached');
    }
    const { claims } = this.#ports;
    if (claims?.claim(withdrawal, digest)) return this.answerAgain(requestId);
    if (claims?.isRecovering) throw new RecoveringError();
    const atMs = clock.now();
    try {
      this.#check(withdrawal, meter, atMs / 1000);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      books.grants.refuse(withdrawal, digest, atMs, error);
      throw error;
    }
    books.transaction(() => {
      books.grants.accept(withdrawal, digest, atMs);
      if (withdrawal.amountMicro > 0n) {
        books.meters.book(meter.meterId, -withdrawal.amountMicro, 'granted', requestId, atMs);
      }
    });
    return { requestId, address, state: 'accepted' };
  }

  /** @throws Refused */
  #check(withdrawal: Withdrawal, meter: Meter, now: number): void {
    const { grid } = this.#ports;
    const { address, assets, amountMicro } = withdrawal;
    const { pausedFor } = this.#ports.books.control;
    if (pausedFor !== null) throw new Refused('paused', pausedFor);
    if (meter.suspended) throw new Refused('suspended-meter');
    if (withdrawal.expiresAt <= now) throw new Refused('expired');
    if (withdrawal.market !== grid.contracts.matching) throw new Refused('wrong-market');
    if (withdrawal.feeder !== meter.feeder) throw new Refused('wrong-feeder');
    if (assets.length === 0 && amountMicro === 0n) {
      throw new Refused('malformed', 'it asks for nothing');
    }
    const isOurs = address === withdrawal.meterId || address === grid.dso.address;
    if (isOurs || this.#isUsed(withdrawal)) throw new Refused('used-address');
    for (const asset of assets) this.#checkRange(asset, now);
    if (assets.length > 0) this.#checkPower(assets, meter);
    this.#checkMoney(amountMicro, meter, now);
  }

  /** One whose only grant the contract refused got nothing: its meter may ask for it again. */
  #isUsed({ address, meterId }: Withdrawal): boolean {
    const { books, outbox } = this.#ports;
    const link = books.grants.linkOf(address);
    if (link === null) return false;
    const before = books.grants.find(link.requestId);
    if (link.meterId !== meterId || before?.state !== 'failed') return true;
    const carrier = before.carrier === null ? null : outbox.store.find(before.carrier);
    const isGranted =
      before.money === 'granted' ||
      books.grants.grantsOf(link.requestId).some(({ state }) => state !== 'refused');
    return carrier?.state !== 'reverted' || isGranted;
  }

  #checkRange(asset: AssetRequest, now: number): void {
    const { calendar } = this.#ports.grid;
    const { firstInterval, lastInterval, energyWs, maxPowerW } = asset;
    if (energyWs === 0 || maxPowerW === 0 || firstInterval > lastInterval) {
      throw new Refused('malformed', 'an asset is empty');
    }
    const last = lastPostableInterval(calendar, now);
    const isPast =
      firstInterval < intervalAt(calendar, now) || lastInterval < firstOpenInterval(calendar, now);
    if (isPast || lastInterval > last) {
      throw new Refused('closed-interval', `intervals reach to ${last} now`);
    }
  }

  /**
   * Each grant counts at full power in every interval of its range. A meter holds one side of an
   * interval; of the other only up to what is finally traded there, to trade back.
   */
  #checkPower(assets: readonly AssetRequest[], meter: Meter): void {
    const { books } = this.#ports;
    const first = Math.min(...assets.map(({ firstInterval }) => firstInterval));
    const last = Math.max(...assets.map(({ lastInterval }) => lastInterval));
    const line = books.meters.lineOf(meter.meterId);
    const held = [...books.grants.touching(line, first, last), ...assets];
    const traded = books.positions.traded(line, first, last);
    for (let interval = first; interval <= last; interval += 1) {
      for (const side of ['sell', 'buy'] as const) {
        const powerOf = (of: 'sell' | 'buy', list: readonly AssetRequest[]) =>
          list.reduce((sum, grant) => sum + (covers(grant, of, interval) ? grant.maxPowerW : 0), 0);
        if (powerOf(side, assets) === 0) continue;
        const powerW = powerOf(side, held);
        if (powerW > meter.maxPowerW) {
          throw new Refused(
            'power-limit',
            `${powerW} W in interval ${interval}, the limit is ${meter.maxPowerW} W`,
          );
        }
        const other = side === 'sell' ? 'buy' : 'sell';
        if (powerOf(other, held) === 0) continue;
        const back = traded.find((trade) => trade.interval === interval && trade.side === other);
        if (powerW > (back?.powerW ?? 0)) {
          throw new Refused('other-side', `interval ${interval}`);
        }
      }
    }
  }

  #checkMoney(amountMicro: bigint, meter: Meter, now: number): void {
    const { books, grid, usePriceMicroPerKwh } = this.#ports;
    const { calendar } = grid;
    const sold = books.positions
      .traded(
        books.meters.lineOf(meter.meterId),
        intervalAt(calendar, now),
        Number.MAX_SAFE_INTEGER,
      )
      .filter(({ side }) => side === 'sell')
      .reduce((sum, { powerW }) => sum + powerW * calendar.intervalSeconds, 0);
    const neededMicro = amountMicro + paymentMicro(usePriceMicroPerKwh, sold);
    if (meter.balanceMicro >= neededMicro) return;
    throw new Refused('no-money', `it holds ${meter.balanceMicro}, needed are ${neededMicro}`);
  }
}

function covers(grant: AssetRequest, side: 'sell' | 'buy', interval: number): boolean {
  return grant.side === side && grant.firstInterval <= interval && interval <= grant.lastInterval;
}
