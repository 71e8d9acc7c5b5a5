/**
 * Puts the market on a chain: Microgrid, Assets, Matching, then feeders, tariff, roles, the market
 * itself, and the seal. Every transaction is signed and kept in the books' outbox before the first
 * one leaves, so that an interrupted deployment goes on where it was.
 */
import { SigningKey } from 'ethers';
import {
  addFeederCall,
  admitMarketCall,
  type Call,
  proposeMarketCall,
  sealCall,
  setGranterCall,
  setSettlerCall,
  setTariffCall,
} from '../chain/calls.ts';
import {
  type ContractArtifact,
  deployMarketCalls,
  marketContractsFrom,
} from '../chain/market-deployment.ts';
import type { Outbox } from '../chain/outbox.ts';
import type { OutboxEntry } from '../chain/outbox-store.ts';
import { MarketReads } from '../chain/reads.ts';
import type { JsonRpc } from '../chain/rpc.ts';
import type { Clock, Log } from '../host/ports.ts';
import { canonicalJson, type GridFacts } from '../market/grid.ts';
import type { Books } from './books/books.ts';
import type { OperatorSettings } from './config.ts';
import { type Deployment, DeploymentError } from './deployment.ts';
import { addressOf } from './keys.ts';

/** Notice before another market is admitted, once sealed. */
const MARKET_DELAY_SECONDS = 86_400;
/** Price rule of `Matching`: the midpoint of both reservation prices. */
const MIDPOINT = 0;
const POLL_MS = 200;
/** Rounds without any answer before giving up; the deployment can be continued. */
const MAX_FAILED_ROUNDS = 25;
const PARAMETERS = 'deployment';
const REF = 'deployment:';

export interface DeployPorts {
  books: Books;
  outbox: Outbox;
  rpc: JsonRpc;
  chainId: number;
  clock: Clock;
  log: Log;
  /** Compiled contract by name. */
  artifact: (name: string) => ContractArtifact;
  keys: { owner: Uint8Array; dso: Uint8Array; solver: Uint8Array };
}

/**
 * Deploys, or goes on with a deployment that was interrupted.
 * @throws DeploymentError, RpcError
 */
export async function deploy(
  settings: OperatorSettings,
  ports: DeployPorts,
  signal: AbortSignal,
): Promise<Deployment> {
  const owner = addressOf(ports.keys.owner);
  await ports.outbox.seed(owner, signal);
  const begun = ports.outbox.store.byRef(`${REF}0`)[0];
  if (begun === undefined) signSteps(settings, ports);
  else checkSameSettings(settings, ports);

  await untilSettled(ports, signal);
  const entries = entriesOf(ports.outbox);
  const failed = entries.find(({ state }) => state !== 'mined');
  if (failed !== undefined) {
    throw new DeploymentError(
      'refused',
      `the deployment stopped at ${failed.kind}: ${failed.reason ?? failed.state}; ` +
        'move the books away to begin anew',
    );
  }
  const contracts = marketContractsFrom(owner, firstNonce(entries));
  if ((await ports.rpc.code(contracts.matching, signal)) === '0x') {
    throw new DeploymentError(
      'other-chain',
      'the books know a deployment that this chain does not have: check rpc, or move them away',
    );
  }
  const maxTradesPerChunk = await new MarketReads(ports.rpc, contracts).maxTradesPerChunk(signal);
  const deployedAtBlock = Number(entries[0]?.blockNumber ?? 0);
  return { ...deploymentOf(settings, ports, contracts), deployedAtBlock, maxTradesPerChunk };
}

/** All or none are in the outbox: their addresses follow from the owner's nonces. */
function signSteps(settings: OperatorSettings, ports: DeployPorts): void {
  const key = new SigningKey(ports.keys.owner);
  const owner = addressOf(ports.keys.owner);
  const nonce = ports.outbox.store.nextNonce(owner) ?? 0;
  const steps = stepsOf(settings, ports, nonce);
  ports.books.transaction(() => {
    ports.books.facts.set(PARAMETERS, parametersOf(settings, ports));
    for (const [at, call] of steps.entries()) ports.outbox.enqueue(key, call, `${REF}${at}`);
  });
}

function stepsOf(
  settings: OperatorSettings,
  { artifact, keys }: DeployPorts,
  nonce: number,
): Call[] {
  const { calendar, feeders, minOfferWs, minTradeWs, offersPerAsset } = settings.grid;
  const owner = addressOf(keys.owner);
  const { microgrid, matching } = marketContractsFrom(owner, nonce);
  const dso = addressOf(keys.dso);
  const { moneyMicroPerDay, feederPowerW } = settings.caps;
  const { stakeMicro, minGainWs, rewardMicroPerKwh } = settings.solver;
  return [
    ...deployMarketCalls(artifact, owner, nonce, {
      owner,
      calendar,
      marketDelaySeconds: MARKET_DELAY_SECONDS,
      caps: { moneyMicroPerDay, powerW: BigInt(feederPowerW) },
      params: {
        ...{ minOfferWs, minTradeWs, offersPerAsset, minStakeMicro: stakeMicro },
        ...{ priceRule: MIDPOINT, minGainWs, rewardMicroPerKwh },
      },
    }),
    ...feeders.map((limits) => addFeederCall(microgrid, limits)),
    setTariffCall(microgrid, settings.tariff),
    setGranterCall(microgrid, dso, true),
    setSettlerCall(microgrid, dso, true),
    proposeMarketCall(microgrid, matching),
    admitMarketCall(microgrid, matching),
    sealCall(microgrid),
  ];
}

function entriesOf(outbox: Outbox): OutboxEntry[] {
  const entries: OutboxEntry[] = [];
  for (let at = 0; ; at += 1) {
    const entry = outbox.store.byRef(`${REF}${at}`).at(-1);
    if (entry === undefined) return entries;
    entries.push(entry);
  }
}

function firstNonce(entries: readonly OutboxEntry[]): number {
  return entries[0]?.nonce ?? 0;
}

async function untilSettled(ports: DeployPorts, signal: AbortSignal): Promise<void> {
  const { outbox, clock, log } = ports;
  for (let failures = 0; ; ) {
    const report = await outbox.flush(signal);
    for (const { kind, state } of report.settled) log.info(`${kind}: ${state}`);
    if (report.waiting === 0) return;
    failures = report.error === null && report.refused.length === 0 ? 0 : failures + 1;
    if (failures >= MAX_FAILED_ROUNDS) {
      if (report.error !== null) throw report.error;
      const reason = report.refused[0]?.reason ?? 'no reason given';
      throw new DeploymentError('refused', `the chain does not take the deployment: ${reason}`);
    }
    await clock.delay(POLL_MS, signal);
  }
}

/** What a deployment fixes; a continued one must be the same. */
function parametersOf(settings: OperatorSettings, { keys, chainId }: DeployPorts): string {
  return canonicalJson({
    chainId,
    owner: addressOf(keys.owner),
    dso: addressOf(keys.dso),
    calendar: settings.grid.calendar,
    minOfferWs: settings.grid.minOfferWs,
    minTradeWs: settings.grid.minTradeWs,
    offersPerAsset: settings.grid.offersPerAsset,
    feeders: settings.grid.feeders,
    tariff: settings.tariff,
    caps: [settings.caps.moneyMicroPerDay.toString(), settings.caps.feederPowerW],
    stake: settings.solver.stakeMicro.toString(),
    minGainWs: settings.solver.minGainWs,
    rewardMicroPerKwh: settings.solver.rewardMicroPerKwh,
  });
}

function checkSameSettings(settings: OperatorSettings, ports: DeployPorts): void {
  if (ports.books.facts.get(PARAMETERS) === parametersOf(settings, ports)) return;
  throw new DeploymentError(
    'changed',
    'a deployment was begun with other settings, keys or chain: go back to those to end it, ' +
      'or move the books away to begin anew',
  );
}

function deploymentOf(
  settings: OperatorSettings,
  { keys, chainId }: DeployPorts,
  contracts: GridFacts['contracts'],
): Omit<Deployment, 'deployedAtBlock' | 'maxTradesPerChunk'> {
  const { calendar, minOfferWs, minTradeWs, offersPerAsset, feeders } = settings.grid;
  return {
    format: 'transax-deployment-1',
    chainId,
    contracts,
    owner: addressOf(keys.owner),
    dso: addressOf(keys.dso),
    solver: addressOf(keys.solver),
    calendar,
    minOfferWs,
    minTradeWs,
    offersPerAsset,
    feeders,
    tariff: settings.tariff,
    stakeMicro: settings.solver.stakeMicro.toString(),
    minGainWs: settings.solver.minGainWs,
    rewardMicroPerKwh: settings.solver.rewardMicroPerKwh,
  };
}
