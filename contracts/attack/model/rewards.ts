/** Solvers: stakes, announcements, rewards. */
import { AbiCoder, keccak256 } from 'ethers';
import { moveMoneyIn, moveMoneyOut } from './assets.ts';
import { Faults } from './faults.ts';
import type { Solver, State, Water } from './state.ts';

const DAY = 86_400;
const WS_PER_KWH = 3_600_000n;

export function solverOf(state: State, address: string): Solver {
  let solver = state.solvers.get(address);
  if (solver === undefined) {
    solver = { stakeMicro: 0n, lastSubmission: 0, announced: '', announcedIn: 0, newest: null };
    state.solvers.set(address, solver);
  }
  return solver;
}

export function stake(state: State, caller: string, amountMicro: bigint): void {
  moveMoneyIn(state, caller, amountMicro, new Faults());
  solverOf(state, caller).stakeMicro += amountMicro;
}

export function unstake(state: State, caller: string): void {
  const faults: Faults = new Faults();
  const solver = solverOf(state, caller);
  faults.demand(solver.stakeMicro > 0n, 'NotStaked');
  faults.demand(state.now >= solver.lastSubmission + DAY, 'StakeLocked');
  moveMoneyOut(state, caller, solver.stakeMicro, faults);
  solver.stakeMicro = 0n;
}

/** What only solvers with a stake may do; it holds their stake for another day. */
export function useStake(state: State, caller: string, faults: Faults): Solver {
  const solver = solverOf(state, caller);
  faults.check(solver.stakeMicro >= state.params.minStakeMicro, 'NotStaked');
  solver.lastSubmission = state.now;
  return solver;
}

export function announce(state: State, caller: string, digest: string): void {
  const faults: Faults = new Faults();
  const solver = useStake(state, caller, faults);
  faults.stop();
  solver.announced = digest;
  solver.announcedIn = state.block;
}

/** What a solver announces before it submits these chunks. */
export function digestOf(
  solver: string,
  chunks: readonly { interval: number; trades: string }[],
): string {
  const hash = (types: string[], values: unknown[]) =>
    keccak256(AbiCoder.defaultAbiCoder().encode(types, values));
  return chunks.reduce(
    (digest, { interval, trades }) =>
      hash(['bytes32', 'uint256', 'bytes32'], [digest, interval, keccak256(trades)]),
    hash(['address'], [solver]),
  );
}

function waterOf(state: State, interval: number): Water {
  let water = state.waters.get(interval);
  if (water === undefined) {
    water = { highestWs: 0n, creditedWs: 0n, rewardMicro: 0n, credits: new Map() };
    state.waters.set(interval, water);
  }
  return water;
}

/** What raises an interval above all before it is the solver's, if it was announced in time. */
export function credit(
  state: State,
  solver: string,
  homeWs: ReadonlyMap<number, bigint>,
  isAnnounced: boolean,
): void {
  if (state.params.rewardMicroPerKwh === 0) return;
  for (const [interval, energyWs] of homeWs) {
    const water = waterOf(state, interval);
    const gainWs = energyWs - water.highestWs;
    if (gainWs <= 0n) continue;
    water.highestWs = energyWs;
    if (!isAnnounced) continue;
    water.creditedWs += gainWs;
    water.credits.set(solver, (water.credits.get(solver) ?? 0n) + gainWs);
  }
}

/** A final interval sets aside what it pays for its energy, for the part that was credited. */
export function reserveReward(state: State, interval: number, homeWs: bigint): void {
  const water = state.waters.get(interval);
  if (water === undefined || water.creditedWs === 0n) return;
  const rate = BigInt(state.params.rewardMicroPerKwh);
  const wanted = (homeWs * rate * water.creditedWs) / (WS_PER_KWH * water.highestWs);
  water.rewardMicro = wanted < state.potMicro ? wanted : state.potMicro;
  state.potMicro -= water.rewardMicro;
}

export function fundRewards(state: State, caller: string, amountMicro: bigint): void {
  moveMoneyIn(state, caller, amountMicro, new Faults());
  state.potMicro += amountMicro;
}

export function claimRewards(
  state: State,
  caller: string,
  intervals: readonly number[],
  to: string,
): void {
  let amountMicro = 0n;
  for (const interval of intervals) {
    const water = state.waters.get(interval);
    if (water === undefined || water.rewardMicro === 0n) continue;
    const ownWs = water.credits.get(caller) ?? 0n;
    amountMicro += (ownWs * water.rewardMicro) / water.creditedWs;
    water.credits.delete(caller);
  }
  if (amountMicro > 0n) moveMoneyOut(state, to, amountMicro, new Faults());
}
