/**
 * `transax-operator rewards fund|show`: fills the pot that solvers are paid from, and tells what
 * each has earned. Showing needs the deployment and the chain alone, so anyone can.
 */
import { hexlify } from 'ethers';
import { LogFollower, pollToHead } from '../../chain/follower.ts';
import { MarketReads } from '../../chain/reads.ts';
import { RpcSolverChain } from '../../solver/chain-reads.ts';
import { claimOf } from '../../solver/claiming.ts';
import { RewardTrail } from '../../solver/reward-trail.ts';
import { amountText } from '../amount-text.ts';
import type { OperatorSettings } from '../config.ts';
import type { OperatorHost } from '../host.ts';
import { amountOf, type Command } from './command.ts';
import { loadDeployment, rpcOf } from './context.ts';
import { carryOut } from './orders.ts';

const ID_BYTES = 8;

export const rewardsFund: Command = {
  words: ['rewards', 'fund'],
  takes: 'AMOUNT',
  summary: 'fills the pot that solvers are paid from',
  needs: ['an amount'],
  read: ({ positionals: [text = ''] }) => {
    const amountMicro = amountOf(text, 'the amount of rewards fund');
    return (host, settings) => runRewardsFund(host, settings, amountMicro);
  },
};

export const rewardsShow: Command = {
  words: ['rewards', 'show'],
  takes: '[--json]',
  summary: 'the pot, and what each solver has earned',
  options: ['json'],
  read: ({ options }) => {
    const isJson = options.json === true;
    return (host, settings) => runRewardsShow(host, settings, isJson);
  },
};

/**
 * What the DSO's address holds already, because an earlier attempt was cut off, is used first.
 * @throws OrderError, RpcError, OutboxError, SqlError, FileError, DeploymentError
 */
export async function runRewardsFund(
  host: OperatorHost,
  settings: OperatorSettings,
  amountMicro: bigint,
): Promise<void> {
  const deployment = loadDeployment(host, settings);
  if (deployment.rewardMicroPerKwh === 0) {
    host.log.warn('this market was deployed without rewards: what is in the pot stays there');
  }
  const clock = await host.openClock(undefined, 'rewards');
  const reads = new MarketReads(rpcOf(host, settings, clock, 'dso'), deployment.contracts);
  const heldMicro = await reads.balanceMicro(deployment.dso, host.signal);
  const grantMicro = amountMicro > heldMicro ? amountMicro - heldMicro : 0n;
  const id = hexlify(host.random.bytes(ID_BYTES)).slice(2);
  await carryOut(host, settings, deployment, { kind: 'fund', id, amountMicro, grantMicro });
  host.print(`${amountText(amountMicro)} went into the reward pot`);
}

/** Of one solver; amounts in millionths. */
interface Earnings {
  solver: string;
  stakeMicro: bigint;
  earnedMicro: bigint;
  /** Of that, what is not collected yet. */
  claimableMicro: bigint;
}

/** @throws DeploymentError, RpcError, FollowerError */
export async function runRewardsShow(
  host: OperatorHost,
  settings: OperatorSettings,
  isJson: boolean,
): Promise<void> {
  const { log, signal } = host;
  const deployment = loadDeployment(host, settings);
  const { chainId, contracts, deployedAtBlock: fromBlock, rewardMicroPerKwh } = deployment;
  const clock = await host.openClock(undefined, 'rewards');
  const rpc = rpcOf(host, settings, clock, 'rewards');
  const { finality } = settings.chain;
  const feed = new LogFollower({ rpc, chainId, contracts, fromBlock, finality, log });
  const trail = new RewardTrail();
  await pollToHead(feed, signal, (event) => trail.observe(event));
  const chain = new RpcSolverChain(rpc, contracts);
  const potMicro = await new MarketReads(rpc, contracts).rewardPotMicro(signal);
  const solvers: Earnings[] = [];
  for (const solver of trail.solvers()) {
    const { amountMicro: claimableMicro } = await claimOf(trail, chain, solver, signal);
    const stakeMicro = await chain.stakeMicro(solver, signal);
    const earnedMicro = trail.paidMicro(solver) + claimableMicro;
    solvers.push({ solver, stakeMicro, earnedMicro, claimableMicro });
  }
  if (isJson) {
    const facts = { potMicro, rewardMicroPerKwh, solvers };
    host.print(
      JSON.stringify(facts, (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
    );
    return;
  }
  host.print(`pot  ${amountText(potMicro)}`);
  for (const { solver, earnedMicro, claimableMicro } of solvers) {
    const texts = [`earned ${amountText(earnedMicro)}`, `to collect ${amountText(claimableMicro)}`];
    host.print([solver, ...texts].join('  '));
  }
}
