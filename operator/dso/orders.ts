/**
 * What the operator's commands have the DSO's key sign: money for the reward pot, a solver's
 * admission, the market's pause and its end, a feeder's suspension.
 *
 * Only the granter makes money, and an address holds money of a market only once it was granted
 * some for it. So the pot is filled through the DSO's own address, and a solver's payout
 * account gets the least there is, a millionth, beside the stake.
 *
 * The outbox remembers each order by its reference: an order that is repeated, because an answer
 * was lost, is signed once.
 */
import { SigningKey } from 'ethers';
import {
  addFinancialBalanceCall,
  type Call,
  fundRewardsCall,
  pauseCall,
  resumeCall,
  suspendCall,
} from '../../chain/calls.ts';
import type { MarketContracts } from '../../chain/decode.ts';
import { type Outbox, OutboxError } from '../../chain/outbox.ts';
import type { OutboxEntry, OutboxStore } from '../../chain/outbox-store.ts';
import type { Books } from '../books/books.ts';
import { isRestored } from '../books/restored.ts';
import { addressOf } from '../keys.ts';

export interface FundOrder {
  kind: 'fund';
  /** Tells this order from every other. */
  id: string;
  amountMicro: bigint;
  /** Granted to the DSO's address first: what it does not hold already; may be 0. */
  grantMicro: bigint;
}

export interface AdmitOrder {
  kind: 'admit';
  solver: string;
  stakeMicro: bigint;
  /** Made able to hold money of this market; null: the solver's own address. */
  payout: string | null;
}

export interface PauseOrder {
  kind: 'pause';
  id: string;
  /** Public, at most `MAX_REASON_BYTES`. */
  reason: string;
}

export interface ResumeOrder {
  kind: 'resume';
  id: string;
}

/** Voids the trades of a feeder; it cannot be taken back. */
export interface SuspendOrder {
  kind: 'suspend';
  id: string;
  feeder: number;
  firstInterval: number;
  lastInterval: number;
}

export type Order = FundOrder | AdmitOrder | PauseOrder | ResumeOrder | SuspendOrder;

/** The contract takes no more. */
export const MAX_REASON_BYTES = 200;

export interface OrderPorts {
  books: Books;
  outbox: Outbox;
  contracts: MarketContracts;
  /** Of the DSO. */
  key: Uint8Array;
}

export class OrderError extends Error {
  /**
   * `malformed`: not an order. `other-market`: an address belongs to another market, or to none.
   * `too-little`: less than the least stake. `refused`: the contract did not take it. `waiting`: it
   * is signed, and in no final block yet. `not-ready`: the DSO cannot sign now. `paused`: the
   * contracts make no money now.
   */
  readonly code:
    | 'malformed'
    | 'other-market'
    | 'too-little'
    | 'refused'
    | 'waiting'
    | 'not-ready'
    | 'paused';
  constructor(code: OrderError['code'], message: string) {
    super(message);
    this.name = 'OrderError';
    this.code = code;
  }
}

const LEAST_MICRO = 1n;

/** What the outbox finds the parts of an order by. */
export function refsOf(order: Order): string[] {
  if (order.kind !== 'admit') return [`${order.kind}:${order.id}`];
  const solver = order.solver.toLowerCase();
  const payout = order.payout?.toLowerCase() ?? solver;
  return [`stake:${solver}`, ...(payout === solver ? [] : [`payout:${payout}`])];
}

/**
 * Signs what was not signed before, all or nothing; what the contract refused is signed anew.
 * @throws OutboxError, OrderError 'paused'
 */
export function signOrder(order: Order, ports: OrderPorts): void {
  const { books, outbox, key } = ports;
  const isMoney = order.kind === 'fund' || order.kind === 'admit';
  if (isRestored(books.facts, isMoney)) {
    const message = 'the books were restored: start the DSO, and try again when it grants';
    throw new OrderError('not-ready', message);
  }
  if (isMoney && books.control.pausedFor !== null) {
    throw new OrderError('paused', 'the market is paused and makes no money: resume it first');
  }
  const steps = stepsOf(order, ports).filter(({ ref }) => !isTaken(outbox.store, ref));
  books.transaction(() => {
    // At once: the DSO grants nothing more, whenever the contracts hear of it.
    if (order.kind === 'pause') books.control.order(order.reason);
    if (order.kind === 'resume') books.control.order(null);
    for (const { call, ref } of steps) outbox.enqueue(new SigningKey(key), call, ref);
  });
}

/** @throws OrderError 'refused' */
export function isDone(order: Order, store: OutboxStore): boolean {
  const entries = refsOf(order).flatMap((ref) => latestOf(order, store.byRef(ref)));
  const refused = entries.find(({ state }) => state === 'reverted' || state === 'replaced');
  if (refused !== undefined) {
    const { kind, reason, state } = refused;
    throw new OrderError('refused', `the chain refused ${kind}: ${reason ?? state}`);
  }
  return entries.length > 0 && entries.every(({ state }) => state === 'mined');
}

/** A fund's steps share a reference; an admission may have been tried before. */
function latestOf({ kind }: Order, entries: OutboxEntry[]): OutboxEntry[] {
  return kind === 'fund' ? entries : entries.slice(-1);
}

function stepsOf(order: Order, { contracts, key }: OrderPorts): { call: Call; ref: string }[] {
  const grant = (to: string, amountMicro: bigint) =>
    addFinancialBalanceCall(contracts, to, contracts.matching, amountMicro);
  const [first = '', second] = refsOf(order);
  const { microgrid } = contracts;
  if (order.kind === 'pause') return [{ call: pauseCall(microgrid, order.reason), ref: first }];
  if (order.kind === 'resume') return [{ call: resumeCall(microgrid), ref: first }];
  if (order.kind === 'suspend') return [{ call: suspendCall(microgrid, order), ref: first }];
  if (order.kind === 'fund') {
    const { amountMicro, grantMicro } = order;
    const fund = { call: fundRewardsCall(contracts, amountMicro), ref: first };
    if (grantMicro === 0n) return [fund];
    return [{ call: grant(addressOf(key), grantMicro), ref: first }, fund];
  }
  const stake = { call: grant(order.solver, order.stakeMicro), ref: first };
  if (second === undefined || order.payout === null) return [stake];
  return [stake, { call: grant(order.payout, LEAST_MICRO), ref: second }];
}

function isTaken(store: OutboxStore, ref: string): boolean {
  const last = store.byRef(ref).at(-1);
  return last !== undefined && last.state !== 'reverted' && last.state !== 'replaced';
}

// -------------------------------------------------------------------- over the DSO's socket

/** Whether it is to be signed, or asked about. */
export type OrderAct = 'sign' | 'ask';

export function orderPath(act: OrderAct, order: Order): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(order)) {
    if (value !== null) query.set(name, String(value));
  }
  return `/orders/${act}?${query}`;
}

/** @returns `{code, sentence}`; status 200 and `done` or `waiting`, else 409 */
export function answerOrder(
  path: string,
  query: URLSearchParams,
  ports: OrderPorts,
): { status: number; body: string } {
  const answer = (status: number, code: string, sentence: string) => ({
    status,
    body: JSON.stringify({ code, sentence }),
  });
  try {
    const order = orderOf(query);
    if (path === '/orders/sign') signOrder(order, ports);
    const isOver = isDone(order, ports.outbox.store);
    return answer(200, isOver ? 'done' : 'waiting', '');
  } catch (error) {
    if (error instanceof OutboxError) return answer(409, 'not-ready', error.message);
    if (!(error instanceof OrderError)) throw error;
    return answer(409, error.code, error.message);
  }
}

function orderOf(query: URLSearchParams): Order {
  const textOf = (name: string, form: RegExp) => {
    const text = query.get(name) ?? '';
    if (form.test(text)) return text;
    throw new OrderError('malformed', `"${text}" is no ${name}`);
  };
  const amountOf = (name: string) => BigInt(textOf(name, /^\d{1,20}$/));
  const numberOf = (name: string) => Number(textOf(name, /^\d{1,10}$/));
  const kind = textOf('kind', /^(fund|admit|pause|resume|suspend)$/) as Order['kind'];
  const id = kind === 'admit' ? '' : textOf('id', /^[0-9a-f]{1,64}$/);
  switch (kind) {
    case 'fund':
      return { kind, id, amountMicro: amountOf('amountMicro'), grantMicro: amountOf('grantMicro') };
    case 'pause':
      return { kind, id, reason: reasonOf(query.get('reason') ?? '') };
    case 'resume':
      return { kind, id };
    case 'suspend': {
      const [firstInterval, lastInterval] = [numberOf('firstInterval'), numberOf('lastInterval')];
      return { kind, id, feeder: numberOf('feeder'), firstInterval, lastInterval };
    }
  }
  const address = (name: string) => textOf(name, /^0x[0-9a-fA-F]{40}$/);
  const payout = query.has('payout') ? address('payout') : null;
  return { kind: 'admit', solver: address('solver'), stakeMicro: amountOf('stakeMicro'), payout };
}

/** @throws OrderError 'malformed' */
export function reasonOf(text: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_REASON_BYTES && !/[\p{Cc}\p{Cf}]/u.test(text)) return text;
  const form = `one line of at most ${MAX_REASON_BYTES} bytes`;
  throw new OrderError('malformed', `a reason is ${form}; this one has ${bytes}`);
}
