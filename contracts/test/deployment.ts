/** How a test's grid is set up: the transactions of its owner, in order. */
import { Interface } from 'ethers';
import type { Artifact } from '../../build/contracts.ts';
import { ASSETS_ABI, MATCHING_ABI, MICROGRID_ABI } from '../../chain/abi.ts';
import {
  deployMarketCalls,
  type MarketParams,
  marketContractsFrom,
} from '../../chain/market-deployment.ts';

export type ContractName = 'microgrid' | 'assets' | 'matching';

export const INTERFACES: Record<ContractName, Interface> = {
  microgrid: new Interface(MICROGRID_ABI),
  assets: new Interface(ASSETS_ABI),
  matching: new Interface(MATCHING_ABI),
};

export interface WorldOptions {
  calendar?: Partial<Calendar>;
  /** Limits of feeders 1, 2, ... in W; each 25 kW internal and 20 kW external when absent. */
  feeders?: readonly (readonly [internalLimitW: number, externalLimitW: number])[];
  params?: Partial<MarketParams>;
  capPowerW?: number;
  capMicroPerDay?: bigint;
  sealed?: boolean;
}

export interface Calendar {
  intervalSeconds: number;
  clearIntervals: number;
  leadSeconds: number;
  quietSeconds: number;
  horizonIntervals: number;
}

export const CALENDAR = {
  intervalSeconds: 900,
  clearIntervals: 1,
  leadSeconds: 60,
  quietSeconds: 300,
  horizonIntervals: 13,
};

export const PARAMS = {
  minOfferWs: 900,
  minTradeWs: 900,
  offersPerAsset: 4,
  minStakeMicro: 1_000_000n,
  priceRule: 0,
  minGainWs: 0,
  rewardMicroPerKwh: 0,
};

export const STAKE = PARAMS.minStakeMicro;
const CAP_MICRO_PER_DAY = 1_000_000_000_000n;
const CAP_POWER_W = 10_000_000;
export const MARKET_DELAY = 86_400;

const FEEDERS = [
  [25_000, 20_000],
  [25_000, 20_000],
  [25_000, 20_000],
] as const;

interface SetUp {
  address: Record<ContractName, string>;
  transactions: { to: string | null; data: string; gasLimit: number }[];
}

export function deployAll(
  owner: string,
  granter: string,
  options: WorldOptions,
  readArtifact: (name: string) => Artifact,
): SetUp {
  const { microgrid, assets, matching } = marketContractsFrom(owner, 0);
  const transactions: SetUp['transactions'] = deployMarketCalls(readArtifact, owner, 0, {
    owner,
    calendar: { ...CALENDAR, ...options.calendar },
    marketDelaySeconds: MARKET_DELAY,
    caps: {
      moneyMicroPerDay: options.capMicroPerDay ?? CAP_MICRO_PER_DAY,
      powerW: BigInt(options.capPowerW ?? CAP_POWER_W),
    },
    params: { ...PARAMS, ...options.params },
  }).map((call) => ({ ...call, gasLimit: 7_000_000 }));

  for (const [method, ...args] of ownersCalls(options, granter, matching)) {
    const data = INTERFACES.microgrid.encodeFunctionData(method, args);
    transactions.push({ to: microgrid, data, gasLimit: 300_000 });
  }
  return { address: { microgrid, assets, matching }, transactions };
}

export const MICROGRID_TYPES = ['address', 'tuple(uint32,uint32,uint32,uint32,uint32)', 'uint32'];

/** A calendar as the contract's struct has it. */
export function inOrder(c: Calendar): number[] {
  const { intervalSeconds, clearIntervals, leadSeconds, quietSeconds, horizonIntervals } = c;
  return [intervalSeconds, clearIntervals, leadSeconds, quietSeconds, horizonIntervals];
}

function ownersCalls(
  options: WorldOptions,
  granter: string,
  matching: string,
): [method: string, ...args: unknown[]][] {
  return [
    ...(options.feeders ?? FEEDERS).map(([internalW, externalW]): [string, number, number] => [
      'addFeeder',
      internalW,
      externalW,
    ]),
    ['setTariff', [300_000], [80_000]],
    ['setGranter', granter, true],
    ['proposeMarket', matching],
    ['admitMarket', matching],
    ...(options.sealed === false ? [] : [['seal'] as [string]]),
  ];
}
