/** Transactions that wait for a block, as anvil tells them. */
import { Signature, Transaction } from 'ethers';

export interface Waiting {
  hash: string;
  /** Lower case. */
  from: string;
  to: string;
  nonce: string;
  chainId: string;
  gas: string;
  input: string;
  r: string;
  s: string;
  yParity: string;
}

/** The signed bytes again, as they came. @throws Error when they are not those that came */
export function signedBytes(waiting: Waiting): string {
  const { hash, to, nonce, chainId, gas, input, r, s, yParity } = waiting;
  const transaction = Transaction.from({
    type: 2,
    to,
    nonce: Number(nonce),
    chainId: BigInt(chainId),
    gasLimit: BigInt(gas),
    data: input,
    value: 0,
    maxFeePerGas: 0,
    maxPriorityFeePerGas: 0,
  });
  transaction.signature = Signature.from({ r, s, yParity: Number(yParity) ? 1 : 0 });
  if (transaction.hash !== hash) throw new Error(`transaction ${hash} is no plain one`);
  return transaction.serialized;
}
