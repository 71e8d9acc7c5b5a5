/**
 * The neighbourhood of the privacy benchmark: the generated one, in which every second home has no
 * battery, so that consumers and producers with and without one are in it.
 */
import {
  type CommunitySpec,
  GENERATED_START_MS,
  generateCommunity,
} from '../../testbed/homes/community.ts';

export function privacyHomes(options: {
  homes: number;
  feeders: number;
  rotations: number;
  seed: number;
}): CommunitySpec {
  const { homes, feeders, rotations, seed } = options;
  const days = Math.ceil(rotations / 96) + 1;
  const community = generateCommunity({
    ...{ homes, feeders, seed, days },
    startsAtMs: GENERATED_START_MS,
  });
  return {
    ...community,
    homes: community.homes.map((home, at) => (at % 2 === 0 ? home : { ...home, battery: null })),
    notes: [...community.notes, 'Every second home has no battery.'],
  };
}
