/**
 * One run of real agents in stepped time, seen as an adversary sees it: the chain, and the log of
 * a proxy before it. Whose address is whose comes from the utility's books and serves to score.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseGridFile } from '../../market/grid-json.ts';
import { decodeChunk } from '../../market/matching/chunk.ts';
import { kwhOf } from '../../market/units.ts';
import { type ChainView, viewChain } from '../../testbed/adversary/chain-view.ts';
import { type Sighting, sightingsOf } from '../../testbed/adversary/sightings.ts';
import { openTap, type Tap } from '../../testbed/adversary/tap.ts';
import type { RunOptions } from '../../testbed/options.ts';
import { prepareRun, type Run } from '../../testbed/run.ts';
import { privacyHomes } from './homes.ts';

export interface PrivacyRun {
  sightings: Sighting[];
  /** Name of the home behind each address. */
  homeOf: ReadonlyMap<string, string>;
  cost: RunCost;
}

/** What the market did and what it took. */
export interface RunCost {
  tradedKwh: number;
  transactions: number;
  gasUsed: number;
}

export interface RunSize {
  homes: number;
  feeders: number;
  rotations: number;
  seed: number;
}

export async function runHomes(
  size: RunSize,
  without: readonly string[],
  signal: AbortSignal,
): Promise<PrivacyRun> {
  const taps: Tap[] = [];
  const nowMs = { of: () => 0 };
  const run = await prepareRun(optionsOf(size), privacyHomes(size), {
    say: () => {},
    signal,
    without,
    isOrderSecret: true,
    isShared: true,
    endpoint: async (anvilUrl) => {
      const tap = await openTap(anvilUrl, () => nowMs.of());
      taps.push(tap);
      return tap.url;
    },
  });
  try {
    nowMs.of = run.now;
    await run.play(signal, async () => {});
    return await seen(run, taps[0]);
  } finally {
    await run.remove();
    for (const tap of taps) await tap.close();
  }
}

async function seen(run: Run, tap: Tap | undefined): Promise<PrivacyRun> {
  const file = join(run.neighbourhood.operatorConfig, '..', 'grid.json');
  const { facts } = parseGridFile(readFileSync(file, 'utf8'));
  const chain = await viewChain(run.chain.anvil, facts.contracts);
  const { intervalSeconds } = facts.calendar;
  const sightings = sightingsOf({ chain, calls: tap?.calls ?? [], intervalSeconds });
  const homeOf = new Map<string, string>();
  for (const { address } of sightings) {
    const home = run.homeNames.of(address);
    if (home !== null) homeOf.set(address, home);
  }
  return { sightings, homeOf, cost: costOf(chain, intervalSeconds) };
}

function costOf(chain: ChainView, intervalSeconds: number): RunCost {
  let powerW = 0;
  for (const event of chain.events) {
    if (event.kind !== 'solution-finalized' || event.trades === '0x') continue;
    for (const trade of decodeChunk(event.trades)) powerW += trade.powerW;
  }
  const tradedKwh = kwhOf(powerW * intervalSeconds);
  return { tradedKwh, transactions: chain.transactions.size, gasUsed: chain.gasUsed };
}

function optionsOf({ homes, feeders, rotations, seed }: RunSize): RunOptions {
  return {
    ...{ homes, feeders, seed },
    intervals: rotations + 1,
    speed: 'max',
    ticksPerInterval: 12,
    dataDir: null,
    lookalike: false,
    port: 0,
    json: true,
    outDir: null,
    follow: true,
    keepDir: null,
    startsAtMs: null,
    tor: false,
  };
}
