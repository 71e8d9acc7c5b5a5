/**
 * The messages of `messages.ts` as JSON on the wire between meter and DSO, and their strict
 * parsers: unknown keys, wrong types and numbers out of range are refused, all faults together.
 *
 *     POST /v1/withdrawals  {...Withdrawal, meterSignature, addressSignature}
 *     POST /v1/readings     {requestId, meterId, readings: [{interval, ..., meterSignature}]}
 *     POST /v1/account      {meterId, requestId, meterSignature}
 *
 * Amounts of money are decimal strings, all other numbers JSON numbers. An answer is
 * `{"body": "<JSON text>", "signature": "0x..."}`, signed by the DSO over `hashAnswer`. A request
 * that cannot be parsed gets HTTP 400 and an unsigned `{code, sentence, faults}`: it has no id to
 * sign.
 */
import { keccak256, toUtf8Bytes } from 'ethers';
import * as v from 'valibot';
import { ADDRESS_FORM, type JsonFault, readJson } from './json-forms.ts';
import {
  type Address,
  type Hex32,
  hashAnswer,
  isSignedBy,
  READING_QUALITIES,
  REFUSALS,
  type Reading,
  type RefusalCode,
  type SigningDomain,
  type Withdrawal,
} from './messages.ts';
import { MAX_UINT32, MAX_UINT48 } from './units.ts';

export const PATHS = {
  withdrawals: '/v1/withdrawals',
  readings: '/v1/readings',
  account: '/v1/account',
} as const;

/** Assets of one withdrawal, and readings of one request, at most. */
export const MAX_ASSETS = 16;
export const MAX_READINGS = 192;

export class MessageError extends Error {
  /** `malformed`: not of the agreed form. `bad-signature`: not signed by whom it should be. */
  readonly code: 'malformed' | 'bad-signature';
  /** All that is wrong: where, and what. */
  readonly faults: readonly JsonFault[];
  constructor(code: MessageError['code'], message: string, faults: MessageError['faults'] = []) {
    super(message);
    this.name = 'MessageError';
    this.code = code;
    this.faults = faults;
  }
}

export interface SignedWithdrawal {
  withdrawal: Withdrawal;
  meterSignature: string;
  addressSignature: string;
}

/** `failed` is the paper's failedWithdrawal; `granted` once the grant stands in the final log. */
export type WithdrawalAnswer = { requestId: Hex32; address: Address } & (
  | { state: 'accepted' }
  | { state: 'granted'; assetIds: number[] }
  | { state: 'failed'; code: RefusalCode; sentence: string }
);

export interface SignedReading {
  reading: Reading;
  meterSignature: string;
}

export interface ReadingsRequest {
  requestId: Hex32;
  meterId: Address;
  readings: SignedReading[];
}

/** Why a reading is not countersigned: the code is stable, the sentence is for people. */
export const READING_REFUSALS = {
  'unknown-meter': 'this meter is not enrolled',
  'bad-signature': 'the signature does not fit the reading',
  implausible: 'more energy than the connection of this home can carry',
  'replaced-meter': 'another meter took the place of this one',
  'not-ended': 'the interval has not ended',
  'other-reading': 'another reading of this interval is already countersigned',
} as const;
export type ReadingRefusalCode = keyof typeof READING_REFUSALS;

/** One per reading of the request, in its order; `dsoSignature` is over the same `hashReading`. */
export type ReadingReceipt = { interval: number } & (
  | { state: 'countersigned'; dsoSignature: string }
  | { state: 'refused'; code: ReadingRefusalCode; sentence: string }
);

export interface ReadingsAnswer {
  requestId: Hex32;
  meterId: Address;
  receipts: ReadingReceipt[];
}

export interface SignedAccountQuery {
  meterId: Address;
  requestId: Hex32;
  meterSignature: string;
}

export type AccountAnswer = { requestId: Hex32; meterId: Address } & (
  | {
      state: 'open';
      balanceMicro: bigint;
      feeder: number;
      maxPowerW: number;
      suspended: boolean;
    }
  | { state: 'failed'; code: RefusalCode; sentence: string }
);

/** The DSO's word: the JSON text as it was signed, and the signature. */
export interface SealedAnswer {
  body: string;
  signature: string;
}

// ------------------------------------------------------------------------------------- parsers

const whole = (max: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(max));
const uint32 = whole(MAX_UINT32);
const uint48 = whole(MAX_UINT48);
const seconds = whole(Number.MAX_SAFE_INTEGER);
const hex32 = v.pipe(
  v.string(),
  v.regex(/^0x[0-9a-f]{64}$/, 'not 0x and 64 lower-case hex digits'),
);
const signature = v.pipe(
  v.string(),
  v.regex(/^0x[0-9a-fA-F]{130}$/, 'not a signature of 65 bytes as 0x and hex digits'),
);
const address = ADDRESS_FORM;
const money = v.pipe(
  v.string(),
  v.regex(/^(0|[1-9][0-9]{0,19})$/, 'not an amount as decimal digits'),
  v.transform((text) => BigInt(text)),
  v.maxValue(2n ** 64n - 1n, 'more than 64 bits'),
);
const side = v.picklist(['sell', 'buy']);
const refusal = v.picklist(Object.keys(REFUSALS) as RefusalCode[]);
const readingRefusal = v.picklist(Object.keys(READING_REFUSALS) as ReadingRefusalCode[]);
const sentence = v.pipe(v.string(), v.maxLength(400));

const asset = v.strictObject({
  side,
  firstInterval: uint32,
  lastInterval: uint32,
  energyWs: uint48,
  maxPowerW: uint32,
});
const withdrawal = v.strictObject({
  requestId: hex32,
  meterId: address,
  address,
  market: address,
  feeder: uint32,
  assets: v.pipe(v.array(asset), v.maxLength(MAX_ASSETS)),
  amountMicro: money,
  expiresAt: seconds,
  meterSignature: signature,
  addressSignature: signature,
});
const reading = v.strictObject({
  interval: uint32,
  importedWs: uint48,
  exportedWs: uint48,
  quality: v.picklist(READING_QUALITIES),
  meterSignature: signature,
});
const readings = v.strictObject({
  requestId: hex32,
  meterId: address,
  readings: v.pipe(v.array(reading), v.minLength(1), v.maxLength(MAX_READINGS)),
});
const accountQuery = v.strictObject({
  meterId: address,
  requestId: hex32,
  meterSignature: signature,
});

const ofWithdrawal = { requestId: hex32, address };
const withdrawalAnswer = v.variant('state', [
  v.strictObject({ ...ofWithdrawal, state: v.literal('accepted') }),
  v.strictObject({
    ...ofWithdrawal,
    state: v.literal('granted'),
    assetIds: v.pipe(v.array(uint32), v.maxLength(MAX_ASSETS)),
  }),
  v.strictObject({ ...ofWithdrawal, state: v.literal('failed'), code: refusal, sentence }),
]);
const receipt = v.variant('state', [
  v.strictObject({
    interval: uint32,
    state: v.literal('countersigned'),
    dsoSignature: signature,
  }),
  v.strictObject({
    interval: uint32,
    state: v.literal('refused'),
    code: readingRefusal,
    sentence,
  }),
]);
const readingsAnswer = v.strictObject({
  requestId: hex32,
  meterId: address,
  receipts: v.pipe(v.array(receipt), v.maxLength(MAX_READINGS)),
});
const ofAccount = { requestId: hex32, meterId: address };
const accountAnswer = v.variant('state', [
  v.strictObject({
    ...ofAccount,
    state: v.literal('open'),
    balanceMicro: money,
    feeder: uint32,
    maxPowerW: uint32,
    suspended: v.boolean(),
  }),
  v.strictObject({ ...ofAccount, state: v.literal('failed'), code: refusal, sentence }),
]);
const sealed = v.strictObject({ body: v.string(), signature });

/** @throws MessageError */
export function parseWithdrawal(text: string): SignedWithdrawal {
  const { meterSignature, addressSignature, ...rest } = read(withdrawal, text, 'a withdrawal');
  return { withdrawal: rest, meterSignature, addressSignature };
}

export function withdrawalJson(signed: SignedWithdrawal): string {
  const { withdrawal, meterSignature, addressSignature } = signed;
  return write({ ...withdrawal, meterSignature, addressSignature });
}

/** @throws MessageError */
export function parseReadings(text: string): ReadingsRequest {
  const { requestId, meterId, readings: rows } = read(readings, text, 'a request with readings');
  return {
    requestId,
    meterId,
    readings: rows.map(({ meterSignature, ...rest }) => ({
      reading: { meterId, ...rest },
      meterSignature,
    })),
  };
}

export function readingsJson(request: ReadingsRequest): string {
  return write({
    requestId: request.requestId,
    meterId: request.meterId,
    readings: request.readings.map(({ reading: { meterId: _, ...rest }, meterSignature }) => ({
      ...rest,
      meterSignature,
    })),
  });
}

/** @throws MessageError */
export function parseAccountQuery(text: string): SignedAccountQuery {
  return read(accountQuery, text, 'an account query');
}

export function accountQueryJson(query: SignedAccountQuery): string {
  return write(query);
}

/** Body of an answer. @throws MessageError */
export function parseWithdrawalAnswer(body: string): WithdrawalAnswer {
  return read(withdrawalAnswer, body, 'an answer to a withdrawal');
}

/** Body of an answer. @throws MessageError */
export function parseReadingsAnswer(body: string): ReadingsAnswer {
  return read(readingsAnswer, body, 'an answer to readings');
}

/** Body of an answer. @throws MessageError */
export function parseAccountAnswer(body: string): AccountAnswer {
  return read(accountAnswer, body, 'an answer to an account query');
}

/** The JSON text of an answer, to be sealed. */
export function answerJson(answer: WithdrawalAnswer | ReadingsAnswer | AccountAnswer): string {
  return write(answer);
}

/** @param sign makes a 65-byte signature over a digest, with the DSO's key */
export function sealAnswer(
  domain: SigningDomain,
  requestId: Hex32,
  body: string,
  sign: (digest: Hex32) => string,
): string {
  const digest = hashAnswer(domain, { requestId, bodyHash: keccak256(toUtf8Bytes(body)) });
  const answer: SealedAnswer = { body, signature: sign(digest) };
  return JSON.stringify(answer);
}

/**
 * Takes the body out of an answer that the DSO signed for this request.
 * @throws MessageError `bad-signature` when anyone else did, or for another request
 */
export function openAnswer(
  domain: SigningDomain,
  requestId: Hex32,
  text: string,
  dso: Address,
): string {
  const answer = read(sealed, text, 'an answer of the DSO');
  const bodyHash = keccak256(toUtf8Bytes(answer.body));
  if (!isSignedBy(hashAnswer(domain, { requestId, bodyHash }), answer.signature, dso)) {
    throw new MessageError('bad-signature', `the answer to ${requestId} is not signed by the DSO`);
  }
  return answer.body;
}

function read<S extends v.GenericSchema>(schema: S, text: string, what: string): v.InferOutput<S> {
  return readJson(
    schema,
    text,
    what,
    (message, faults) => new MessageError('malformed', message, faults),
  );
}

function write(value: unknown): string {
  return JSON.stringify(value, (_, field) => (typeof field === 'bigint' ? `${field}` : field));
}
