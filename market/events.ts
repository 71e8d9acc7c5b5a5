/** What the contracts' log says, decoded: the whole input of everyone who follows the market. */
import type { Side } from './units.ts';

interface At {
  blockNumber: number;
  logIndex: number;
  transactionHash: string;
}

export type MarketEvent = At &
  (
    | {
        kind: 'asset-added';
        owner: string;
        assetId: number;
        feeder: number;
        side: Side;
        firstInterval: number;
        lastInterval: number;
        energyWs: number;
        maxPowerW: number;
      }
    | { kind: 'financial-added'; owner: string; amountMicro: bigint }
    | { kind: 'energy-deposited'; owner: string; assetId: number; energyWs: number }
    | { kind: 'financial-deposited'; owner: string; amountMicro: bigint }
    | {
        kind: 'offer-posted';
        offerId: number;
        owner: string;
        assetId: number;
        feeder: number;
        side: Side;
        firstInterval: number;
        lastInterval: number;
        energyWs: number;
        maxPowerW: number;
        priceMicroPerKwh: number;
      }
    | { kind: 'offer-closed'; offerId: number; owner: string; energyWs: number; moneyMicro: bigint }
    | { kind: 'candidate-chunk'; solutionId: number; interval: number; trades: string }
    | {
        kind: 'candidate-accepted';
        solutionId: number;
        solver: string;
        firstInterval: number;
        homeEnergyWs: bigint;
        utilityEnergyWs: bigint;
        welfare: bigint;
      }
    | { kind: 'solution-finalized'; interval: number; solver: string; trades: string }
    | { kind: 'trades-voided'; interval: number; positions: number[] }
    | { kind: 'interval-settled'; interval: number }
    | { kind: 'reward-paid'; interval: number; solver: string; amountMicro: bigint }
    | {
        kind: 'feeder-limits-set';
        feeder: number;
        fromInterval: number;
        internalLimitW: number;
        externalLimitW: number;
      }
    | {
        kind: 'tariff-set';
        fromInterval: number;
        useMicroPerKwh: number[];
        feedInMicroPerKwh: number[];
      }
    | {
        kind: 'feeder-ceiling-set';
        feeder: number;
        internalLimitW: number;
        externalLimitW: number;
      }
    | { kind: 'suspended'; feeder: number; firstInterval: number; lastInterval: number }
    /** No grants and no new candidates until `resumed`; the reason may be empty. */
    | { kind: 'paused'; by: string; reason: string }
    | { kind: 'resumed'; by: string }
    /** `role` is 32 bytes of text, `granter` or `settler`. */
    | { kind: 'role-set'; role: string; holder: string; isHeld: boolean }
  );
