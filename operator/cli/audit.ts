/**
 * `transax-operator audit`: whether the books balance with the chain. It reads the books beside a
 * running DSO, and changes nothing.
 */
import { LogFollower } from '../../chain/follower.ts';
import { MarketReads } from '../../chain/reads.ts';
import { parseQuantity } from '../../chain/rpc-forms.ts';
import { domainOf } from '../../market/grid-json.ts';
import { intervalAt } from '../../market/intervals.ts';
import { amountText } from '../amount-text.ts';
import { AuditError, type AuditPorts, type AuditReport, audit } from '../audit/audit.ts';
import { readBooks } from '../audit/books-facts.ts';
import { checkReadings } from '../audit/readings.ts';
import type { OperatorSettings } from '../config.ts';
import type { OperatorHost } from '../host.ts';
import { lookAtBooks } from './books-link.ts';
import { type Command, numberOf } from './command.ts';
import { loadDeployment, loadGrid, rpcOf } from './context.ts';

const DAY_SECONDS = 86_400;

export const auditCommand: Command = {
  words: ['audit'],
  takes: '[--days N] [--json]',
  summary: 'proves that the books balance with the chain; 1: it found something',
  options: ['days', 'json'],
  read: ({ options }) => {
    const days = options.days === undefined ? null : numberOf(options.days, '--days');
    return (host, settings) => runAudit(host, settings, days, options.json === true);
  },
};

/**
 * @param days of readings only; null: all of them
 * @throws AuditError, DeploymentError, RpcError, FollowerError, SqlError
 */
export async function runAudit(
  host: OperatorHost,
  settings: OperatorSettings,
  days: number | null,
  isJson: boolean,
): Promise<void> {
  const report = await reportOf(host, settings, days);
  const { findings } = report;
  if (isJson) {
    host.print(
      JSON.stringify(report, (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
    );
  } else {
    for (const line of linesOf(report)) host.print(line);
  }
  if (findings.length === 0) return;
  throw new AuditError('findings', `the books do not balance: ${findings.length} findings`);
}

async function reportOf(
  host: OperatorHost,
  settings: OperatorSettings,
  days: number | null,
): Promise<AuditReport> {
  const { log, signal } = host;
  const deployment = loadDeployment(host, settings);
  const { facts } = loadGrid(host, settings, deployment);
  const { chainId, contracts, calendar, deployedAtBlock: fromBlock } = deployment;
  const { books, now } = await lookAtBooks(host, settings, (sql, clock) => ({
    books: readBooks(sql),
    now: clock.now() / 1000,
  }));
  const since = days === null ? 0 : intervalAt(calendar, now - days * DAY_SECONDS);
  const clock = await host.openClock(undefined, 'audit');
  const rpc = rpcOf(host, settings, clock, 'audit');
  const { finality } = settings.chain;
  const ports: Omit<AuditPorts, 'readings'> = {
    feed: new LogFollower({ rpc, chainId, contracts, fromBlock, finality, log }),
    dso: deployment.dso.toLowerCase(),
    stateAt: (block) => ({
      reads: new MarketReads(rpc, contracts, block),
      nonce: async (address, aborted) => {
        const params = [address, `0x${block.toString(16)}`];
        const answer = await rpc.call('eth_getTransactionCount', params, aborted);
        return parseQuantity(answer, 'eth_getTransactionCount');
      },
    }),
  };
  // Readings are signed once and never changed: another look later sees the same ones.
  const sql = host.openSql(settings.files.books, { readOnly: true });
  try {
    const readings: AuditPorts['readings'] = (signers, findings) =>
      checkReadings(sql, domainOf(facts), signers, since, findings);
    return await audit(books, { ...ports, readings }, signal);
  } finally {
    sql.close();
  }
}

function linesOf(report: AuditReport): string[] {
  const { block, meters, withdrawals, assets, trades, readings, underWay, findings } = report;
  const ways: [number, string][] = [
    [underWay.unsigned, 'withdrawals accepted, not signed yet'],
    [underWay.signed, 'withdrawals signed, in no final block yet'],
    [underWay.unclaimed, 'addresses granted to after the backup, not claimed by their meters yet'],
    [underWay.toFail, 'withdrawals refused by the contract, not booked back yet'],
    [underWay.blocks, 'final blocks that the books have not read yet'],
  ];
  return [
    `read to block ${block}: ${meters} meters, ${withdrawals} withdrawals, ${assets} grants of ` +
      `energy, ${trades} final trades, ${readings} readings`,
    `money: ${amountText(report.grantedMicro)} granted, ${amountText(report.depositedMicro)} ` +
      `deposited, ${amountText(report.outstandingMicro)} outstanding`,
    ...ways.filter(([count]) => count > 0).map(([count, what]) => `under way: ${count} ${what}`),
    ...findings.map(({ code, sentence, remedy }) => `${code}: ${sentence}. ${remedy}`),
    ...(findings.length === 0 ? ['the books balance with the chain'] : []),
  ];
}
