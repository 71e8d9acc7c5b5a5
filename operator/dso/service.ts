/**
 * The DSO at work: answers meters over HTTP, follows the market's log, sends what it signed. It
 * need not be online all the time: what it knows is in the books, and each start goes on from
 * there.
 */
import { FollowerError, type MarketFeed } from '../../chain/follower.ts';
import { type Outbox, OutboxError } from '../../chain/outbox.ts';
import type { JsonRpc } from '../../chain/rpc.ts';
import { RpcError } from '../../chain/rpc-forms.ts';
import type { Clock, HttpRequest, HttpResponse, Log, Pacer, UnixMs } from '../../host/ports.ts';
import type { GridFacts } from '../../market/grid.ts';
import { domainOf } from '../../market/grid-json.ts';
import { HEALTH_PATH, parseHealthReport } from '../../market/health-json.ts';
import { type Hex32, REFUSALS } from '../../market/messages.ts';
import {
  answerJson,
  MessageError,
  PATHS,
  parseAccountQuery,
  parseReadings,
  parseWithdrawal,
  sealAnswer,
} from '../../market/messages-json.ts';
import type { Books } from '../books/books.ts';
import { addressOf, signerOf } from '../keys.ts';
import { Claims } from './claims.ts';
import { Granting } from './granting.ts';
import { answerHealth } from './health.ts';
import { Limiting } from './limiting.ts';
import { LogKeeper } from './log-keeper.ts';
import { type AdmitOrder, refsOf, signOrder } from './orders.ts';
import { MeterRates, REQUESTS_PER_INTERVAL, StrangerGate, TooManyError } from './rates.ts';
import { answerAccount, answerReadings, type ReadingPorts } from './readings.ts';
import { RecoveringError, Withdrawals } from './withdrawals.ts';

export interface DsoPorts {
  books: Books;
  outbox: Outbox;
  /** Reads on from `firstBlockToRead`. */
  feed: MarketFeed;
  grid: GridFacts;
  key: Uint8Array;
  /** Asked for the nonce where books were restored. */
  rpc?: Pick<JsonRpc, 'nonce'>;
  /** Whom the DSO grants the stake of a solver, once, and its payout account; null for nobody. */
  solver: { address: string; stakeMicro: bigint; payout?: string | null } | null;
  usePriceMicroPerKwh: number;
  pollMs: number;
  /**
   * How long an accepted withdrawal waits for others that share its transaction, market ms.
   * Default: a poll, at most about a block.
   */
  gatherMs?: number;
  /** Of a meter, of each kind; twice that at once. */
  requestsPerInterval?: number;
  clock: Clock;
  log: Log;
}

const BLOCK_MS = 15_000;
/** So many readings are as much work as one request of another kind. */
const READINGS_OF_A_REQUEST = 16;
/** The reason of a wait that ended because there is something to sign. */
const WOKEN = new Error('a withdrawal came');
const NOT_READY = 'the utility has not reached the chain since it was set up; ask again later';

export class Dso {
  readonly #ports: DsoPorts;
  readonly #withdrawals: Withdrawals;
  readonly #readings: ReadingPorts;
  readonly #keeper: LogKeeper;
  readonly #claims: Claims;
  readonly #sign: (digest: Hex32) => string;
  readonly #granting: Granting;
  readonly #limiting: Limiting;
  readonly #gate: StrangerGate;
  readonly #rates: MeterRates;
  #isChainDown = false;
  #wake: AbortController | null = null;

  constructor(ports: DsoPorts) {
    const { books, outbox, grid, key, clock, log } = ports;
    this.#ports = ports;
    this.#sign = signerOf(key);
    const own = [grid.dso.address, ...(ports.solver === null ? [] : [ports.solver.address])];
    const gatherMs = ports.gatherMs ?? Math.min(ports.pollMs, BLOCK_MS);
    this.#granting = new Granting({ ...ports, gatherMs });
    this.#limiting = new Limiting(ports);
    this.#gate = new StrangerGate(clock);
    const { intervalSeconds } = grid.calendar;
    const sinceMs = () => clock.now() - intervalSeconds * 1000;
    this.#rates = new MeterRates({
      perInterval: ports.requestsPerInterval ?? REQUESTS_PER_INTERVAL,
      ...{ intervalSeconds, clock },
      usedBefore: (meterId, path) =>
        path === PATHS.withdrawals ? books.grants.countSince(meterId, sinceMs()) : 0,
    });
    this.#readings = { books, grid, clock, sign: this.#sign };
    this.#keeper = new LogKeeper({
      ...{ books, outbox: outbox.store, clock, log },
      own: own.map((address) => address.toLowerCase()),
    });
    this.#claims = new Claims(
      {
        ...{ books, outbox, clock, log, calendar: grid.calendar, rpc: ports.rpc ?? null },
        address: grid.dso.address.toLowerCase(),
      },
      this.#keeper,
    );
    this.#withdrawals = new Withdrawals({ ...ports, claims: this.#claims });
  }

  /** Follows the log and sends, until the signal aborts. @throws SqlError when the disk fails */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, pollMs } = this.#ports;
    const pacer = clock.pacer('dso');
    try {
      let pollAtMs = clock.now();
      while (!signal.aborted) {
        await this.#step(signal);
        // Waking to sign in between does not shift the polls.
        if (clock.now() >= pollAtMs) pollAtMs = clock.now() + pollMs;
        await this.#pause(pacer, pollAtMs, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      pacer.close();
    }
  }

  async handle(request: HttpRequest): Promise<HttpResponse> {
    const answer = this.#answers[request.path];
    if (answer === undefined) return plain(404, 'no-such-path', `there is no ${request.path}`);
    if (request.method !== 'POST') return plain(405, 'not-post', 'use POST');
    if (!this.#ports.clock.isProven()) {
      return plain(503, 'clock', 'nothing is signed until the clock of the utility is set');
    }
    const { connection = this } = request;
    try {
      this.#gate.enter(connection);
      let isKnown = false;
      const { requestId, body } = answer(request.body, (meterId, cost) => {
        isKnown = true;
        this.#gate.good(connection);
        this.#rates.take(meterId, request.path, cost);
      });
      if (!isKnown) this.#gate.failed(connection);
      const sealed = sealAnswer(domainOf(this.#ports.grid), requestId, body, this.#sign);
      return { status: 200, body: sealed };
    } catch (error) {
      if (error instanceof RecoveringError) return plain(503, 'recovering', error.message);
      if (error instanceof OutboxError) return plain(503, 'not-ready', NOT_READY);
      if (error instanceof TooManyError) return tooMany(error);
      if (!(error instanceof MessageError)) throw error;
      this.#gate.failed(connection);
      return plain(400, error.code, error.message, error.faults);
    }
  }

  readonly #answers: Record<string, Answerer> = {
    [PATHS.withdrawals]: (text, admit) => {
      const answer = this.#withdrawals.answer(parseWithdrawal(text), admit);
      if (answer.state === 'failed') {
        this.#ports.log.info('a withdrawal was refused', { code: answer.code });
      } else if (answer.state === 'accepted') {
        this.#wake?.abort(WOKEN);
      }
      return { requestId: answer.requestId, body: answerJson(answer) };
    },
    [PATHS.readings]: (text, admit) => {
      const request = parseReadings(text);
      const cost = Math.ceil(request.readings.length / READINGS_OF_A_REQUEST);
      const answer = answerReadings(request, this.#readings, (meterId) => admit(meterId, cost));
      return { requestId: answer.requestId, body: answerJson(answer) };
    },
    [HEALTH_PATH]: (text, admit) => {
      const answer = answerHealth(parseHealthReport(text), this.#readings, admit);
      return { requestId: answer.requestId, body: JSON.stringify(answer) };
    },
    [PATHS.account]: (text, admit) => {
      const answer = answerAccount(parseAccountQuery(text), this.#readings, admit);
      return { requestId: answer.requestId, body: answerJson(answer) };
    },
  };

  /** To the next poll, or to when grants are due to be signed. */
  async #pause(pacer: Pacer, pollAtMs: UnixMs, signal: AbortSignal): Promise<void> {
    for (;;) {
      // What is overdue could not be signed: the next poll tries again.
      const dueAtMs = this.#granting.dueAtMs() ?? pollAtMs;
      const untilMs = dueAtMs > this.#ports.clock.now() ? Math.min(dueAtMs, pollAtMs) : pollAtMs;
      const wake = new AbortController();
      const end = () => wake.abort(signal.reason);
      signal.addEventListener('abort', end, { once: true });
      this.#wake = wake;
      try {
        if (signal.aborted) end();
        return await pacer.until(untilMs, wake.signal);
      } catch (error) {
        if (error !== WOKEN || signal.aborted) throw error;
      } finally {
        this.#wake = null;
        signal.removeEventListener('abort', end);
      }
    }
  }

  async #step(signal: AbortSignal): Promise<void> {
    const { outbox, feed } = this.#ports;
    try {
      // First: it notices another chain, where nothing may be asked for or signed.
      await this.#keeper.follow(feed, signal);
      await outbox.seed(addressOf(this.#ports.key).toLowerCase(), signal);
      await this.#claims.afterPoll(signal);
      if (!this.#claims.isRecovering) {
        this.#fundSolver();
        this.#granting.signDue();
      }
      this.#limiting.signDue();
      const report = await outbox.flush(signal);
      this.#keeper.reconcile();
      if (report.error !== null) throw report.error;
      if (this.#isChainDown) this.#ports.log.info('the chain answers again');
      this.#isChainDown = false;
    } catch (error) {
      if (!(error instanceof RpcError || error instanceof FollowerError)) throw error;
      if (error.code === 'rewritten' || error.code === 'wrong-chain') throw error;
      if (!this.#isChainDown) {
        this.#ports.log.warn('the chain does not answer; trying again at every poll', {
          reason: error.message,
        });
      }
      this.#isChainDown = true;
    }
  }

  /** Once in the life of the books: the outbox remembers. */
  #fundSolver(): void {
    const { solver, outbox, grid, clock, books } = this.#ports;
    if (solver === null || !clock.isProven() || books.control.pausedFor !== null) return;
    const { address, stakeMicro, payout = null } = solver;
    const order: AdmitOrder = { kind: 'admit', solver: address, stakeMicro, payout };
    if (refsOf(order).every((ref) => outbox.store.byRef(ref).length > 0)) return;
    signOrder(order, { ...this.#ports, contracts: grid.contracts });
    this.#ports.log.info('the solver gets its stake', { solver: address, amountMicro: stakeMicro });
  }
}

/** @param admit told of the meter once its signature was found good. @throws TooManyError */
type Answerer = (
  body: string,
  admit: (meterId: string, cost?: number) => void,
) => { requestId: Hex32; body: string };

/** Not signed: to be told to wait is no word to rely on, and costs next to nothing this way. */
function tooMany({ code, waitSeconds }: TooManyError): HttpResponse {
  const sentence = `${REFUSALS[code]}: in ${waitSeconds} s`;
  return { status: 429, body: JSON.stringify({ code, sentence, waitSeconds }) };
}

function plain(
  status: number,
  code: string,
  sentence: string,
  faults: readonly object[] = [],
): HttpResponse {
  return { status, body: JSON.stringify({ code, sentence, faults }) };
}
