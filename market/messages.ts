/**
 * What meter and DSO say to each other: types, EIP-712 hashes, refusal codes (design: meter and
 * DSO; TRANSAX 6.4 `withdrawAssets`, `failedWithdrawal`). Vectors: `test/vectors/messages.json`.
 *
 * Every request has an id and may be repeated without harm: the stored answer is sent again.
 */
import { concat, keccak256, recoverAddress, TypedDataEncoder } from 'ethers';
import { SIDE_CODE, type Side } from './units.ts';

/** 32 bytes, `0x` and 64 hex digits. */
export type Hex32 = string;
/** Checksummed Ethereum address. A meter's id is the address of its identity key. */
export type Address = string;

export interface SigningDomain {
  chainId: number;
  /** The `Assets` contract. */
  assetsContract: Address;
}

export interface AssetRequest {
  side: Side;
  firstInterval: number;
  lastInterval: number;
  energyWs: number;
  maxPowerW: number;
}

/** A meter asks the DSO to grant assets and money to a fresh address. Signed by both keys. */
export interface Withdrawal {
  requestId: Hex32;
  meterId: Address;
  address: Address;
  market: Address;
  feeder: number;
  assets: AssetRequest[];
  amountMicro: bigint;
  /** Unix seconds. */
  expiresAt: number;
}

/** Energy of one interval by the meter's own reading. */
export interface Reading {
  meterId: Address;
  interval: number;
  importedWs: number;
  exportedWs: number;
  /** `measured`, `counter-filled`, `reconstructed`, `incomplete`. */
  quality: ReadingQuality;
}

export const READING_QUALITIES = [
  'measured',
  'counter-filled',
  'reconstructed',
  'incomplete',
] as const;
export type ReadingQuality = (typeof READING_QUALITIES)[number];

/** The meter asks for its own account: balance, limit, feeder. */
export interface AccountQuery {
  meterId: Address;
  requestId: Hex32;
}

/** The DSO's signed word on a request: `bodyHash` is keccak256 of the answer's JSON text. */
export interface Answer {
  requestId: Hex32;
  bodyHash: Hex32;
}

/** What a meter shows the utility to be enrolled: its identity, and that it holds the key. */
export interface Enrolment {
  meterId: Address;
  gridHash: Hex32;
}

/** Why a withdrawal is refused: the code is stable, the sentence is for people. */
export const REFUSALS = {
  'unknown-meter': 'this meter is not enrolled',
  'suspended-meter': 'this meter is suspended',
  'replaced-meter': 'another meter took the place of this one',
  'bad-signature': 'a signature does not fit the message',
  expired: 'the request came after it had expired',
  'wrong-feeder': 'the meter is on another feeder',
  'used-address': 'this address was granted before; take a fresh one',
  'power-limit': 'the assets together exceed the power limit of the meter',
  'other-side': 'the meter already holds the other side of an interval',
  'closed-interval': 'an interval of the request is past or too far ahead',
  'no-money': 'the account does not cover the amount',
  'wrong-market': 'the market contract is not the one of this grid',
  paused: 'the utility has paused the market',
  'too-many': 'this meter asks too often; ask again later',
  malformed: 'the request is not of the agreed form',
} as const;
export type RefusalCode = keyof typeof REFUSALS;

/**
 * How it is with a meter, by its own word: nothing about loads, presence or trades. Signed also
 * while its clock is not proven, for that is what the utility should hear of.
 */
export interface HealthReport {
  requestId: Hex32;
  meterId: Address;
  /** Drawn at each start of the program, so that two boards with one key show. */
  session: Hex32;
  /** Counts the reports of a session. */
  sequence: number;
  version: string;
  clockProven: boolean;
  /** Where its time comes from. */
  clockSource: string;
  codes: HealthCode[];
}

/** What is wrong with a meter: the code is stable, the sentence is for people. */
export const HEALTH = {
  'meter-silent': 'its electricity meter gives no good answer',
  'side-meter': 'another meter in the house cannot be read',
  clock: 'its clock is not proven good',
  journal: 'its journal cannot be written',
  wallet: 'its wallet wants attention',
  chain: 'what it knows of the chain is old',
  'readings-refused': 'the DSO refuses readings of it',
  'readings-wait': 'readings wait to be countersigned',
  other: 'its status tells of something else',
} as const;
export type HealthCode = keyof typeof HEALTH;

const DOMAIN_NAME = 'transax';
const DOMAIN_VERSION = '1';

const ASSET_REQUEST = [
  { name: 'side', type: 'uint8' },
  { name: 'firstInterval', type: 'uint32' },
  { name: 'lastInterval', type: 'uint32' },
  { name: 'energyWs', type: 'uint48' },
  { name: 'maxPowerW', type: 'uint32' },
];
const WITHDRAWAL = new TypedDataEncoder({
  Withdrawal: [
    { name: 'requestId', type: 'bytes32' },
    { name: 'meterId', type: 'address' },
    { name: 'account', type: 'address' },
    { name: 'market', type: 'address' },
    { name: 'feeder', type: 'uint32' },
    { name: 'assets', type: 'AssetRequest[]' },
    { name: 'amountMicro', type: 'uint64' },
    { name: 'expiresAt', type: 'uint64' },
  ],
  AssetRequest: ASSET_REQUEST,
});
const READING = new TypedDataEncoder({
  Reading: [
    { name: 'meterId', type: 'address' },
    { name: 'interval', type: 'uint32' },
    { name: 'importedWs', type: 'uint48' },
    { name: 'exportedWs', type: 'uint48' },
    { name: 'quality', type: 'string' },
  ],
});
const ACCOUNT_QUERY = new TypedDataEncoder({
  AccountQuery: [
    { name: 'meterId', type: 'address' },
    { name: 'requestId', type: 'bytes32' },
  ],
});
const HEALTH_REPORT = new TypedDataEncoder({
  HealthReport: [
    { name: 'requestId', type: 'bytes32' },
    { name: 'meterId', type: 'address' },
    { name: 'session', type: 'bytes32' },
    { name: 'sequence', type: 'uint32' },
    { name: 'version', type: 'string' },
    { name: 'clockProven', type: 'bool' },
    { name: 'clockSource', type: 'string' },
    { name: 'codes', type: 'string[]' },
  ],
});
const ANSWER = new TypedDataEncoder({
  Answer: [
    { name: 'requestId', type: 'bytes32' },
    { name: 'bodyHash', type: 'bytes32' },
  ],
});
const ENROLMENT = new TypedDataEncoder({
  Enrolment: [
    { name: 'meterId', type: 'address' },
    { name: 'gridHash', type: 'bytes32' },
  ],
});

/** `encode` of EIP-712. The encoders are made once: making one costs ten times a hash. */
function hash(
  domain: SigningDomain,
  encoder: TypedDataEncoder,
  value: Record<string, unknown>,
): Hex32 {
  const domainHash = TypedDataEncoder.hashDomain({
    name: DOMAIN_NAME,
    version: DOMAIN_VERSION,
    chainId: domain.chainId,
    verifyingContract: domain.assetsContract,
  });
  return keccak256(concat(['0x1901', domainHash, encoder.hash(value)]));
}

/** The digest that both keys of a withdrawal sign. */
export function hashWithdrawal(domain: SigningDomain, withdrawal: Withdrawal): Hex32 {
  return hash(domain, WITHDRAWAL, {
    requestId: withdrawal.requestId,
    meterId: withdrawal.meterId,
    account: withdrawal.address,
    market: withdrawal.market,
    feeder: withdrawal.feeder,
    assets: withdrawal.assets.map((asset) => ({ ...asset, side: SIDE_CODE[asset.side] })),
    amountMicro: withdrawal.amountMicro,
    expiresAt: withdrawal.expiresAt,
  });
}

export function hashReading(domain: SigningDomain, reading: Reading): Hex32 {
  return hash(domain, READING, { ...reading });
}

export function hashAccountQuery(domain: SigningDomain, query: AccountQuery): Hex32 {
  return hash(domain, ACCOUNT_QUERY, { ...query });
}

export function hashHealthReport(domain: SigningDomain, report: HealthReport): Hex32 {
  return hash(domain, HEALTH_REPORT, { ...report });
}

export function hashAnswer(domain: SigningDomain, answer: Answer): Hex32 {
  return hash(domain, ANSWER, { ...answer });
}

export function hashEnrolment(domain: SigningDomain, enrolment: Enrolment): Hex32 {
  return hash(domain, ENROLMENT, { ...enrolment });
}

/** Whether `signature` over `digest` was made by `signer`; false for anything malformed. */
export function isSignedBy(digest: Hex32, signature: string, signer: Address): boolean {
  try {
    return recoverAddress(digest, signature).toLowerCase() === signer.toLowerCase();
  } catch {
    return false;
  }
}
