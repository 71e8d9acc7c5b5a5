/**
 * What the cold owner key does: moves roles and ownership, admits markets. Its transactions are
 * signed into a file first, which can be carried from a machine without network to one that sends
 * it; sending it again sends the same bytes.
 */
import { computeAddress, SigningKey, Transaction } from 'ethers';
import * as v from 'valibot';
import {
  acceptOwnerCall,
  admitMarketCall,
  type Call,
  proposeMarketCall,
  proposeOwnerCall,
  setGranterCall,
  setSettlerCall,
} from '../chain/calls.ts';
import type { MarketReads } from '../chain/reads.ts';
import { ADDRESS_FORM, readJson } from '../market/json-forms.ts';
import type { Deployment } from './deployment.ts';

/** Addresses with their checksums. */
export type OwnerOrder =
  | { kind: 'grant-dso' | 'revoke-dso'; holder: string }
  | { kind: 'propose-owner'; next: string }
  | { kind: 'accept-owner' }
  | { kind: 'propose-market' | 'admit-market'; market: string };

export class OwnerOrderError extends Error {
  /**
   * `malformed`: no file of signed transactions. `other-chain`: for another chain or market.
   * `not-owner`: the key may not do it. `refused`: the contract did not take it. `replaced`: its
   * nonce was used by something else. `waiting`: in no final block yet. `pending`: an earlier order
   * was signed and not carried out.
   */
  readonly code:
    | 'malformed'
    | 'other-chain'
    | 'not-owner'
    | 'refused'
    | 'replaced'
    | 'waiting'
    | 'pending';
  constructor(code: OwnerOrderError['code'], message: string) {
    super(message);
    this.name = 'OwnerOrderError';
    this.code = code;
  }
}

export interface SignedOrder {
  format: 'transax-signed-1';
  /** What it does, for whoever sends it. */
  says: string;
  chainId: number;
  microgrid: string;
  from: string;
  transactions: { nonce: number; hash: string; raw: string }[];
}

/** The DSO settles too. */
export function callsOf(order: OwnerOrder, { contracts }: Deployment): Call[] {
  const { microgrid } = contracts;
  switch (order.kind) {
    case 'grant-dso':
    case 'revoke-dso': {
      const isHeld = order.kind === 'grant-dso';
      return [
        setGranterCall(microgrid, order.holder, isHeld),
        setSettlerCall(microgrid, order.holder, isHeld),
      ];
    }
    case 'propose-owner':
      return [proposeOwnerCall(microgrid, order.next)];
    case 'accept-owner':
      return [acceptOwnerCall(microgrid)];
    case 'propose-market':
      return [proposeMarketCall(microgrid, order.market)];
    case 'admit-market':
      return [admitMarketCall(microgrid, order.market)];
  }
}

export function sentenceOf(order: OwnerOrder, from: string): string {
  switch (order.kind) {
    case 'grant-dso':
      return `${order.holder} may grant and settle, as the DSO`;
    case 'revoke-dso':
      return `${order.holder} may grant and settle no more`;
    case 'propose-owner':
      return `${order.next} may accept ownership`;
    case 'accept-owner':
      return `${from} is the owner`;
    case 'propose-market':
      return `the market ${order.market} is proposed`;
    case 'admit-market':
      return `the market ${order.market} is admitted`;
  }
}

/** Whether the chain is as the order wants it already. @throws RpcError */
export async function isInForce(
  order: OwnerOrder,
  from: string,
  reads: MarketReads,
  signal: AbortSignal,
): Promise<boolean> {
  switch (order.kind) {
    case 'grant-dso':
    case 'revoke-dso': {
      const isHeld = order.kind === 'grant-dso';
      const grants = await reads.isGranter(order.holder, signal);
      return grants === isHeld && (await reads.isSettler(order.holder, signal)) === isHeld;
    }
    case 'propose-owner':
      return (await reads.proposedOwner(signal)) === order.next.toLowerCase();
    case 'accept-owner':
      return (await reads.owner(signal)) === from.toLowerCase();
    case 'propose-market':
      return (await reads.admittedAt(order.market, signal)) > 0;
    case 'admit-market':
      return reads.isMarket(order.market, signal);
  }
}

/** Gas costs nothing where this runs, as in the outbox. */
export function signCalls(
  key: Uint8Array,
  calls: readonly Call[],
  deployment: Deployment,
  { nonce, says }: { nonce: number; says: string },
): SignedOrder {
  const signing = new SigningKey(key);
  const { chainId, contracts } = deployment;
  const transactions = calls.map(({ to, data, gasLimit }, at) => {
    const fees = { maxFeePerGas: 0, maxPriorityFeePerGas: 0, value: 0 };
    const own = { type: 2, chainId, nonce: nonce + at, to, data, gasLimit, ...fees };
    const transaction = Transaction.from(own);
    transaction.signature = signing.sign(transaction.unsignedHash);
    return { nonce: nonce + at, hash: transaction.hash ?? '', raw: transaction.serialized };
  });
  const from = computeAddress(signing.publicKey);
  const { microgrid } = contracts;
  return { format: 'transax-signed-1', says, chainId, microgrid, from, transactions };
}

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const SCHEMA = v.strictObject({
  format: v.literal('transax-signed-1'),
  says: v.pipe(v.string(), v.maxLength(400)),
  chainId: whole,
  microgrid: ADDRESS_FORM,
  from: ADDRESS_FORM,
  transactions: v.pipe(
    v.array(
      v.strictObject({
        nonce: whole,
        hash: v.pipe(v.string(), v.regex(/^0x[0-9a-f]{64}$/)),
        raw: v.pipe(v.string(), v.regex(/^0x([0-9a-f]{2})+$/), v.maxLength(20_000)),
      }),
    ),
    v.minLength(1),
    v.maxLength(16),
  ),
});

/**
 * What is signed is what counts: that it fits what is said beside it is checked.
 * @throws OwnerOrderError 'malformed', 'other-chain'
 */
export function parseSignedOrder(text: string, path: string, deployment: Deployment): SignedOrder {
  const order = readJson(SCHEMA, text, `the signed order ${path}`, malformed);
  for (const { nonce, hash, raw } of order.transactions) {
    const transaction = readTransaction(raw, path);
    const { chainId, to, from } = transaction;
    if (Number(chainId) !== deployment.chainId || to !== deployment.contracts.microgrid) {
      const market = `chain ${deployment.chainId}, contract ${deployment.contracts.microgrid}`;
      const message = `${path} is not for this market (${market})`;
      throw new OwnerOrderError('other-chain', message);
    }
    if (transaction.nonce !== nonce || transaction.hash !== hash || from !== order.from) {
      throw malformed(`${path} does not fit what is signed in it`);
    }
  }
  return order;
}

function readTransaction(raw: string, path: string): Transaction {
  try {
    return Transaction.from(raw);
  } catch {
    throw malformed(`${path} holds something else than signed transactions`);
  }
}

function malformed(message: string): OwnerOrderError {
  return new OwnerOrderError('malformed', message);
}

export function signedOrderJson(order: SignedOrder): string {
  return `${JSON.stringify(order, null, 2)}\n`;
}
