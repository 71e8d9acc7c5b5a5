/**
 * Random days: homes with asks and bids of one or several intervals, solvers with good and bad
 * solutions, suspensions, missed intervals, early deposits; nothing is created, nothing is lost,
 * and no limit is broken by what becomes final. Seeds are fixed; another one is one number away.
 */
import { keccak256 } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeChunk } from '../../market/matching/chunk.ts';
import { assertConserved } from './conservation.ts';
import { STAKE } from './deployment.ts';
import { type Draw, seeded } from './draw.ts';
import { readLedger } from './ledger.ts';
import { close, settle } from './settling.ts';
import {
  chunk,
  closeOf,
  postOffers,
  stakeSolver,
  startOf,
  type TestChunk,
  type TestOffer,
  type TestTrade,
  type Wish,
} from './trading.ts';
import { C, inWorld, type Receipt, type World } from './world.ts';

const test = suite('contracts: random days');

const INTERVALS = 6;
const FEEDERS = [
  [4_000, 2_500],
  [6_000, 1_500],
  [3_000, 3_000],
] as const;

function randomWish(draw: Draw, from: number): Wish {
  const side = draw(2) === 0 ? 'sell' : 'buy';
  const first = from + draw(3);
  const last = first + draw(3);
  const powerW = 200 + draw(2_000);
  return {
    feeder: draw(4),
    side,
    first,
    last,
    powerW,
    energyWs: powerW * 900 * (1 + draw(last - first + 1)) + draw(900),
    priceMicroPerKwh: (side === 'sell' ? 80_000 : 120_000) + draw(80_000),
  };
}

/** A greedy merge that mostly keeps the rules; when it does not, the contract has to say so. */
function randomSolution(draw: Draw, offers: readonly TestOffer[], now: number): TestChunk[] {
  const leftWs = new Map(offers.map((offer) => [offer, offer.energyWs]));
  const chunks: TestChunk[] = [];
  for (let t = now + 1; t <= now + 4; t++) {
    const there = offers.filter((offer) => offer.first <= t && t <= offer.last && draw(4) > 0);
    const byKey = (a: TestOffer, b: TestOffer) =>
      a.priceMicroPerKwh - b.priceMicroPerKwh || a.id - b.id;
    const asks = there.filter((offer) => offer.side === 'sell').sort(byKey);
    const bids = there.filter((offer) => offer.side === 'buy').sort(byKey);
    const trades: TestTrade[] = [];
    for (const ask of asks) {
      const bid = bids.shift();
      if (!bid || bid.priceMicroPerKwh < ask.priceMicroPerKwh) continue;
      if (ask.feeder === 0 && bid.feeder === 0) continue;
      const power = (offer: TestOffer) =>
        Math.min(offer.powerW, Math.floor((leftWs.get(offer) ?? 0) / 900));
      const powerW = Math.min(power(ask), power(bid), 200 + draw(1_500)) + (draw(12) === 0 ? 1 : 0);
      if (powerW < 1) continue;
      trades.push([ask, bid, powerW]);
      for (const offer of [ask, bid]) leftWs.set(offer, (leftWs.get(offer) ?? 0) - powerW * 900);
    }
    if (trades.length > 0) chunks.push(chunk(t, trades));
  }
  return chunks;
}

/** Flows of what became final, counted anew, against the limits. */
function assertWithinLimits(receipt: Receipt, offers: ReadonlyMap<number, TestOffer>): void {
  const gone = new Set<number>();
  for (const { name, args } of receipt.events) {
    if (name === 'TradesVoided') for (const position of args.positions) gone.add(Number(position));
    if (name !== 'SolutionFinalized') continue;
    const sold = [0, 0, 0, 0];
    const bought = [0, 0, 0, 0];
    for (const [i, { askId, bidId, powerW }] of decodeChunk(args.trades).entries()) {
      if (gone.has(i)) continue;
      const [seller, buyer] = [offers.get(askId)?.feeder ?? 0, offers.get(bidId)?.feeder ?? 0];
      sold[seller] = (sold[seller] ?? 0) + powerW;
      bought[buyer] = (bought[buyer] ?? 0) + powerW;
    }
    for (const [i, [internalW, externalW]] of FEEDERS.entries()) {
      const [out, into] = [sold[i + 1] ?? 0, bought[i + 1] ?? 0];
      assert.ok(out <= internalW && into <= internalW, `C_int of feeder ${i + 1}`);
      assert.ok(Math.abs(out - into) <= externalW, `C_ext of feeder ${i + 1}`);
    }
  }
}

/** @returns whether it was accepted */
async function trySolution(
  world: World,
  chunks: readonly TestChunk[],
  at: number,
): Promise<boolean> {
  try {
    await world.send(world.solver, 'matching', 'submitSolution', [chunks], at);
    return true;
  } catch (error) {
    const expected = /NotBetter|Over(Power|Energy)|LimitBroken|LowersEnergy|TooLate/;
    if (!expected.test(String(error))) throw error;
    return false;
  }
}

async function finalizeDue(world: World, t: number, known: ReadonlyMap<string, TestChunk>) {
  const [hash] = await world.read('matching', 'candidateOf', [t]);
  const trades = known.get(`${t} ${hash}`)?.trades ?? '0x';
  return world.send(world.fresh(), 'matching', 'finalize', [t, trades], closeOf(t) + 1);
}

async function randomDay(
  world: World,
  seed: number,
): Promise<{ accepted: number; traded: number }> {
  const draw = seeded(seed);
  await stakeSolver(world);
  const offers = new Map<number, TestOffer>();
  const known = new Map<string, TestChunk>();
  const result = { accepted: 0, traded: 0 };
  for (let now = C; now < C + INTERVALS; now++) {
    const wishes = Array.from({ length: 8 }, () => randomWish(draw, now + 2));
    const at = Math.max(startOf(now) + 10, world.now() + 1);
    for (const offer of await postOffers(world, wishes, at)) offers.set(offer.id, offer);
    for (let attempt = 0; attempt < 4; attempt++) {
      const chunks = randomSolution(draw, [...offers.values()], now);
      for (const part of chunks) known.set(`${part.interval} ${keccak256(part.trades)}`, part);
      if (await trySolution(world, chunks, world.now() + 60)) result.accepted++;
    }
    const feeder = draw(4);
    if (draw(3) === 0) {
      await world.send(world.granter, 'microgrid', 'suspend', [feeder, now + 1, now + 2]);
    }
    if (draw(6) === 0) continue; // nobody finalizes in time
    const receipt = await finalizeDue(world, now + 1, known);
    assertWithinLimits(receipt, offers);
    result.traded += decodeChunk(receipt.events.at(-1)?.args.trades).length;
  }
  await settleAll(world, draw);
  await assertConserved(world);
  await close(
    world,
    [...offers.values()].map(({ id }) => id),
  );
  return result;
}

/** Interval by interval, in slices of a length that the seed decides. */
async function settleAll(world: World, draw: Draw): Promise<void> {
  await world.mine(startOf(C + INTERVALS + 10));
  const { finals, unsettled } = await readLedger(world);
  for (const interval of unsettled) {
    const { trades = '', voided = new Set<number>() } = finals.get(interval) ?? {};
    const most = 1 + draw(4);
    for (let left = decodeChunk(trades).length; left > 0; left -= most) {
      await settle(world, interval, trades, { voided: [...voided], most });
    }
  }
}

for (const seed of [1, 2, 3]) {
  test(`day ${seed}: all is conserved, no limit is broken`, () =>
    inWorld({ feeders: FEEDERS }, async (world) => {
      const { accepted, traded } = await randomDay(world, seed);
      assert.ok(accepted >= 2 && traded >= 3, `${accepted} accepted, ${traded} trades`);
      await assertConserved(world);
      const { matching } = world.address;
      const inside = (await world.read('assets', 'insideMicro', [matching])) as unknown;
      assert.is(inside, STAKE, 'nothing but the stake stays inside');
    }));
}

test.run();
