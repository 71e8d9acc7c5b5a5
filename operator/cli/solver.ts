/** `transax-operator solver`: clears the market, submits, finalizes, settles, until stopped. */
import { SigningKey } from 'ethers';
import { RpcSolverChain } from '../../solver/chain-reads.ts';
import { SolverLoop } from '../../solver/loop.ts';
import { solverPolicy } from '../../solver/signing-rules.ts';
import { SOLVER_MIGRATIONS } from '../books/schema.ts';
import type { OperatorSettings } from '../config.ts';
import type { OperatorHost } from '../host.ts';
import { readKey } from '../key-ring.ts';
import { addressOf } from '../keys.ts';
import type { Command } from './command.ts';
import { feedOf, loadDeployment, outboxOf, rpcOf, sayLab } from './context.ts';

export const solverCommand: Command = {
  words: ['solver'],
  takes: '',
  summary: 'clears the market, until stopped',
  read: () => runSolver,
};

/** @throws DeploymentError, FileError, SqlError, FollowerError */
export async function runSolver(host: OperatorHost, settings: OperatorSettings): Promise<void> {
  const { log, signal } = host;
  const deployment = loadDeployment(host, settings);
  const key = await readKey(host, settings, 'solver');
  const address = addressOf(key);
  if (address !== deployment.solver) {
    log.warn('this solver is not the one that the DSO grants a stake: it needs one of its own', {
      solver: address,
    });
  }
  sayLab(log, settings);
  const clock = await host.openClock(settings.lab.clock, 'solver');
  const sql = host.openSql(settings.files.solver, { migrations: SOLVER_MIGRATIONS });
  try {
    const rpc = rpcOf(host, settings, clock, 'solver');
    const { chainId, contracts, deployedAtBlock: fromBlock } = deployment;
    const policy = solverPolicy({ chainId, contracts, payout: settings.solver.payout });
    const loop = new SolverLoop(
      {
        contracts,
        calendar: deployment.calendar,
        minTradeWs: deployment.minTradeWs,
        minGainWs: deployment.minGainWs,
        maxTradesPerChunk: deployment.maxTradesPerChunk,
        stakeMicro: BigInt(deployment.stakeMicro),
        rewardMicroPerKwh: deployment.rewardMicroPerKwh,
        ...(settings.solver.payout === null ? {} : { payout: settings.solver.payout }),
        pollSeconds: settings.solver.pollMs / 1000,
        tieRule: { kind: 'earliest-deadline', second: settings.solver.secondTieRule },
      },
      {
        clock,
        log,
        feed: feedOf(host, settings, clock, { identity: 'solver', deployment, fromBlock }),
        outbox: outboxOf(sql, rpc, settings, chainId, { clock, log, policy }),
        chain: new RpcSolverChain(rpc, contracts),
        key: new SigningKey(key),
      },
    );
    log.info('the solver runs', { solver: address });
    await loop.run(signal);
    log.info('the solver ends', { ...loop.statistics });
  } finally {
    sql.close();
  }
}
