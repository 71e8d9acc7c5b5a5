/**
 * What may be signed at all: chain, contracts, functions, no value, no fee, bounded gas, bounded
 * counts, and whatever a role knows of its arguments. It looks at the very transaction that is
 * about to be signed, not at what somebody says of it, so that neither a bug nor a lying endpoint
 * can make a key sign anything else.
 */
import { Interface, type Result, type Transaction } from 'ethers';

export class SigningRefused extends Error {
  /**
   * Which rule was broken. `amount`: energy, money or a target that the role's own records do not
   * allow. `count`: an address or a day has signed enough.
   */
  readonly code: 'chain' | 'contract' | 'selector' | 'value' | 'fee' | 'gas' | 'count' | 'amount';
  constructor(code: SigningRefused['code'], message: string) {
    super(message);
    this.name = 'SigningRefused';
    this.code = code;
  }
}

/** A function that may be called. */
export interface AllowedCall {
  /** Lower case. */
  contract: string;
  selector: string;
  /** Name of the function. */
  kind: string;
  abi: Interface;
  gasMax: number;
  /** Most of this kind that one address ever signs. */
  perAddress: number;
  /** What is wrong with the arguments, for people; null: nothing. */
  fault(values: Result, address: string): string | null;
}

export interface CallTerms {
  gasMax?: number;
  perAddress?: number;
  fault?: AllowedCall['fault'];
}

/** What an address and a day have signed already. */
export interface SigningHistory {
  /** Transactions of an address, of one kind or of all. */
  signedBy(address: string, kind?: string): number;
  /** Transactions of a day of market time (days since 1970), of all addresses. */
  signedOn(day: number): number;
}

export interface PolicyTerms {
  chainId: number;
  calls: readonly AllowedCall[];
  /** Whether contracts may be deployed. */
  mayDeploy?: boolean;
  /** Most transactions that one address signs in its life. */
  perAddress: number;
  /** Most transactions signed in a day of market time. */
  perDay: number;
}

const GAS_MAX = 500_000;
/** More than one transaction may take from the Osaka rules on (EIP-7825). */
const DEPLOY_GAS_MAX = 16_777_216;
export const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/** @param names of functions of the contract at `address` */
export function allow(
  address: string,
  abi: readonly string[],
  names: readonly string[],
  terms: CallTerms = {},
): AllowedCall[] {
  const contract = new Interface(abi);
  return names.map((kind) => {
    const fragment = contract.getFunction(kind);
    if (fragment === null) throw new Error(`there is no function ${kind}`);
    return {
      contract: address.toLowerCase(),
      selector: fragment.selector,
      kind,
      abi: contract,
      gasMax: terms.gasMax ?? GAS_MAX,
      perAddress: terms.perAddress ?? NO_LIMIT,
      fault: terms.fault ?? (() => null),
    };
  });
}

/** The names of all functions of a contract that change something. */
export function changesOf(abi: readonly string[]): string[] {
  const names: string[] = [];
  new Interface(abi).forEachFunction(({ name, constant }) => {
    if (!constant) names.push(name);
  });
  return names;
}

export class SigningPolicy {
  readonly #terms: PolicyTerms;
  readonly #calls = new Map<string, AllowedCall>();
  readonly #contracts: ReadonlySet<string>;

  constructor(terms: PolicyTerms) {
    this.#terms = terms;
    for (const call of terms.calls) this.#calls.set(`${call.contract} ${call.selector}`, call);
    this.#contracts = new Set(terms.calls.map(({ contract }) => contract));
  }

  /**
   * @param transaction as it is about to be signed
   * @param kind as the outbox will keep it
   * @param address that signs, lower case
   * @param day of market time
   * @throws SigningRefused
   */
  check(
    transaction: Transaction,
    { kind, address, day }: { kind: string; address: string; day: number },
    history: SigningHistory,
  ): void {
    const refuse = (code: SigningRefused['code'], why: string): never => {
      throw new SigningRefused(code, `${kind} is not signed: ${why}`);
    };
    const { chainId, value, maxFeePerGas, maxPriorityFeePerGas, gasLimit } = transaction;
    const { perAddress, perDay } = this.#terms;
    if (chainId !== BigInt(this.#terms.chainId)) {
      refuse('chain', `it is for chain ${chainId}, not for ${this.#terms.chainId}`);
    }
    if (value !== 0n) refuse('value', 'it would send money of the chain');
    if (maxFeePerGas !== 0n || maxPriorityFeePerGas !== 0n) refuse('fee', 'it would pay for gas');
    const call = this.#callOf(transaction, kind, refuse);
    const gasMax = call?.gasMax ?? DEPLOY_GAS_MAX;
    if (gasLimit > BigInt(gasMax)) refuse('gas', `it may take ${gasLimit} gas, over ${gasMax}`);
    if (history.signedBy(address) >= perAddress) {
      refuse('count', `its address has signed ${perAddress} transactions, more than it needs`);
    }
    if (history.signedOn(day) >= perDay) {
      refuse('count', `${perDay} transactions were signed today: that is no ordinary day`);
    }
    if (call === null) return;
    if (history.signedBy(address, kind) >= call.perAddress) {
      refuse('count', `its address has signed ${call.perAddress} of its kind`);
    }
    const fault = call.fault(valuesOf(call, transaction.data, refuse), address);
    if (fault !== null) refuse('amount', fault);
  }

  /** Null: it deploys a contract, and may. */
  #callOf(
    { to, data }: Transaction,
    kind: string,
    refuse: (code: SigningRefused['code'], why: string) => never,
  ): AllowedCall | null {
    if (to === null) {
      if (!this.#terms.mayDeploy) refuse('contract', 'it would deploy a contract');
      return null;
    }
    const contract = to.toLowerCase();
    if (!this.#contracts.has(contract)) refuse('contract', `${to} is no contract of this grid`);
    const call = this.#calls.get(`${contract} ${data.slice(0, 10).toLowerCase()}`);
    if (call === undefined) return refuse('selector', `this key never calls that function`);
    // Counts go by the name.
    if (call.kind !== kind) refuse('selector', `it calls ${call.kind}`);
    return call;
  }
}

function valuesOf(
  { abi, kind }: AllowedCall,
  data: string,
  refuse: (code: SigningRefused['code'], why: string) => never,
): Result {
  try {
    const values = abi.decodeFunctionData(kind, data);
    // What stands behind the arguments is read by nobody; it has no place there.
    if (abi.encodeFunctionData(kind, values) === data) return values;
  } catch {
    // said below
  }
  return refuse('amount', 'its arguments are malformed');
}
