/** The grid file of a deployment, signed by the DSO: what meters pin. */
import {
  canonicalJson,
  type Endorsement,
  type GridFacts,
  type GridFile,
  hashGrid,
} from '../market/grid.ts';
import { termOf } from '../market/grid-json.ts';
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
  const first = factsOf(settings, deployment, { issue: 1, term: 1 });
  const facts = before === null ? first : nextIssue(before.facts, first);
  if (before !== null && facts.issue === before.facts.issue && isOfTerm(before, facts)) {
    return before;
  }
  const endorsements = isSameMarket(before, facts) ? before?.endorsements : undefined;
  const grid: GridFile = { facts, signature: signerOf(dsoKey)(hashGrid(facts)) };
  return endorsements === undefined ? grid : { ...grid, endorsements };
}

/**
 * The grid file of the next term, under another key of the DSO or another owner, and what its owner
 * has to sign for it.
 * @param before the file exported last
 * @param next whose keys the new term has
 */
export function nextTerm(
  settings: OperatorSettings,
  deployment: Deployment,
  before: GridFile,
  next: { dsoKey: Uint8Array; owner: string },
): { grid: GridFile; endorsement: Omit<Endorsement, 'signature'> } {
  const { dsoKey, owner } = next;
  const term = termOf(before.facts) + 1;
  const dso = addressOf(dsoKey);
  const changed = { ...deployment, dso, owner };
  const facts = factsOf(settings, changed, { issue: before.facts.issue + 1, term });
  const grid = { facts, signature: signerOf(dsoKey)(hashGrid(facts)) };
  return { grid, endorsement: { term, dso, owner } };
}

function isSameMarket(before: GridFile | null, facts: GridFacts): boolean {
  return before?.facts.contracts.matching === facts.contracts.matching;
}

function isOfTerm(before: GridFile, facts: GridFacts): boolean {
  return termOf(before.facts) === termOf(facts) && isSameMarket(before, facts);
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
  if (before.contracts.matching !== facts.contracts.matching) return facts;
  const same = { ...facts, issue: before.issue, term: termOf(before) };
  return canonicalJson(same) === canonicalJson(before)
    ? same
    : { ...same, issue: before.issue + 1 };
}

function factsOf(
  settings: OperatorSettings,
  deployment: Deployment,
  { issue, term }: { issue: number; term: number },
): GridFacts {
  const { chainId, contracts, deployedAtBlock, calendar } = deployment;
  const { minTradeWs, minOfferWs, offersPerAsset } = deployment;
  return {
    format: 'transax-grid-1',
    issue,
    term,
    owner: deployment.owner,
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
