/** Steps of solvers that are rewarded, for the contracts' tests. */
import { AbiCoder, keccak256, type Wallet } from 'ethers';
import type { TestChunk } from './trading.ts';
import type { Receipt, Transaction, World } from './world.ts';

/** What a solver announces before it submits these chunks. */
export function digestOf(solver: { address: string }, chunks: readonly TestChunk[]): string {
  const hash = (types: string[], values: unknown[]) =>
    keccak256(AbiCoder.defaultAbiCoder().encode(types, values));
  return chunks.reduce(
    (digest, { interval, trades }) =>
      hash(['bytes32', 'uint32', 'bytes32'], [digest, interval, keccak256(trades)]),
    hash(['address'], [solver.address]),
  );
}

export function announcing(from: Wallet, chunks: readonly TestChunk[]): Transaction {
  return { from, to: 'matching', method: 'announce', args: [digestOf(from, chunks)] };
}

export function submitting(from: Wallet, chunks: readonly TestChunk[]): Transaction {
  return { from, to: 'matching', method: 'submitSolution', args: [chunks] };
}

/** In two blocks, as it should be. */
export async function announceAndSubmit(
  world: World,
  from: Wallet,
  chunks: readonly TestChunk[],
): Promise<void> {
  await world.block([announcing(from, chunks)]);
  await world.block([submitting(from, chunks)]);
}

/** Money for the pot, from an address that the utility grants it to. */
export async function fund(world: World, amountMicro: bigint): Promise<Receipt> {
  const from = world.fresh();
  const grant = [from.address, world.address.matching, amountMicro];
  await world.send(world.granter, 'assets', 'addFinancialBalance', grant);
  return world.send(from, 'matching', 'fundRewards', [amountMicro]);
}

/** By whom an interval was raised, in W of an interval of 900 s, and what it pays. */
export async function creditOf(
  world: World,
  interval: number,
  solver: { address: string },
): Promise<{ highestW: number; creditedW: number; ownW: number; rewardMicro: bigint }> {
  const answer = await world.read('matching', 'creditOf', [interval, solver.address]);
  const { highestWs, creditedWs, ownWs, rewardMicro } = answer.toObject();
  const watts = (energyWs: bigint) => Number(energyWs) / 900;
  return {
    highestW: watts(highestWs),
    creditedW: watts(creditedWs),
    ownW: watts(ownWs),
    rewardMicro,
  };
}

/** What a claim brings. */
export async function claim(world: World, from: Wallet, intervals: number[]): Promise<bigint> {
  const args = [intervals, from.address];
  const { events } = await world.send(from, 'matching', 'claimRewards', args);
  return events.reduce((sum, { args: said }) => sum + BigInt(said.amountMicro), 0n);
}
