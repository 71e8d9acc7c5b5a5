/**
 * Signs an order of the owner, and sends it: at once, or from a file that another machine signed.
 * The bytes lie in a file before they leave, and the same ones go again after a crash.
 */
import { MarketReads } from '../../chain/reads.ts';
import type { JsonRpc } from '../../chain/rpc.ts';
import { RpcError } from '../../chain/rpc-forms.ts';
import type { Clock } from '../../host/ports.ts';
import type { OperatorSettings } from '../config.ts';
import type { Deployment } from '../deployment.ts';
import type { OperatorHost } from '../host.ts';
import { readKey } from '../key-ring.ts';
import { addressOf } from '../keys.ts';
import {
  callsOf,
  isInForce,
  type OwnerOrder,
  OwnerOrderError,
  parseSignedOrder,
  type SignedOrder,
  sentenceOf,
  signCalls,
  signedOrderJson,
} from '../owner-orders.ts';
import { loadDeployment, rpcOf } from './context.ts';

const LOOK_MS = 300;
const WAIT_MS = 120_000;
const ORDER_MODE = 0o600;

export interface OrderPlace {
  /** The keystore that signs; null: that of the owner in the settings. */
  key: string | null;
  /** Where the signed order goes instead of to the chain; null: it is sent. */
  out: string | null;
  /** The first nonce; null: the chain is asked. */
  nonce: number | null;
}

/** @throws OwnerOrderError, RpcError, KeystoreError, FileError, DeploymentError */
export async function carryOutAsOwner(
  host: OperatorHost,
  settings: OperatorSettings,
  order: OwnerOrder,
  { key: path, out, nonce }: OrderPlace,
): Promise<void> {
  const deployment = loadDeployment(host, settings);
  const key = await readKey(host, settings, 'owner', path ?? settings.keys.owner);
  const from = addressOf(key);
  const says = sentenceOf(order, from);
  const sign = (first: number) =>
    signCalls(key, callsOf(order, deployment), deployment, { nonce: first, says });
  if (out !== null && nonce !== null) {
    // No chain is needed: this is the machine without a network.
    host.files.writeText(out, signedOrderJson(sign(nonce)), ORDER_MODE);
    host.print(out);
    return;
  }
  const { rpc, clock } = await chainOf(host, settings, deployment);
  const reads = new MarketReads(rpc, deployment.contracts);
  if (await isInForce(order, from, reads, host.signal)) {
    host.print(`${says} already`);
    return;
  }
  await checkMay(order, from, reads, host.signal);
  const kept = keptPath(settings);
  if (host.files.exists(kept)) await sendKept(host, settings, deployment, { rpc, clock });
  const signed = sign(nonce ?? (await rpc.nonce(from, 'pending', host.signal)));
  host.files.writeText(out ?? kept, signedOrderJson(signed), ORDER_MODE);
  if (out !== null) {
    host.print(out);
    return;
  }
  await sendKept(host, settings, deployment, { rpc, clock });
  host.print(says);
}

/** @throws OwnerOrderError, RpcError, FileError, DeploymentError */
export async function sendFile(
  host: OperatorHost,
  settings: OperatorSettings,
  path: string,
): Promise<void> {
  const deployment = loadDeployment(host, settings);
  const order = parseSignedOrder(host.files.readText(path), path, deployment);
  const { rpc, clock } = await chainOf(host, settings, deployment);
  await send(host, settings, order, { rpc, clock });
  host.print(order.says);
}

/** An order that was cut off is ended first: the same bytes go again. */
async function sendKept(
  host: OperatorHost,
  settings: OperatorSettings,
  deployment: Deployment,
  ports: { rpc: JsonRpc; clock: Clock },
): Promise<void> {
  const path = keptPath(settings);
  const order = parseSignedOrder(host.files.readText(path), path, deployment);
  try {
    await send(host, settings, order, ports);
  } catch (error) {
    const isOver = error instanceof OwnerOrderError && ['refused', 'replaced'].includes(error.code);
    if (isOver) host.folders.remove(path);
    throw error;
  }
  host.folders.remove(path);
}

function keptPath({ files }: OperatorSettings): string {
  return `${files.deployment}.order`;
}

async function chainOf(host: OperatorHost, settings: OperatorSettings, deployment: Deployment) {
  const clock = await host.openClock(undefined, 'owner');
  const rpc = rpcOf(host, settings, clock, 'owner');
  const chainId = await rpc.chainId(host.signal);
  if (chainId !== deployment.chainId) {
    const message = `the endpoint serves chain ${chainId}, the market is on ${deployment.chainId}`;
    throw new OwnerOrderError('other-chain', message);
  }
  return { rpc, clock };
}

/** Told before anything is signed: the contract would say no. */
async function checkMay(
  order: OwnerOrder,
  from: string,
  reads: MarketReads,
  signal: AbortSignal,
): Promise<void> {
  const isAccepting = order.kind === 'accept-owner';
  const may = isAccepting ? await reads.proposedOwner(signal) : await reads.owner(signal);
  if (may === from.toLowerCase()) return;
  throw new OwnerOrderError(
    'not-owner',
    isAccepting
      ? `${from} was not proposed as owner: roles propose-owner comes first`
      : `the key is that of ${from}, the owner is ${may}: check [keys] owner, or --key`,
  );
}

/** One after the other, each in a final block before the next. */
async function send(
  host: OperatorHost,
  settings: OperatorSettings,
  order: SignedOrder,
  { rpc, clock }: { rpc: JsonRpc; clock: Clock },
): Promise<void> {
  const { signal } = host;
  const endsAt = clock.monotonicMs() + WAIT_MS;
  for (const { hash, raw, nonce } of order.transactions) {
    for (;;) {
      const receipt = await rpc.receipt(hash, signal);
      if (receipt !== null && !receipt.isSuccess) {
        throw new OwnerOrderError('refused', `the contract refused it: ${order.says}`);
      }
      const { number } = await rpc.finalBlock(settings.chain.finality, signal);
      if (receipt !== null && receipt.blockNumber <= number) break;
      if (receipt === null) await sendOnce(rpc, { order, nonce, raw, hash }, signal);
      if (clock.monotonicMs() >= endsAt) {
        const message = `sent, and in no final block yet: send it again later (${order.says})`;
        throw new OwnerOrderError('waiting', message);
      }
      await clock.delay(LOOK_MS, signal);
    }
  }
}

async function sendOnce(
  rpc: JsonRpc,
  { order, nonce, raw, hash }: { order: SignedOrder; nonce: number; raw: string; hash: string },
  signal: AbortSignal,
): Promise<void> {
  const used = await rpc.nonce(order.from, 'latest', signal);
  if (used > nonce && (await rpc.receipt(hash, signal)) === null) {
    const message = `nonce ${nonce} of ${order.from} was used by another transaction: sign it anew`;
    throw new OwnerOrderError('replaced', message);
  }
  try {
    await rpc.sendRaw(raw, signal);
  } catch (error) {
    // "already known" is said in other words by each client: what counts is whether it is.
    if (!(error instanceof RpcError) || error.isEndpointsFault) throw error;
    if (!(await rpc.isKnownTransaction(hash, signal))) throw error;
  }
}
