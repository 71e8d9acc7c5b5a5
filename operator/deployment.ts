/**
 * `deployment.json`: what a deployment fixed. No keys; the DSO, the solver and the export read it.
 */
import * as v from 'valibot';
import type { GridFacts } from '../market/grid.ts';
import type { MarketCalendar } from '../market/intervals.ts';
import { ADDRESS_FORM, readJson } from '../market/json-forms.ts';
import type { FeederLimits } from '../market/offers.ts';

export interface Deployment {
  format: 'transax-deployment-1';
  chainId: number;
  contracts: GridFacts['contracts'];
  deployedAtBlock: number;
  owner: string;
  dso: string;
  solver: string;
  calendar: MarketCalendar;
  minOfferWs: number;
  minTradeWs: number;
  offersPerAsset: number;
  /** The contract takes no more trades in one chunk. */
  maxTradesPerChunk: number;
  feeders: FeederLimits[];
  tariff: { useMicroPerKwh: number[]; feedInMicroPerKwh: number[] };
  /** Least stake of a solver, and what the DSO grants the configured one; decimal digits. */
  stakeMicro: string;
  /** What a better solution gains at least. */
  minGainWs: number;
  /** What final energy between homes pays solvers, while the pot lasts. */
  rewardMicroPerKwh: number;
}

export class DeploymentError extends Error {
  /**
   * `exists`: there is a deployment already. `missing`: there is none yet. `malformed`: the file is
   * not one. `changed`: the settings differ from those it was begun with. `refused`: the chain did
   * not take it. `other-chain`: the file or the books belong to another chain. `keys`: a key file
   * is not the one that was deployed with.
   */
  readonly code:
    | 'exists'
    | 'missing'
    | 'malformed'
    | 'changed'
    | 'refused'
    | 'other-chain'
    | 'keys';
  constructor(code: DeploymentError['code'], message: string) {
    super(message);
    this.name = 'DeploymentError';
    this.code = code;
  }
}

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const address = ADDRESS_FORM;
const prices = v.array(whole);

const SCHEMA = v.strictObject({
  format: v.literal('transax-deployment-1'),
  chainId: whole,
  contracts: v.strictObject({ microgrid: address, assets: address, matching: address }),
  deployedAtBlock: whole,
  owner: address,
  dso: address,
  solver: address,
  calendar: v.strictObject({
    intervalSeconds: whole,
    clearIntervals: whole,
    leadSeconds: whole,
    quietSeconds: whole,
    horizonIntervals: whole,
  }),
  minOfferWs: whole,
  minTradeWs: whole,
  offersPerAsset: whole,
  maxTradesPerChunk: whole,
  feeders: v.array(v.strictObject({ internalLimitW: whole, externalLimitW: whole })),
  tariff: v.strictObject({ useMicroPerKwh: prices, feedInMicroPerKwh: prices }),
  stakeMicro: v.pipe(v.string(), v.regex(/^[1-9][0-9]*$/)),
  minGainWs: whole,
  rewardMicroPerKwh: whole,
});

/** @throws DeploymentError 'malformed', naming every fault */
export function parseDeployment(text: string, path: string): Deployment {
  return readJson(
    SCHEMA,
    text,
    `the deployment file ${path}`,
    (message) => new DeploymentError('malformed', message),
  );
}

export function deploymentJson(deployment: Deployment): string {
  return `${JSON.stringify(deployment, null, 2)}\n`;
}
