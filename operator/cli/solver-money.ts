/**
 * `transax-operator solver admit|claim`: a solver gets its stake from the DSO, and collects its
 * rewards.
 */
import { SigningKey } from 'ethers';
import { CLAIMED_AT_ONCE, claimRewardsCall } from '../../chain/calls.ts';
import { LogFollower, pollToHead } from '../../chain/follower.ts';
import { MarketReads } from '../../chain/reads.ts';
import { type Sql, SqlError } from '../../host/ports.ts';
import { RpcSolverChain } from '../../solver/chain-reads.ts';
import { claimOf } from '../../solver/claiming.ts';
import { RewardTrail } from '../../solver/reward-trail.ts';
import { solverPolicy } from '../../solver/signing-rules.ts';
import { amountText } from '../amount-text.ts';
import { SOLVER_MIGRATIONS } from '../books/schema.ts';
import type { OperatorSettings } from '../config.ts';
import type { Deployment } from '../deployment.ts';
import { OrderError } from '../dso/orders.ts';
import type { OperatorHost } from '../host.ts';
import { readKey } from '../key-ring.ts';
import { addressOf } from '../keys.ts';
import { addressOf as addressText, amountOf, type Command } from './command.ts';
import { loadDeployment, outboxOf, rpcOf } from './context.ts';
import { carryOut, untilTrue } from './orders.ts';

/** Not the one of the running solver: this command decides by itself when to collect. */
const CLAIM = 'claim by command';

export const solverAdmit: Command = {
  words: ['solver', 'admit'],
  takes: 'ADDRESS [--stake AMOUNT] [--payout ADDRESS]',
  summary: 'gives a solver its stake, and lets the other address be paid',
  options: ['stake', 'payout'],
  needs: ['the address of a solver'],
  read: ({ positionals: [solver = ''], options: { stake, payout } }) => {
    const terms = {
      solver: addressText(solver, 'the address of solver admit'),
      stakeMicro: stake === undefined ? null : amountOf(stake, '--stake'),
      payout: payout === undefined ? null : addressText(payout, '--payout'),
    };
    return (host, settings) => runSolverAdmit(host, settings, terms);
  },
};

export const solverClaim: Command = {
  words: ['solver', 'claim'],
  takes: '[--to ADDRESS]',
  summary: 'collects what this solver has earned',
  options: ['to'],
  read: ({ options }) => {
    const to = options.to === undefined ? null : addressText(options.to, '--to');
    return (host, settings) => runSolverClaim(host, settings, to);
  },
};

export interface AdmitTerms {
  /** With its checksum. */
  solver: string;
  /** Null: the least stake. */
  stakeMicro: bigint | null;
  /** Null: the solver's own address. */
  payout: string | null;
}

/**
 * An address is given its stake once: a repetition changes nothing.
 * @throws OrderError, RpcError, OutboxError, SqlError, FileError, DeploymentError
 */
export async function runSolverAdmit(
  host: OperatorHost,
  settings: OperatorSettings,
  terms: AdmitTerms,
): Promise<void> {
  const { solver, payout } = terms;
  const deployment = loadDeployment(host, settings);
  const leastMicro = BigInt(deployment.stakeMicro);
  const stakeMicro = terms.stakeMicro ?? leastMicro;
  if (stakeMicro < leastMicro) {
    throw new OrderError(
      'too-little',
      `a stake of ${amountText(stakeMicro)} admits nobody: the least is ${amountText(leastMicro)}`,
    );
  }
  const { matching } = deployment.contracts;
  const clock = await host.openClock(undefined, 'admit');
  const reads = new MarketReads(rpcOf(host, settings, clock, 'dso'), deployment.contracts);
  for (const address of [solver, payout ?? solver]) {
    const market = await reads.marketOf(address, host.signal);
    if (market !== null && market !== matching.toLowerCase()) {
      throw new OrderError('other-market', `${address} belongs to another market, ${market}`);
    }
  }
  await carryOut(host, settings, deployment, { kind: 'admit', solver, stakeMicro, payout });
  host.print(`${solver} has its stake; its rewards can go to ${payout ?? solver}`);
}

/**
 * @param to where the rewards go; null: `[solver] payout`, or the solver's own address
 * @throws OrderError, RpcError, OutboxError, FollowerError, SqlError, FileError, DeploymentError
 */
export async function runSolverClaim(
  host: OperatorHost,
  settings: OperatorSettings,
  to: string | null,
): Promise<void> {
  const deployment = loadDeployment(host, settings);
  const key = await readKey(host, settings, 'solver');
  const payout = to ?? settings.solver.payout ?? addressOf(key);
  const sql = openSolverSql(host, settings);
  try {
    const amountMicro = await claim(host, settings, { deployment, key, payout, sql });
    host.print(
      amountMicro === 0n
        ? 'there is nothing to collect'
        : `${amountText(amountMicro)} went to ${payout}`,
    );
  } finally {
    sql.close();
  }
}

/** Its nonces are in there: only one process at a time may sign for this solver. */
function openSolverSql(host: OperatorHost, settings: OperatorSettings): Sql {
  const { solver: path } = settings.files;
  try {
    return host.openSql(path, { migrations: SOLVER_MIGRATIONS });
  } catch (error) {
    if (!(error instanceof SqlError) || error.code !== 'locked') throw error;
    const hint = 'it collects by itself with [solver] payout; or stop it first';
    throw new SqlError(path, 'locked', `${path} is in use: the solver runs; ${hint}`, error);
  }
}

interface ClaimParts {
  deployment: Deployment;
  key: Uint8Array;
  payout: string;
  sql: Sql;
}

/** @returns what was collected, millionths */
async function claim(
  host: OperatorHost,
  settings: OperatorSettings,
  { deployment, key, payout, sql }: ClaimParts,
): Promise<bigint> {
  const { log, signal } = host;
  const { chainId, contracts, deployedAtBlock: fromBlock } = deployment;
  const { finality } = settings.chain;
  const clock = await host.openClock(undefined, 'claim');
  const rpc = rpcOf(host, settings, clock, 'solver');
  const chain = new RpcSolverChain(rpc, contracts);
  if ((await chain.marketOf(payout, signal)) !== contracts.matching.toLowerCase()) {
    throw new OrderError(
      'other-market',
      `${payout} cannot hold money of this market: the DSO has to admit it, see solver admit`,
    );
  }
  const address = addressOf(key).toLowerCase();
  const trail = new RewardTrail(address);
  const feed = new LogFollower({ rpc, chainId, contracts, fromBlock, finality, log });
  await pollToHead(feed, signal, (event) => trail.observe(event));
  const { intervals, amountMicro } = await claimOf(trail, chain, address, signal);
  const policy = solverPolicy({ chainId, contracts, payout });
  const outbox = outboxOf(sql, rpc, settings, chainId, { clock, log, policy });
  await outbox.seed(address, signal);
  const hashes: string[] = [];
  for (let from = 0; from < intervals.length; from += CLAIMED_AT_ONCE) {
    const part = intervals.slice(from, from + CLAIMED_AT_ONCE);
    const call = claimRewardsCall(contracts, part, payout);
    hashes.push(outbox.enqueue(new SigningKey(key), call, CLAIM).hash);
  }
  await untilTrue(clock, signal, async () => {
    await outbox.flush(signal);
    const entries = hashes.map((hash) => outbox.store.find(hash));
    const refused = entries.find((entry) => entry?.state === 'reverted');
    if (refused) throw new OrderError('refused', `the chain refused the claim: ${refused.reason}`);
    return entries.every((entry) => entry?.state === 'mined');
  });
  return amountMicro;
}
