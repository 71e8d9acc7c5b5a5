/** Steps of a trading day for the contracts' tests: addresses with grants, offers, solutions. */
import type { Wallet } from 'ethers';
import { encodeChunk } from '../../market/matching/chunk.ts';
import { CALENDAR, STAKE, type WorldOptions } from './deployment.ts';
import { C, inWorld, START, type Transaction, type World } from './world.ts';

export type Side = 'sell' | 'buy';
export const SIDE = { sell: 0, buy: 1 } as const;

export interface Wish {
  feeder: number;
  side: Side;
  first: number;
  last?: number;
  powerW: number;
  /** Defaults to full power over one interval. */
  energyWs?: number;
  priceMicroPerKwh?: number;
}

export interface TestOffer extends Required<Wish> {
  id: number;
  assetId: number;
  owner: Wallet;
  escrowMicro: bigint;
}

/** [ask, bid, power in W], in merge order. */
export type TestTrade = readonly [ask: TestOffer, bid: TestOffer, powerW: number];

export interface TestChunk {
  interval: number;
  claimed: { homeEnergyWs: bigint; utilityEnergyWs: bigint; welfare: bigint };
  trades: string;
}

export function startOf(interval: number): number {
  return START + (interval - C) * 900;
}

export function closeOf(interval: number): number {
  return startOf(interval) - CALENDAR.leadSeconds;
}

/** Grants and posts each wish from an address of its own, all in one block (or a few). */
export async function postOffers(
  world: World,
  wishes: readonly Wish[],
  at?: number,
): Promise<TestOffer[]> {
  let assetId = Number(await world.read('assets', 'assetCount'));
  let id = Number(await world.read('matching', 'offerCount'));
  const offers: TestOffer[] = [];
  for (let i = 0; i < wishes.length; i += 10) {
    const list: Transaction[] = [];
    for (const wish of wishes.slice(i, i + 10)) {
      const offer = complete(wish, ++id, ++assetId, world.fresh());
      offers.push(offer);
      list.push(...grants(world, offer), posting(offer));
    }
    await world.block(list, i === 0 ? at : undefined);
  }
  return offers;
}

function complete(wish: Wish, id: number, assetId: number, owner: Wallet): TestOffer {
  const energyWs = wish.energyWs ?? wish.powerW * 900;
  const priceMicroPerKwh = wish.priceMicroPerKwh ?? 200_000;
  const last = wish.last ?? wish.first;
  const escrowMicro = wish.side === 'buy' ? payment(priceMicroPerKwh, energyWs) : 0n;
  return { ...wish, last, energyWs, priceMicroPerKwh, id, assetId, owner, escrowMicro };
}

/** What the granter does for an offer: the asset, and a bid's money. */
export function grants(world: World, o: TestOffer): Transaction[] {
  const market = world.address.matching;
  const args = [o.owner.address, market, o.feeder, SIDE[o.side], o.first, o.last];
  const gasLimit = 400_000 + 40_000 * (o.last - o.first);
  const list: Transaction[] = [
    {
      from: world.granter,
      to: 'assets',
      method: 'addEnergy',
      args: [...args, o.energyWs, o.powerW],
      gasLimit,
    },
  ];
  if (o.escrowMicro > 0n) {
    list.push({
      from: world.granter,
      to: 'assets',
      method: 'addFinancialBalance',
      args: [o.owner.address, market, o.escrowMicro],
      gasLimit: 300_000,
    });
  }
  return list;
}

function posting(o: TestOffer): Transaction {
  const args = [o.assetId, o.energyWs, o.first, o.last, o.powerW, o.priceMicroPerKwh];
  return { from: o.owner, to: 'matching', method: 'postOffer', args, gasLimit: 600_000 };
}

/** Grants a solver its stake and puts it in. */
export async function stakeSolver(world: World, solver = world.solver): Promise<void> {
  const to = 'assets';
  const grant = [solver.address, world.address.matching, STAKE];
  await world.block([
    { from: world.granter, to, method: 'addFinancialBalance', args: grant },
    { from: solver, to: 'matching', method: 'stake', args: [STAKE] },
  ]);
}

/** A chunk with an honest claim. */
export function chunk(interval: number, trades: readonly TestTrade[]): TestChunk {
  const claimed = { homeEnergyWs: 0n, utilityEnergyWs: 0n, welfare: 0n };
  for (const [ask, bid, powerW] of trades) {
    const energyWs = BigInt(powerW) * 900n;
    if (ask.feeder === 0 || bid.feeder === 0) claimed.utilityEnergyWs += energyWs;
    else claimed.homeEnergyWs += energyWs;
    claimed.welfare += BigInt(bid.priceMicroPerKwh - ask.priceMicroPerKwh) * energyWs;
  }
  return { interval, claimed, trades: bytesOf(trades) };
}

export function bytesOf(trades: readonly TestTrade[]): string {
  return encodeChunk(trades.map(([a, b, powerW]) => ({ askId: a.id, bidId: b.id, powerW })));
}

export function submit(world: World, chunks: readonly TestChunk[], at?: number) {
  return world.send(world.solver, 'matching', 'submitSolution', [chunks], at);
}

/** The custom error with which a solution is refused. */
export function refusal(world: World, chunks: readonly TestChunk[], at?: number) {
  return world.refused(world.solver, 'matching', 'submitSolution', [chunks], at);
}

export function payment(priceMicroPerKwh: number, energyWs: number): bigint {
  return (BigInt(priceMicroPerKwh) * BigInt(energyWs)) / 3_600_000n;
}

/** The interval most tests trade in. */
export const T = C + 2;

/** An ask of 3 kW in feeder 1 for T at 0.10. */
export function sell(change: Partial<Wish> = {}): Wish {
  return {
    feeder: 1,
    side: 'sell',
    first: T,
    powerW: 3_000,
    priceMicroPerKwh: 100_000,
    ...change,
  };
}

/** A bid of 3 kW in feeder 2 for T at 0.20. */
export function buy(change: Partial<Wish> = {}): Wish {
  return sell({ feeder: 2, side: 'buy', priceMicroPerKwh: 200_000, ...change });
}

/** A test in a world with a staked solver and these offers, taken by place from 0. */
export function withOffers(
  wishes: readonly Wish[],
  work: (world: World, offer: (place: number) => TestOffer) => Promise<void>,
  options: WorldOptions = {},
): () => Promise<void> {
  return () =>
    inWorld(options, async (world) => {
      await stakeSolver(world);
      const offers = await postOffers(world, wishes);
      await work(world, (place) => {
        const offer = offers[place];
        if (offer === undefined) throw new RangeError(`no offer ${place}`);
        return offer;
      });
    });
}

/** With a claim high enough to be looked at: refusals before verification have their own test. */
export function worth(honest: TestChunk): TestChunk {
  return { ...honest, claimed: { ...honest.claimed, homeEnergyWs: 10n ** 12n, welfare: 0n } };
}
