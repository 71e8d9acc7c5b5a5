/**
 * Broken solutions, whole and in parts: the contract refuses what the reference off chain refuses
 * (market/matching/verify.ts), and its two verifications never say different things.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type MatchingRules, verifySolution } from '../../market/matching/verify.ts';
import type { Chunk, Trade } from '../../market/offers.ts';
import { CALENDAR, PARAMS } from './deployment.ts';
import { type Draw, seeded } from './draw.ts';
import { buy, bytesOf, chunk, closeOf, sell, T, type TestOffer, withOffers } from './trading.ts';
import { START, type World } from './world.ts';

const test = suite('contracts/Verification: both ways of it');

const FEEDERS = [
  [4_000, 3_000],
  [4_000, 2_500],
  [2_500, 2_000],
] as const;
/** Into an interval more than the solutions have, where an earlier part takes some. */
const LONG = { last: T + 2, energyWs: 3_600_000 };
const WISHES = [
  sell({ priceMicroPerKwh: 100_000 }),
  sell({ priceMicroPerKwh: 110_000, feeder: 2, ...LONG }),
  sell({ priceMicroPerKwh: 120_000, feeder: 0, ...LONG }),
  sell({ priceMicroPerKwh: 130_000, feeder: 3, first: T + 1 }),
  buy({ priceMicroPerKwh: 125_000, feeder: 0, ...LONG }),
  buy({ priceMicroPerKwh: 200_000, feeder: 2 }),
  buy({ priceMicroPerKwh: 210_000, feeder: 3, ...LONG }),
  buy({ priceMicroPerKwh: 220_000, feeder: 1, ...LONG }),
];

const trade = (askId: number, bidId: number, powerW: number): Trade => ({ askId, bidId, powerW });

/** Sound as it stands, and near to several limits. */
const SOUND: readonly Chunk[] = [
  {
    interval: T,
    trades: [
      trade(1, 5, 300),
      trade(1, 6, 1_500),
      trade(2, 6, 900),
      trade(2, 7, 600),
      trade(3, 7, 800),
    ],
  },
  {
    interval: T + 1,
    trades: [
      trade(2, 5, 200),
      trade(2, 7, 700),
      trade(3, 7, 100),
      trade(3, 8, 900),
      trade(4, 8, 1_200),
    ],
  },
];

const POWERS = [0, 1, 100, 700, 1_500, 2_900, 3_000, 3_001, 4_000, 2 ** 32 - 1];

function mutated(draw: Draw): Chunk[] {
  const chunks = SOUND.map(({ interval, trades }) => ({ interval, trades: [...trades] }));
  for (let steps = 1 + draw(2); steps > 0; steps--) {
    const trades = chunks[draw(2)]?.trades ?? [];
    const at = draw(trades.length);
    const old = trades[at] ?? trade(1, 5, 1);
    const kind = draw(6);
    if (kind === 0) trades[at] = { ...old, askId: draw(10) };
    else if (kind === 1) trades[at] = { ...old, bidId: draw(10) };
    else if (kind === 2) trades[at] = { ...old, powerW: POWERS[draw(POWERS.length)] ?? 0 };
    else if (kind === 3) trades[at] = { ...old, powerW: old.powerW + draw(400) };
    else if (kind === 4) trades.splice(draw(trades.length), 0, old);
    else trades.splice(at, 1);
  }
  return chunks;
}

/** The rules for what is left when some power is taken by an earlier part. */
function rulesOf(offers: readonly TestOffer[], takenW: (id: number) => number): MatchingRules {
  return {
    intervalSeconds: 900,
    minTradeWs: PARAMS.minTradeWs,
    offer: (id) => {
      const offer = offers.find((one) => one.id === id);
      if (offer === undefined) return undefined;
      const { first: firstInterval, last: lastInterval, powerW: maxPowerW } = offer;
      const energyWs = offer.energyWs - takenW(id) * 900;
      return { ...offer, firstInterval, lastInterval, maxPowerW, energyWs, postedAt: START };
    },
    limitsAt: (feeder) => {
      const [internalLimitW, externalLimitW] = FEEDERS[feeder - 1] ?? [0, 0];
      return { internalLimitW, externalLimitW };
    },
    isOpen: () => true,
    lastPostingOf: (interval) => closeOf(interval) - CALENDAR.quietSeconds,
  };
}

/** Honest claims, but for the last chunk: a sound solution is then refused for that alone. */
function claimed(offers: readonly TestOffer[], chunks: readonly Chunk[]) {
  return chunks.map(({ interval, trades }, i) => {
    const ghost = (id: number) => ({ ...offers[0], id }) as TestOffer;
    const find = (id: number) => offers.find((one) => one.id === id) ?? ghost(id);
    const list = trades.map(
      ({ askId, bidId, powerW }) => [find(askId), find(bidId), powerW] as const,
    );
    const { claimed: honest } = chunk(interval, list);
    const welfare = honest.welfare < 0n ? 0n : honest.welfare;
    const homeEnergyWs = i === chunks.length - 1 ? 10n ** 17n : honest.homeEnergyWs;
    return { interval, trades: bytesOf(list), claimed: { ...honest, welfare, homeEnergyWs } };
  });
}

interface Tally {
  sound: number;
  reasons: Set<string>;
}

async function compare(
  world: World,
  offers: readonly TestOffer[],
  chunks: readonly Chunk[],
  solutionId: number | null,
  tally: Tally,
): Promise<void> {
  // The part that came first took 500 W of offers 2 and 7, in a later interval of its own.
  const takenW = (id: number) => (solutionId !== null && (id === 2 || id === 7) ? 500 : 0);
  const faults = verifySolution(chunks, rulesOf(offers, takenW));
  const parts = claimed(offers, chunks);
  const why =
    solutionId === null
      ? await world.refused(world.solver, 'matching', 'submitSolution', [parts])
      : await world.refused(world.solver, 'matching', 'addChunks', [solutionId, parts]);
  const told = `${JSON.stringify(chunks)}: ${why}, ${faults[0]?.message}`;
  assert.is(why.startsWith('FalseObjective'), faults.length === 0, told);
  assert.not.match(why, 'VerifiersDisagree');
  if (faults.length === 0) tally.sound++;
  tally.reasons.add(why.replace(/\(.*/, ''));
}

test(
  'a solution is refused by the contract when the reference refuses it, and only then',
  withOffers(
    WISHES,
    async (world, o) => {
      const offers = WISHES.map((_, place) => o(place));
      const draw = seeded(7);
      const tally: Tally = { sound: 0, reasons: new Set() };
      await compare(world, offers, SOUND, null, tally);
      for (let i = 0; i < 80; i++) await compare(world, offers, mutated(draw), null, tally);
      await world.send(world.solver, 'matching', 'openSolution');
      const first = chunk(T + 2, [[o(1), o(6), 500]]);
      await world.send(world.solver, 'matching', 'addChunks', [1, [first]]);
      for (let i = 0; i < 80; i++) await compare(world, offers, mutated(draw), 1, tally);
      const { sound, reasons } = tally;
      assert.ok(sound >= 20 && reasons.size >= 9, `${sound} sound, ${[...reasons]}`);
    },
    { feeders: FEEDERS },
  ),
);

test.run();
