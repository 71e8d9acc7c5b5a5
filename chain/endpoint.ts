/**
 * One of several endpoints that are compared: what it said, how it is with it, and whether it is
 * worth waiting for.
 */
import type { Clock } from '../host/ports.ts';
import type { EndpointState } from './follower.ts';
import type { LogReader } from './log-reader.ts';
import { plainText, type RpcError } from './rpc-forms.ts';

/** One that failed is left alone so long, real ms, doubled with each failure in a row. */
const FIRST_REST_MS = 30_000;
const LONGEST_REST_MS = 480_000;
/** It may be so many blocks behind without a word. */
const USUAL_LAG = 12;

export class Endpoint {
  readonly origin: string;
  readonly reader: LogReader;
  readonly #clock: Clock;
  #state: EndpointState['state'] = 'unknown';
  #problem: string | null = null;
  #failures = 0;
  #restsUntilMs = Number.NEGATIVE_INFINITY;

  constructor(origin: string, reader: LogReader, clock: Clock) {
    this.origin = origin;
    this.reader = reader;
    this.#clock = clock;
  }

  get state(): EndpointState {
    return { origin: this.origin, state: this.#state, problem: this.#problem };
  }

  /** It failed not long ago: asked only where it is needed. */
  get isResting(): boolean {
    return this.#clock.monotonicMs() < this.#restsUntilMs;
  }

  /** What it said is what counts. */
  agrees(): void {
    this.#state = 'agrees';
    this.#problem = null;
    this.#failures = 0;
    this.#restsUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** Its last block is the others'. One that told wrong things has to tell right ones first. */
  agreesOnHead(): void {
    if (this.#state !== 'wrong') this.agrees();
  }

  /** It answers, but what it says is old. */
  lags(blocks: number): void {
    this.#state = 'behind';
    this.#problem = blocks > USUAL_LAG ? `it is ${blocks} blocks behind the others` : null;
  }

  silent(problem: string): void {
    this.#fail('silent', problem);
  }

  wrong(problem: string): void {
    this.#fail('wrong', problem);
  }

  failed({ code, message }: RpcError): void {
    if (code === 'unreachable') this.#fail('silent', message);
    else this.#fail(code === 'wrong-chain' ? 'wrong-chain' : 'wrong', message);
  }

  #fail(state: EndpointState['state'], problem: string): void {
    this.#state = state;
    this.#problem = plainText(problem, 200);
    const restMs = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 10);
    this.#restsUntilMs = this.#clock.monotonicMs() + restMs;
  }
}
