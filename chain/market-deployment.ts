/**
 * The transactions that put the market's contracts on a chain. `Matching` calls three libraries by
 * their addresses, which stand in its code; all addresses follow from the deployer's nonces, so
 * that everything can be signed before anything is sent.
 */
import { getAddress, getCreateAddress, Interface, type InterfaceAbi, id } from 'ethers';
import type { MarketCalendar } from '../market/intervals.ts';
import { type Call, GAS_MAX } from './calls.ts';
import type { MarketContracts } from './decode.ts';

/** A compiled contract, as `contracts/artifacts/<Name>.json` holds it. */
export interface ContractArtifact {
  abi: InterfaceAbi;
  /** `0x` and hex, with placeholders where the addresses of libraries belong. */
  bytecode: string;
}

/** Fixed for ever at deployment; in the order of the contract's `Params`. */
export interface MarketParams {
  minOfferWs: number;
  minTradeWs: number;
  offersPerAsset: number;
  minStakeMicro: bigint;
  /** 0: a trade's price is the midpoint of both reservation prices. 1: the solver says it. */
  priceRule: number;
  minGainWs: number;
  rewardMicroPerKwh: number;
}

export interface MarketToDeploy {
  owner: string;
  calendar: MarketCalendar;
  /** Notice before another market is admitted, once sealed. */
  marketDelaySeconds: number;
  caps: { moneyMicroPerDay: bigint; powerW: bigint };
  params: MarketParams;
}

const LIBRARIES = ['Finalization', 'Settlement', 'SolutionVerification'] as const;
const CONTRACTS = ['Microgrid', 'Assets', 'Matching'] as const;

/** Where the contracts will be when their first transaction has this nonce. */
export function marketContractsFrom(deployer: string, nonce: number): MarketContracts {
  const [microgrid = '', assets = '', matching = ''] = CONTRACTS.map((_, place) =>
    addressAt(deployer, nonce + place),
  );
  return { microgrid, assets, matching };
}

/** In the order of the nonces, from `nonce` on; the grid's set-up may follow. */
export function deployMarketCalls(
  artifact: (name: string) => ContractArtifact,
  deployer: string,
  nonce: number,
  market: MarketToDeploy,
): Call[] {
  const { microgrid, assets } = marketContractsFrom(deployer, nonce);
  const { calendar, caps, params } = market;
  const times = [
    calendar.intervalSeconds,
    calendar.clearIntervals,
    calendar.leadSeconds,
    calendar.quietSeconds,
    calendar.horizonIntervals,
  ];
  const words = [
    params.minOfferWs,
    params.minTradeWs,
    params.offersPerAsset,
    params.minStakeMicro,
    params.priceRule,
    params.minGainWs,
    params.rewardMicroPerKwh,
  ];
  const values: Record<(typeof CONTRACTS)[number], unknown[]> = {
    Microgrid: [market.owner, times, market.marketDelaySeconds],
    Assets: [microgrid, [caps.moneyMicroPerDay, caps.powerW]],
    Matching: [microgrid, assets, words],
  };
  const libraries = LIBRARIES.map(
    (name, place) => [name, addressAt(deployer, nonce + CONTRACTS.length + place)] as const,
  );
  const create = (name: string, args: unknown[]): Call => {
    const { abi, bytecode } = artifact(name);
    const encoded = new Interface(abi).encodeDeploy(args);
    const data = `${linked(bytecode, libraries)}${encoded.slice(2)}`;
    return { to: null, data, gasLimit: GAS_MAX, kind: `deploy ${name}` };
  };
  return [
    ...CONTRACTS.map((name) => create(name, values[name])),
    ...LIBRARIES.map((name) => create(name, [])),
  ];
}

function addressAt(deployer: string, nonce: number): string {
  return getAddress(getCreateAddress({ from: deployer, nonce }));
}

/** Puts addresses in the place of solc's placeholders, `__$` and 34 digits of a hash and `$__`. */
function linked(
  bytecode: string,
  libraries: readonly (readonly [name: string, address: string])[],
): string {
  return libraries.reduce((code, [name, address]) => {
    const hash = id(`${name}.sol:${name}`).slice(2, 36);
    return code.replaceAll(`__$${hash}$__`, address.slice(2).toLowerCase());
  }, bytecode);
}
