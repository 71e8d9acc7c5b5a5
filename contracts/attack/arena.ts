/** A chain and the model beside it: what goes through on the one has gone through on the other. */
import { CALENDAR, PARAMS, type WorldOptions } from '../test/deployment.ts';
import { START } from '../test/world.ts';
import { AttackedNode } from './chain/node.ts';
import { currentAt } from './model/calendar.ts';
import type { Limits, Params, State } from './model/state.ts';
import { callOf, type Move, outcomeOf } from './moves.ts';

/** Options of which the model needs all that tests may leave out. */
export interface Grid extends WorldOptions {
  feeders: readonly (readonly [internalLimitW: number, externalLimitW: number])[];
  capPowerW: number;
  capMicroPerDay: bigint;
}

export class Arena {
  readonly node: AttackedNode;
  state: State;

  private constructor(node: AttackedNode, state: State) {
    this.node = node;
    this.state = state;
  }

  static async open(grid: Grid): Promise<Arena> {
    const node = await AttackedNode.open(grid);
    return new Arena(node, stateOf(node, grid));
  }

  close(): Promise<void> {
    return this.node.close();
  }

  /** Real transactions in one block; model and chain must both take them. */
  async play(moves: readonly Move[], at = this.state.now + 1): Promise<void> {
    const block = this.state.block;
    let state = this.state;
    for (const move of moves) {
      const { broken, next } = outcomeOf({ ...state, block }, move, at);
      if (broken.size > 0) throw new Error(`${move.method} breaks ${[...broken].join(', ')}`);
      state = next;
    }
    const done = await this.node.mine(moves.map(callOf), at);
    const failed = done.indexOf(false);
    if (failed >= 0) throw new Error(`${moves[failed]?.method} was refused, and should not be`);
    this.state = { ...state, now: at, block: block + 1 };
  }

  /** Does what is done there, and then it is as it was. */
  async aside<T>(work: () => Promise<T>): Promise<T> {
    const [state, snapshot] = [this.state, await this.node.snapshot()];
    const result = await work();
    await this.node.goBack(snapshot);
    this.state = state;
    return result;
  }
}

function stateOf(node: AttackedNode, grid: Grid): State {
  const { world } = node;
  const calendar = { ...CALENDAR, ...grid.calendar };
  const limits = grid.feeders.map(([internalLimitW, externalLimitW], at): [number, Limits[]] => [
    at + 1,
    [{ fromInterval: 0, internalLimitW, externalLimitW }],
  ]);
  const params: Params = { ...PARAMS, ...grid.params };
  return {
    ...{ calendar, params, market: world.address.matching.toLowerCase() },
    owner: world.owner.address.toLowerCase(),
    granters: new Set([world.granter.address.toLowerCase()]),
    ...{ now: START, block: 0, deployedIn: currentAt(calendar, START - 1) },
    limits: new Map(limits),
    suspended: new Set(),
    ceilings: new Map(limits.map(([feeder, [most]]) => [feeder, ceilingOf(most)])),
    isPaused: false,
    ...{ moneyCapMicro: grid.capMicroPerDay, powerCapW: grid.capPowerW },
    holders: new Map(),
    assets: new Map(),
    grantedPowerW: new Map(),
    grantedOn: new Map(),
    ...{ grantedMicro: 0n, depositedMicro: 0n, insideMicro: 0n, potMicro: 0n },
    grantedWs: { sell: 0, buy: 0 },
    depositedWs: { sell: 0, buy: 0 },
    offers: new Map(),
    finals: new Map(),
    ...{ finalizations: 0, candidate: null, solutions: 0 },
    solvers: new Map(),
    waters: new Map(),
  };
}

function ceilingOf(limits: Limits | undefined): Omit<Limits, 'fromInterval'> {
  const { internalLimitW = 0, externalLimitW = 0 } = limits ?? {};
  return { internalLimitW, externalLimitW };
}

/** Addresses that anyone may call from here: the chain asks for no signature. */
export function addressOf(kind: number, place: number): string {
  return `0x${kind.toString(16).padStart(20, 'a')}${place.toString(16).padStart(20, '0')}`;
}
