/**
 * What the utility's keys may sign. The DSO's hot key grants, for this market alone; the owner's
 * cold key sets the grid up and changes it, and grants nothing.
 */
import type { Result } from 'ethers';
import { ASSETS_ABI, MATCHING_ABI, MICROGRID_ABI } from '../chain/abi.ts';
import { GAS_MAX } from '../chain/calls.ts';
import type { MarketContracts } from '../chain/decode.ts';
import { allow, changesOf, NO_LIMIT, SigningPolicy } from '../chain/signing-policy.ts';

/** Only ever less, and for a while: what the DSO may do without the owner. */
const EMERGENCIES = ['suspend', 'pause', 'resume', 'lowerFeederLimits'];
const DSO_PER_DAY = 50_000;
const OWNER_PER_DAY = 50_000;
/** A grant over a whole horizon: see `grantGas`. */
const GRANT_GAS_MAX = 6_000_000;

export interface OperatorRules {
  chainId: number;
  contracts: MarketContracts;
}

export function dsoPolicy({ chainId, contracts }: OperatorRules): SigningPolicy {
  const { assets, matching, microgrid } = contracts;
  const isHere = (market: unknown) => String(market).toLowerCase() === matching.toLowerCase();
  const elsewhere = 'it grants for another market';
  return new SigningPolicy({
    chainId,
    perAddress: NO_LIMIT,
    perDay: DSO_PER_DAY,
    calls: [
      ...allow(assets, ASSETS_ABI, ['grant'], {
        gasMax: GAS_MAX,
        fault: ([grants]) =>
          [...(grants as Iterable<Result>)].every(({ market }) => isHere(market))
            ? null
            : elsewhere,
      }),
      ...allow(assets, ASSETS_ABI, ['addEnergy', 'addFinancialBalance'], {
        gasMax: GRANT_GAS_MAX,
        fault: ([, market]) => (isHere(market) ? null : elsewhere),
      }),
      ...allow(matching, MATCHING_ABI, ['fundRewards']),
      ...allow(microgrid, MICROGRID_ABI, EMERGENCIES, { gasMax: GAS_MAX }),
    ],
  });
}

export function ownerPolicy({ chainId, contracts }: OperatorRules): SigningPolicy {
  return new SigningPolicy({
    chainId,
    mayDeploy: true,
    perAddress: NO_LIMIT,
    perDay: OWNER_PER_DAY,
    calls: allow(contracts.microgrid, MICROGRID_ABI, changesOf(MICROGRID_ABI), { gasMax: GAS_MAX }),
  });
}

/**
 * Of the owner while nothing stands yet: where the contracts will be follows from the nonce of the
 * first transaction.
 */
export function deployingPolicy(
  chainId: number,
  contractsFromNow: () => MarketContracts,
): Pick<SigningPolicy, 'check'> {
  let policy: SigningPolicy | null = null;
  return {
    check(...args) {
      policy ??= ownerPolicy({ chainId, contracts: contractsFromNow() });
      policy.check(...args);
    },
  };
}
