/**
 * The calls of the contracts that anyone of us sends: address, data, and a gas limit fixed by kind.
 * Limits are generous (gas is free where this runs) and below 16,777,216, which is the most that a
 * transaction may take from the Osaka rules on (EIP-7825).
 */
import { Interface } from 'ethers';
import { encodeChunk } from '../market/matching/chunk.ts';
import type { Chunk, EnergyAsset, Objective } from '../market/offers.ts';
import { SIDE_CODE } from '../market/units.ts';
import { ASSETS_ABI, MATCHING_ABI, MICROGRID_ABI } from './abi.ts';
import type { MarketContracts } from './decode.ts';

export interface Call {
  /** Null deploys a contract. */
  to: string | null;
  data: string;
  gasLimit: number;
  /** Name of the function, for the outbox and its readers. */
  kind: string;
}

/** A chunk and what the solver says it is worth. */
export interface ClaimedChunk extends Chunk {
  claimed: Objective;
}

export const GAS_MAX = 16_000_000;
const GAS_SMALL = 500_000;
const GAS_SETUP = 3_000_000;
/**
 * Of a grant over up to a quarter of a day, and of money: one limit for all, because some nodes
 * drop a sender's later transactions when one with a larger limit does not fit into a block.
 */
const GAS_GRANT = 800_000;
const GRANT_INTERVALS = 24;
/** Of one grant among many, with all that is cold, and of each word of four intervals: bounds. */
const GAS_PER_GRANT = 120_000;
const GAS_PER_WORD = 25_000;
const INTERVALS_PER_WORD = 4;
/** Of checking or settling one trade, with all that is cold: an upper bound. */
const GAS_PER_TRADE = 40_000;
/** Of giving back what is left of one offer. */
const GAS_PER_CLOSING = 38_000;
/** Of a solver's share of one interval. */
const GAS_PER_REWARD = 40_000;

const microgrid = new Interface(MICROGRID_ABI);
const assets = new Interface(ASSETS_ABI);
const matching = new Interface(MATCHING_ABI);

function call(
  to: string,
  contract: Interface,
  kind: string,
  values: readonly unknown[],
  gasLimit = GAS_SMALL,
): Call {
  return { to, data: contract.encodeFunctionData(kind, values), gasLimit, kind };
}

// ---------------------------------------------------------------------------------- the market

export interface OfferTerms {
  assetId: number;
  energyWs: number;
  firstInterval: number;
  lastInterval: number;
  maxPowerW: number;
  priceMicroPerKwh: number;
}

export function postOfferCall(grid: MarketContracts, offer: OfferTerms): Call {
  return call(grid.matching, matching, 'postOffer', [
    offer.assetId,
    offer.energyWs,
    offer.firstInterval,
    offer.lastInterval,
    offer.maxPowerW,
    offer.priceMicroPerKwh,
  ]);
}

/** Several offers of one address at once. */
export function postOffersCall(grid: MarketContracts, offers: readonly OfferTerms[]): Call {
  const posts = offers.map((offer) => [
    offer.assetId,
    offer.energyWs,
    offer.firstInterval,
    offer.lastInterval,
    offer.maxPowerW,
    offer.priceMicroPerKwh,
  ]);
  return call(grid.matching, matching, 'postOffers', [posts], GAS_SMALL * offers.length);
}

export function closeOfferCall(grid: MarketContracts, offerId: number): Call {
  return call(grid.matching, matching, 'closeOffer', [offerId]);
}

export function closeOffersCall(grid: MarketContracts, offerIds: readonly number[]): Call {
  const gasLimit = Math.min(GAS_MAX, GAS_SMALL + offerIds.length * GAS_PER_CLOSING);
  return call(grid.matching, matching, 'closeOffers', [offerIds], gasLimit);
}

/** Most trades that one transaction settles. */
export const SETTLED_AT_ONCE = 200;

/** Pays and closes the offers of one interval alone; call it until all its trades are through. */
export function settleCall(
  grid: MarketContracts,
  chunk: Chunk,
  voided: readonly number[] = [],
): Call {
  const most = Math.min(chunk.trades.length, SETTLED_AT_ONCE);
  const gasLimit = Math.min(GAS_MAX, GAS_SMALL + most * 2 * GAS_PER_CLOSING);
  const values = [chunk.interval, encodeChunk(chunk.trades), voided, SETTLED_AT_ONCE];
  return call(grid.matching, matching, 'settle', values, gasLimit);
}

export function submitSolutionCall(
  grid: MarketContracts,
  chunks: readonly ClaimedChunk[],
  gasLimit = GAS_MAX,
): Call {
  return call(grid.matching, matching, 'submitSolution', [chunks.map(chunkTuple)], gasLimit);
}

export function openSolutionCall(grid: MarketContracts): Call {
  return call(grid.matching, matching, 'openSolution', []);
}

export function addChunksCall(
  grid: MarketContracts,
  solutionId: number,
  chunks: readonly ClaimedChunk[],
): Call {
  return call(grid.matching, matching, 'addChunks', [solutionId, chunks.map(chunkTuple)], GAS_MAX);
}

export function commitSolutionCall(grid: MarketContracts, solutionId: number): Call {
  return call(grid.matching, matching, 'commitSolution', [solutionId], GAS_MAX);
}

export function finalizeCall(grid: MarketContracts, chunk: Chunk): Call {
  const gasLimit = Math.min(GAS_MAX, GAS_SMALL + chunk.trades.length * GAS_PER_TRADE);
  const values = [chunk.interval, encodeChunk(chunk.trades)];
  return call(grid.matching, matching, 'finalize', values, gasLimit);
}

/** @param digest of `solutionDigest` */
export function announceCall(grid: MarketContracts, digest: string): Call {
  return call(grid.matching, matching, 'announce', [digest]);
}

export function stakeCall(grid: MarketContracts, amountMicro: bigint): Call {
  return call(grid.matching, matching, 'stake', [amountMicro]);
}

export function unstakeCall(grid: MarketContracts): Call {
  return call(grid.matching, matching, 'unstake', []);
}

/** Whoever sends it pays, with money that was granted to him for this market. */
export function fundRewardsCall(grid: MarketContracts, amountMicro: bigint): Call {
  return call(grid.matching, matching, 'fundRewards', [amountMicro]);
}

/** Most intervals whose rewards one transaction collects. */
export const CLAIMED_AT_ONCE = 96;

/** @param to an address that was granted for this market: no other can hold its money */
export function claimRewardsCall(
  grid: MarketContracts,
  intervals: readonly number[],
  to: string,
): Call {
  const gasLimit = GAS_SMALL + GAS_PER_REWARD * intervals.length;
  return call(grid.matching, matching, 'claimRewards', [intervals, to], gasLimit);
}

function chunkTuple(chunk: ClaimedChunk): unknown[] {
  const { homeEnergyWs, utilityEnergyWs, welfare } = chunk.claimed;
  const claimed = [homeEnergyWs, utilityEnergyWs, welfare];
  return [chunk.interval, claimed, encodeChunk(chunk.trades)];
}

// ------------------------------------------------------------------------------ assets and money

export interface EnergyGrant extends Omit<EnergyAsset, 'id' | 'owner'> {
  to: string;
  market: string;
}

export function addEnergyCall(grid: MarketContracts, grant: EnergyGrant): Call {
  return call(
    grid.assets,
    assets,
    'addEnergy',
    [
      grant.to,
      grant.market,
      grant.feeder,
      SIDE_CODE[grant.side],
      grant.firstInterval,
      grant.lastInterval,
      grant.energyWs,
      grant.maxPowerW,
    ],
    grantGas(grant.lastInterval - grant.firstInterval + 1),
  );
}

export function addFinancialBalanceCall(
  grid: MarketContracts,
  to: string,
  market: string,
  amountMicro: bigint,
): Call {
  return call(grid.assets, assets, 'addFinancialBalance', [to, market, amountMicro], GAS_GRANT);
}

/** Energy, money or both, of one address. */
export interface Grant extends EnergyGrant {
  amountMicro: bigint;
}

/** The most that a transaction of these grants takes: whether they fit into one. */
export function gasOfGrants(grants: readonly Grant[]): number {
  const each = grants.map(({ energyWs, firstInterval, lastInterval }) => {
    if (energyWs === 0) return GAS_PER_GRANT;
    const words = Math.ceil((lastInterval - firstInterval) / INTERVALS_PER_WORD) + 1;
    return GAS_PER_GRANT + GAS_PER_WORD * words;
  });
  return each.reduce((sum, gas) => sum + gas, 0);
}

/** Many grants in one transaction, all or none. */
export function grantCall(grid: MarketContracts, grants: readonly Grant[]): Call {
  const tuples = grants.map((grant) => [
    grant.to,
    grant.market,
    grant.feeder,
    SIDE_CODE[grant.side],
    grant.firstInterval,
    grant.lastInterval,
    grant.energyWs,
    grant.maxPowerW,
    grant.amountMicro,
  ]);
  const gasLimit = Math.min(GAS_MAX, Math.max(GAS_GRANT, gasOfGrants(grants)));
  return call(grid.assets, assets, 'grant', [tuples], gasLimit);
}

/** The caps are kept by interval: a long range costs a slot for each. */
function grantGas(intervals: number): number {
  return intervals <= GRANT_INTERVALS ? GAS_GRANT : 300_000 + 30_000 * intervals;
}

export function depositEnergyCall(grid: MarketContracts, assetId: number): Call {
  return call(grid.assets, assets, 'depositEnergy', [assetId]);
}

export function depositFinancialCall(grid: MarketContracts, amountMicro: bigint): Call {
  return call(grid.assets, assets, 'depositFinancial', [amountMicro]);
}

// ---------------------------------------------------------------------------- the grid's set-up

export function addFeederCall(
  address: string,
  limits: { internalLimitW: number; externalLimitW: number },
): Call {
  const values = [limits.internalLimitW, limits.externalLimitW];
  return call(address, microgrid, 'addFeeder', values, GAS_SETUP);
}

export function setTariffCall(
  address: string,
  tariff: { useMicroPerKwh: readonly number[]; feedInMicroPerKwh: readonly number[] },
): Call {
  const values = [tariff.useMicroPerKwh, tariff.feedInMicroPerKwh];
  return call(address, microgrid, 'setTariff', values, GAS_MAX);
}

export function setGranterCall(address: string, holder: string, isHeld: boolean): Call {
  return call(address, microgrid, 'setGranter', [holder, isHeld]);
}

export function setSettlerCall(address: string, holder: string, isHeld: boolean): Call {
  return call(address, microgrid, 'setSettler', [holder, isHeld]);
}

export function proposeMarketCall(address: string, market: string): Call {
  return call(address, microgrid, 'proposeMarket', [market]);
}

export function admitMarketCall(address: string, market: string): Call {
  return call(address, microgrid, 'admitMarket', [market]);
}

export function proposeOwnerCall(address: string, next: string): Call {
  return call(address, microgrid, 'proposeOwner', [next]);
}

/** By the proposed owner. */
export function acceptOwnerCall(address: string): Call {
  return call(address, microgrid, 'acceptOwner', []);
}

export function sealCall(address: string): Call {
  return call(address, microgrid, 'seal', []);
}

/** By the owner: what the granter may lower, and raise again up to it. */
export function setFeederLimitsCall(
  address: string,
  feeder: number,
  limits: { internalLimitW: number; externalLimitW: number },
): Call {
  const values = [feeder, limits.internalLimitW, limits.externalLimitW];
  return call(address, microgrid, 'setFeederLimits', values);
}

/** Within what the owner allows: the granter may. */
export function lowerFeederLimitsCall(
  address: string,
  feeder: number,
  limits: { internalLimitW: number; externalLimitW: number },
): Call {
  const values = [feeder, limits.internalLimitW, limits.externalLimitW];
  return call(address, microgrid, 'lowerFeederLimits', values);
}

/** @param reason at most 200 bytes */
export function pauseCall(address: string, reason: string): Call {
  return call(address, microgrid, 'pause', [reason]);
}

export function resumeCall(address: string): Call {
  return call(address, microgrid, 'resume', []);
}

export function suspendCall(
  address: string,
  span: { feeder: number; firstInterval: number; lastInterval: number },
): Call {
  const values = [span.feeder, span.firstInterval, span.lastInterval];
  return call(address, microgrid, 'suspend', values, GAS_SETUP);
}
