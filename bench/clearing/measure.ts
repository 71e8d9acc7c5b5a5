/** One market cleared again and again: how long it takes, and what comes out. */
import { clear } from '../../solver/clearing/clear.ts';
import type { ClearingInput, ClearingResult, TieRule } from '../../solver/clearing/input.ts';
import { maximize } from '../../solver/clearing/linear-program.ts';
import { pairwiseProgram } from './pairwise-program.ts';

export interface Measured {
  result: ClearingResult;
  /** Medians of the warm runs, from open offers to trades. */
  seconds: number;
  cpuSeconds: number;
  /** Most memory the process held until now, the market itself included. */
  maxRssMiB: number;
}

/** Until the machine code is made: so long on the processor, and at least once. */
const WARM_UP_CPU_SECONDS = 2;

export async function measureClearing(
  market: ClearingInput,
  tieRule: TieRule,
  runs: number,
  warmUpCpuSeconds = WARM_UP_CPU_SECONDS,
): Promise<Measured> {
  let result = await warmUp(warmUpCpuSeconds, () => clear({ ...market, tieRule }));
  const taken = await medians(runs, async () => {
    result = await clear({ ...market, tieRule });
  });
  return { result, ...taken, maxRssMiB: Math.round(process.resourceUsage().maxRSS / 1024) };
}

/** HiGHS in WebAssembly has 2 GiB: a community of 1,000 homes does not fit. */
const MOST_PAIRS = 500_000;

/** The paper's program, solved alone: building it is not counted. Null where it does not fit. */
export async function measurePairwise(
  market: ClearingInput,
  runs: number,
  warmUpCpuSeconds = WARM_UP_CPU_SECONDS,
): Promise<(Taken & { energyWs: number }) | null> {
  const asks = market.offers.filter(({ side }) => side === 'sell').length;
  // Bids of these markets stand in one interval, and most asks in several.
  if (asks * (market.offers.length - asks) > 10 * MOST_PAIRS) return null;
  const { program } = pairwiseProgram(market);
  if (program.costs.length > MOST_PAIRS) return null;
  let { values } = await warmUp(warmUpCpuSeconds, () => maximize(program));
  const taken = await medians(runs, async () => {
    ({ values } = await maximize(program));
  });
  return { ...taken, energyWs: Math.round((values[0] ?? 0) * market.intervalSeconds) };
}

async function warmUp<T>(cpuSeconds: number, work: () => Promise<T>): Promise<T> {
  const startedAt = process.cpuUsage();
  for (;;) {
    const made = await work();
    if (secondsOf(process.cpuUsage(startedAt)) >= cpuSeconds) return made;
  }
}

/** On a machine with other work CPU time is the one to compare. */
export interface Taken {
  seconds: number;
  cpuSeconds: number;
}

async function medians(runs: number, work: () => Promise<void>): Promise<Taken> {
  const seconds: number[] = [];
  const cpuSeconds: number[] = [];
  for (let run = 0; run < runs; run++) {
    const startedAt = performance.now();
    const cpuAt = process.cpuUsage();
    await work();
    seconds.push((performance.now() - startedAt) / 1000);
    cpuSeconds.push(secondsOf(process.cpuUsage(cpuAt)));
  }
  return { seconds: median(seconds), cpuSeconds: median(cpuSeconds) };
}

function secondsOf({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1_000_000;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
