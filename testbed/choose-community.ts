/** Which neighbourhood a run is about: generated, the look-alike, or from measured traces. */
import {
  type CommunitySpec,
  GENERATED_MIDNIGHT_MS,
  GENERATED_START_MS,
  generateCommunity,
} from './homes/community.ts';
import { transaxLookalike } from './homes/lookalike.ts';
import { readCommunity } from './homes/readers.ts';
import type { RunOptions } from './options.ts';

const INTERVALS_PER_DAY = 96;

/** @throws DataError when traces cannot be read */
export function chooseCommunity(options: RunOptions): CommunitySpec {
  const { homes, feeders, seed, startsAtMs } = options;
  if (options.dataDir !== null) {
    return readCommunity(options.dataDir, { homes, feeders, seed, startsAtMs });
  }
  if (options.lookalike) return transaxLookalike(seed, startsAtMs ?? GENERATED_MIDNIGHT_MS);
  const days = Math.ceil(options.intervals / INTERVALS_PER_DAY) + 1;
  const start = startsAtMs ?? GENERATED_START_MS;
  return generateCommunity({ homes, feeders, seed, startsAtMs: start, days });
}
