/** Calls of the market, told twice: as the contract gets them, and as the model takes them. */
import { type Call, type ContractName, encodeCall } from './chain/node.ts';
import { encodeSubmission } from './chain/submission.ts';
import * as assets from './model/assets.ts';
import { Refused } from './model/faults.ts';
import { finalize } from './model/finalization.ts';
import * as grid from './model/microgrid.ts';
import * as offers from './model/offers.ts';
import * as rewards from './model/rewards.ts';
import * as solutions from './model/solutions.ts';
import { copyOf, type Side, type State } from './model/state.ts';

export interface Move {
  from: string;
  to: ContractName;
  method: string;
  args: readonly unknown[];
  /** Calldata made in a faster way. */
  data?: () => string;
  /** @throws Refused by the model */
  run(state: State): void;
}

export function callOf({ from, to, method, args, data }: Move): Call {
  return { from, to, data: data?.() ?? encodeCall(to, method, args) };
}

/** What the model says of a move at a time: the broken rules, none when it goes through. */
export function outcomeOf(
  state: State,
  move: Move,
  at = state.now,
): { broken: ReadonlySet<string>; next: State } {
  const next = copyOf(state);
  next.now = at;
  next.block++;
  try {
    move.run(next);
    return { broken: new Set(), next };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { broken: error.names, next: state };
  }
}

export function sideCode(side: Side): number {
  return side === 'sell' ? 0 : 1;
}

const move = (
  from: string,
  to: ContractName,
  method: string,
  args: readonly unknown[],
  run: (state: State) => void,
): Move => ({ from, to, method, args, run });

// ------------------------------------------------------------------------------------------ grid

export function limiting(from: string, feeder: number, internalW: number, externalW: number): Move {
  return move(from, 'microgrid', 'setFeederLimits', [feeder, internalW, externalW], (state) =>
    grid.setFeederLimits(state, from, feeder, internalW, externalW),
  );
}

export function lowering(from: string, feeder: number, internalW: number, externalW: number): Move {
  return move(from, 'microgrid', 'lowerFeederLimits', [feeder, internalW, externalW], (state) =>
    grid.lowerFeederLimits(state, from, feeder, internalW, externalW),
  );
}

export function pausing(from: string, reason: string): Move {
  return move(from, 'microgrid', 'pause', [reason], (state) => grid.setPaused(state, from, true));
}

export function resuming(from: string): Move {
  return move(from, 'microgrid', 'resume', [], (state) => grid.setPaused(state, from, false));
}

export function appointing(from: string, holder: string, held: boolean): Move {
  return move(from, 'microgrid', 'setGranter', [holder, held], (state) =>
    grid.setGranter(state, from, holder, held),
  );
}

export function suspending(from: string, feeder: number, first: number, last: number): Move {
  return move(from, 'microgrid', 'suspend', [feeder, first, last], (state) =>
    grid.suspend(state, from, feeder, first, last),
  );
}

// ---------------------------------------------------------------------------------------- assets

export function grantingEnergy(from: string, g: assets.Grant): Move {
  const range = [g.first, g.last, g.energyWs, g.maxPowerW];
  const args = [g.to, g.market, g.feeder, sideCode(g.side), ...range];
  return move(from, 'assets', 'addEnergy', args, (state) =>
    assets.addEnergy(state, from, { ...g, amountMicro: 0n }),
  );
}

export function grantingMoney(from: string, g: assets.Grant): Move {
  return move(from, 'assets', 'addFinancialBalance', [g.to, g.market, g.amountMicro], (state) =>
    assets.addFinancialBalance(state, from, g),
  );
}

export function grantingAll(from: string, grants: readonly assets.Grant[]): Move {
  const tuples = grants.map(({ side, ...g }) => {
    const range = [g.first, g.last, g.energyWs, g.maxPowerW];
    return [g.to, g.market, g.feeder, sideCode(side), ...range, g.amountMicro];
  });
  return move(from, 'assets', 'grant', [tuples], (state) => assets.grantAll(state, from, grants));
}

export function depositingEnergy(from: string, assetId: number): Move {
  return move(from, 'assets', 'depositEnergy', [assetId], (state) =>
    assets.depositEnergy(state, from, assetId),
  );
}

export function depositingMoney(from: string, amountMicro: bigint): Move {
  return move(from, 'assets', 'depositFinancial', [amountMicro], (state) =>
    assets.depositFinancial(state, from, amountMicro),
  );
}

// ---------------------------------------------------------------------------------------- offers

export function posting(from: string, posts: readonly offers.Post[]): Move {
  const tuples = posts.map((p) => [
    ...[p.assetId, p.energyWs, p.first, p.last, p.maxPowerW, p.price],
  ]);
  const run = (state: State) => offers.postOffers(state, from, posts);
  const [only, ...more] = tuples;
  if (only !== undefined && more.length === 0) {
    return move(from, 'matching', 'postOffer', only, run);
  }
  return move(from, 'matching', 'postOffers', [tuples], run);
}

export function settling(from: string, slice: offers.Slice): Move {
  const args = [slice.interval, slice.trades, slice.voided, slice.most];
  return move(from, 'matching', 'settle', args, (state) => offers.settle(state, slice));
}

export function closing(from: string, offerId: number): Move {
  return move(from, 'matching', 'closeOffer', [offerId], (state) =>
    offers.closeOffer(state, offerId),
  );
}

export function closingAll(from: string, offerIds: readonly number[]): Move {
  return move(from, 'matching', 'closeOffers', [offerIds], (state) =>
    offers.closeOffers(state, offerIds),
  );
}

// ------------------------------------------------------------------------------------- solutions

const tupleOf = ({ interval, claimed, trades }: solutions.Chunk): unknown[] => [
  interval,
  [claimed.homeEnergyWs, claimed.utilityEnergyWs, claimed.welfare],
  trades,
];

export function submitting(from: string, chunks: readonly solutions.Chunk[]): Move {
  return {
    ...{ from, to: 'matching', method: 'submitSolution', args: [chunks.map(tupleOf)] },
    data: () => encodeSubmission(chunks),
    run: (state) => solutions.submitSolution(state, from, chunks),
  };
}

export function opening(from: string): Move {
  return move(from, 'matching', 'openSolution', [], (state) => solutions.openSolution(state, from));
}

export function adding(from: string, id: number, chunks: readonly solutions.Chunk[]): Move {
  return move(from, 'matching', 'addChunks', [id, chunks.map(tupleOf)], (state) =>
    solutions.addChunks(state, from, id, chunks),
  );
}

export function committing(from: string, id: number): Move {
  return move(from, 'matching', 'commitSolution', [id], (state) =>
    solutions.commitSolution(state, from, id),
  );
}

export function finalizing(from: string, interval: number, trades: string): Move {
  return move(from, 'matching', 'finalize', [interval, trades], (state) =>
    finalize(state, interval, trades),
  );
}

// --------------------------------------------------------------------------------------- solvers

export function staking(from: string, amountMicro: bigint): Move {
  return move(from, 'matching', 'stake', [amountMicro], (state) =>
    rewards.stake(state, from, amountMicro),
  );
}

export function unstaking(from: string): Move {
  return move(from, 'matching', 'unstake', [], (state) => rewards.unstake(state, from));
}

export function announcing(from: string, digest: string): Move {
  return move(from, 'matching', 'announce', [digest], (state) =>
    rewards.announce(state, from, digest),
  );
}

export function funding(from: string, amountMicro: bigint): Move {
  return move(from, 'matching', 'fundRewards', [amountMicro], (state) =>
    rewards.fundRewards(state, from, amountMicro),
  );
}

export function claiming(from: string, intervals: readonly number[], to: string): Move {
  return move(from, 'matching', 'claimRewards', [intervals, to], (state) =>
    rewards.claimRewards(state, from, intervals, to),
  );
}
