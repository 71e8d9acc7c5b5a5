/** The grid file of a deployment, signed by the DSO: what meters pin. */
import { canonicalJson, type GridFacts, type GridFile, hashGrid } from '../market/grid.ts';
import type { OperatorSettings } from './config.ts';
import { type Deployment, DeploymentError } from './deployment.ts';
import { addressOf, signerOf } from './keys.ts';

/**
 * The same facts give the same file; a change gives the next issue, which meters take in the place
 * of the pinned one.
 * @param before the file exported last, null for the first
 * @throws DeploymentError 'keys' when the key is not the DSO's of the deployment
 */
export function exportGrid(
  settings: OperatorSettings,
  deployment: Deployment,
  dsoKey: Uint8Array,
  before: GridFile | null,
): GridFile {
  checkDsoKey(deployment, dsoKey);
  const first = factsOf(settings, deployment, 1);
  const facts = before === null ? first : nextIssue(before.facts, first);
  if (before !== null && facts.issue === before.facts.issue) return before;
  return { facts, signature: signerOf(dsoKey)(hashGrid(facts)) };
}

/** @throws DeploymentError 'keys' */
export function checkDsoKey(deployment: Deployment, dsoKey: Uint8Array): void {
  if (addressOf(dsoKey) === deployment.dso) return;
  throw new DeploymentError(
    'keys',
    `the dso key is that of ${addressOf(dsoKey)}, the market was deployed for ${deployment.dso}: ` +
      'check [keys] dso',
  );
}

function nextIssue(before: GridFacts, facts: GridFacts): GridFacts {
  // A file of an earlier deployment does not count: nobody may take the new one in its place.
  const isSameMarket = before.contracts.matching === facts.contracts.matching;
  if (!isSameMarket) return facts;
  const same = { ...facts, issue: before.issue };
  return canonicalJson(same) === canonicalJson(before)
    ? same
    : { ...facts, issue: before.issue + 1 };
}

function factsOf(settings: OperatorSettings, deployment: Deployment, issue: number): GridFacts {
  const { chainId, contracts, deployedAtBlock, calendar } = deployment;
  const { minTradeWs, minOfferWs, offersPerAsset } = deployment;
  return {
    format: 'transax-grid-1',
    issue,
    name: settings.grid.name,
    chainId,
    contracts,
    deployedAtBlock,
    finality: settings.chain.finality,
    rpc: settings.chain.metersRpc,
    dso: { url: settings.dso.url, address: deployment.dso },
    calendar,
    minTradeWs,
    minOfferWs,
    offersPerAsset,
    tariffZone: settings.grid.tariffZone,
  };
}
