/** What follows a solution: finalization, settlement, closing. */
import { closeOf, startOf } from './trading.ts';
import type { Receipt, World } from './world.ts';

/** By a stranger, at gate closure or as soon as possible. */
export function finalize(
  world: World,
  interval: number,
  trades: string,
  at = Math.max(closeOf(interval), world.now() + 1),
): Promise<Receipt> {
  return world.send(world.fresh(), 'matching', 'finalize', [interval, trades], at);
}

export interface Slice {
  voided?: readonly number[];
  most?: number;
  at?: number;
}

/** By a stranger, when the interval is past or as soon as possible. */
export function settle(
  world: World,
  interval: number,
  trades: string,
  { voided = [], most = 1_000, at = pastOf(world, interval) }: Slice = {},
): Promise<Receipt> {
  const args = [interval, trades, voided, most];
  return world.send(world.fresh(), 'matching', 'settle', args, at);
}

export function refusedSettle(
  world: World,
  interval: number,
  trades: string,
  { voided = [], most = 1_000, at = pastOf(world, interval) }: Slice = {},
): Promise<string> {
  const args = [interval, trades, voided, most];
  return world.refused(world.fresh(), 'matching', 'settle', args, at);
}

export function close(world: World, ids: readonly number[], at?: number): Promise<Receipt> {
  return world.send(world.fresh(), 'matching', 'closeOffers', [ids], at);
}

export function refusedClose(world: World, id: number, at?: number): Promise<string> {
  return world.refused(world.fresh(), 'matching', 'closeOffer', [id], at);
}

function pastOf(world: World, interval: number): number {
  return Math.max(startOf(interval + 1), world.now() + 1);
}

/** What was given back, by offer, and how much of it in energy and in money. */
export function closedBy(...receipts: Receipt[]): Map<number, [energyWs: number, micro: bigint]> {
  const closed = new Map<number, [number, bigint]>();
  for (const { name, args } of receipts.flatMap(({ events }) => events)) {
    if (name !== 'OfferClosed') continue;
    const id = Number(args.offerId);
    if (closed.has(id)) throw new Error(`offer ${id} closed twice`);
    closed.set(id, [Number(args.energyWs), args.moneyMicro]);
  }
  return closed;
}

export async function balanceOf(world: World, holder: { address: string }): Promise<bigint> {
  return (await world.read('assets', 'balanceMicro', [holder.address])) as unknown as bigint;
}

export async function offerOf(world: World, id: number): Promise<Record<string, unknown>> {
  return (await world.read('matching', 'offers', [id])).toObject();
}
