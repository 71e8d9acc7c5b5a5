/** Doubles for the tests of the chain client: an endpoint that answers by script, a still clock. */
import type { Clock, PostOptions, Transport } from '../../host/ports.ts';

export interface Posted {
  url: string;
  options: PostOptions;
  /** The parsed request. */
  request: { id: number; method: string; params: unknown[] };
}

type Answer = { status?: number; body: string } | Error;
export type Script = (posted: Posted) => unknown;

/** Wraps a raw answer, so that it is not made into a JSON-RPC result. */
export class Raw {
  readonly answer: Answer;
  constructor(answer: Answer) {
    this.answer = answer;
  }
}

/** JSON-RPC errors of a script. */
export class Refusal {
  readonly error: object;
  constructor(error: object) {
    this.error = error;
  }
}

/** An endpoint whose results come from `script`; batches are answered call by call. */
export function scriptedTransport(script: Script): Transport & { posted: Posted[] } {
  const posted: Posted[] = [];
  const answerOne = (url: string, options: PostOptions, request: Posted['request']) => {
    const one = { url, options, request };
    posted.push(one);
    const result = script(one);
    if (result instanceof Raw) return result;
    const { id } = request;
    return result instanceof Refusal
      ? { jsonrpc: '2.0', id, error: result.error }
      : { jsonrpc: '2.0', id, result };
  };
  return {
    kind: 'clear',
    posted,
    async post(url, body, options) {
      const request = JSON.parse(body);
      const answer = Array.isArray(request)
        ? request.map((each) => answerOne(url, options, each))
        : answerOne(url, options, request);
      if (answer instanceof Raw) {
        if (answer.answer instanceof Error) throw answer.answer;
        return { status: answer.answer.status ?? 200, body: answer.answer.body };
      }
      return { status: 200, body: JSON.stringify(answer) };
    },
    forget() {},
    problem: () => null,
    close() {},
  };
}

export interface StillClock extends Clock {
  nowMs: number;
  monotonic: number;
  isGood: boolean;
}

/** Stands still until its fields are changed. */
export function stillClock(nowMs = Date.UTC(2026, 5, 1)): StillClock {
  return {
    nowMs,
    monotonic: 0,
    isGood: true,
    now() {
      return this.nowMs;
    },
    monotonicMs() {
      return this.monotonic;
    },
    isProven() {
      return this.isGood;
    },
    pacer() {
      throw new Error('this clock has no pacers');
    },
    async delay() {},
  };
}

export const never = new AbortController().signal;

export const quantity = (value: number) => `0x${value.toString(16)}`;
export const hash = (value: number) => `0x${value.toString(16).padStart(64, '0')}`;
