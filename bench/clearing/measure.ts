/** One market cleared again and again: how long it takes, and what comes out. */
import { clear } from '../../solver/clearing/clear.ts';
import type { ClearingInput, ClearingResult, TieRule } from '../../solver/clearing/input.ts';
import { maximize } from '../../solver/clearing/linear-program.ts';
import { pairwiseProgram } from './pairwise-program.ts';

export interface Measured {
  result: ClearingResult;
  /** Median of the warm runs, from open offers to trades. */
  seconds: number;
  /** Most memory the process held until now, the market itself included. */
  maxRssMiB: number;
}

/** Until the machine code is made: so long, and at least once. */
const WARM_UP_SECONDS = 1;

export async function measureClearing(
  market: ClearingInput,
  tieRule: TieRule,
  runs: number,
): Promise<Measured> {
  let result = await warmUp(() => clear({ ...market, tieRule }));
  const seconds = await medianSeconds(runs, async () => {
    result = await clear({ ...market, tieRule });
  });
  return { result, seconds, maxRssMiB: Math.round(process.resourceUsage().maxRSS / 1024) };
}

/** HiGHS in WebAssembly has 2 GiB: a community of 1,000 homes does not fit. */
const MOST_PAIRS = 500_000;

/** The paper's program, solved alone: building it is not counted. Null where it does not fit. */
export async function measurePairwise(
  market: ClearingInput,
  runs: number,
): Promise<{ seconds: number; energyWs: number } | null> {
  const asks = market.offers.filter(({ side }) => side === 'sell').length;
  // Bids of these markets stand in one interval, and most asks in several.
  if (asks * (market.offers.length - asks) > 10 * MOST_PAIRS) return null;
  const { program } = pairwiseProgram(market);
  if (program.costs.length > MOST_PAIRS) return null;
  let { values } = await warmUp(() => maximize(program));
  const seconds = await medianSeconds(runs, async () => {
    ({ values } = await maximize(program));
  });
  return { seconds, energyWs: Math.round((values[0] ?? 0) * market.intervalSeconds) };
}

async function warmUp<T>(work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  for (;;) {
    const made = await work();
    if (performance.now() - startedAt >= 1000 * WARM_UP_SECONDS) return made;
  }
}

async function medianSeconds(runs: number, work: () => Promise<void>): Promise<number> {
  const taken: number[] = [];
  for (let run = 0; run < runs; run++) {
    const startedAt = performance.now();
    await work();
    taken.push((performance.now() - startedAt) / 1000);
  }
  return taken.sort((a, b) => a - b)[Math.floor(runs / 2)] ?? 0;
}
