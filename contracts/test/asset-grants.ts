/** What a granter gives, for tests of `Assets` alone; and a key that is a market. */
import type { Wallet } from 'ethers';
import { MARKET_DELAY } from './deployment.ts';
import { C, type World } from './world.ts';

export interface Grant {
  to: string;
  market: string;
  feeder: number;
  side: number;
  first: number;
  last: number;
  energyWs: number;
  maxPowerW: number;
}

export function grantArgs(world: World, to: Wallet, change: Partial<Grant> = {}): unknown[] {
  const grant: Grant = {
    to: to.address,
    market: world.address.matching,
    feeder: 1,
    side: 0,
    first: C + 1,
    last: C + 2,
    energyWs: 900_000,
    maxPowerW: 1_000,
    ...change,
  };
  return Object.values(grant);
}

export function grant(world: World, to: Wallet, change: Partial<Grant> = {}, at?: number) {
  return world.send(world.granter, 'assets', 'addEnergy', grantArgs(world, to, change), at);
}

/** A key that is an admitted market, so that a test can do what a bad market would. */
export async function admitKey(world: World): Promise<Wallet> {
  const market = world.fresh();
  await world.send(world.owner, 'microgrid', 'proposeMarket', [market.address]);
  const at = world.now() + MARKET_DELAY;
  await world.send(world.owner, 'microgrid', 'admitMarket', [market.address], at);
  return market;
}
