/** What a solver's key may sign: solutions, final commitments, settlements, stake and reward. */
import { MATCHING_ABI } from '../chain/abi.ts';
import { GAS_MAX } from '../chain/calls.ts';
import type { MarketContracts } from '../chain/decode.ts';
import { allow, SigningPolicy } from '../chain/signing-policy.ts';

const PER_DAY = 50_000;

export interface SolverRules {
  chainId: number;
  contracts: MarketContracts;
  /** Where rewards go besides the solver's own address; null: nowhere else. */
  payout?: string | null;
}

export function solverPolicy({ chainId, contracts, payout = null }: SolverRules): SigningPolicy {
  const { matching } = contracts;
  const works = [
    ...['submitSolution', 'openSolution', 'addChunks', 'commitSolution', 'announce'],
    ...['finalize', 'settle'],
  ];
  return new SigningPolicy({
    chainId,
    perAddress: Number.MAX_SAFE_INTEGER,
    perDay: PER_DAY,
    calls: [
      ...allow(matching, MATCHING_ABI, works, { gasMax: GAS_MAX }),
      ...allow(matching, MATCHING_ABI, ['stake', 'unstake']),
      ...allow(matching, MATCHING_ABI, ['claimRewards'], {
        gasMax: GAS_MAX,
        fault: ([, to], address) => {
          const isOwn = [address, payout?.toLowerCase()].includes(String(to).toLowerCase());
          return isOwn ? null : `it would pay the reward to ${to}`;
        },
      }),
    ],
  });
}
