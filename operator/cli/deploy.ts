/** `transax-operator deploy`: keys where they are missing, the contracts, deployment.json. */

import type { ContractArtifact } from '../../chain/market-deployment.ts';
import { marketContractsFrom } from '../../chain/market-deployment.ts';
import { Books } from '../books/books.ts';
import type { OperatorSettings } from '../config.ts';
import { deploy } from '../deploy.ts';
import { DeploymentError, deploymentJson } from '../deployment.ts';
import type { OperatorHost } from '../host.ts';
import { type KeyRole, makeKey, readKey } from '../key-ring.ts';
import { addressOf } from '../keys.ts';
import { deployingPolicy } from '../signing-rules.ts';
import type { Command } from './command.ts';
import { openBooks, outboxOf, rpcOf, sayLab } from './context.ts';

export const deployCommand: Command = {
  words: ['deploy'],
  takes: '',
  summary: 'puts the market on the chain, writes deployment.json',
  read: () => runDeploy,
};

/** @throws DeploymentError, RpcError, FileError, SqlError */
export async function runDeploy(host: OperatorHost, settings: OperatorSettings): Promise<void> {
  const { log, files, signal } = host;
  const path = settings.files.deployment;
  if (files.exists(path)) {
    throw new DeploymentError(
      'exists',
      `${path} exists: the market is deployed. Move it and the books away to deploy another one`,
    );
  }
  sayLab(log, settings);
  const keys = {
    owner: await keyAt(host, settings, 'owner'),
    dso: await keyAt(host, settings, 'dso'),
    solver: await keyAt(host, settings, 'solver'),
  };
  const clock = await host.openClock(undefined, 'deploy');
  const rpc = rpcOf(host, settings, clock, 'owner');
  const chainId = await rpc.chainId(signal);
  const sql = await openBooks(host, settings, clock);
  try {
    const artifact = (name: string) => artifactOf(host, name);
    const owner = addressOf(keys.owner);
    const policy = deployingPolicy(chainId, () =>
      marketContractsFrom(owner, outbox.store.nextNonce(owner) ?? 0),
    );
    const outbox = outboxOf(sql, rpc, settings, chainId, { clock, log, policy });
    const books = new Books(sql);
    const ports = { books, outbox, rpc, chainId, clock, log, artifact, keys };
    const deployment = await deploy(settings, ports, signal);
    files.writeText(path, deploymentJson(deployment));
    host.print(path);
    log.info('the market is deployed', {
      chainId,
      matching: deployment.contracts.matching,
      owner,
      block: deployment.deployedAtBlock,
    });
  } finally {
    sql.close();
  }
}

function artifactOf(host: OperatorHost, name: string): ContractArtifact {
  let text: string;
  try {
    text = host.resources.text(`contracts/artifacts/${name}.json`);
  } catch {
    throw new DeploymentError('missing', 'the contracts are not compiled: npm run build:contracts');
  }
  return JSON.parse(text);
}

function keyAt(host: OperatorHost, settings: OperatorSettings, role: KeyRole): Promise<Uint8Array> {
  const make = host.files.exists(settings.keys[role]) ? readKey : makeKey;
  return make(host, settings, role);
}
