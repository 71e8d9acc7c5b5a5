/**
 * Proves that the books balance with the chain, at the last block that the books have read: every
 * grant, deposit and trade, both ways, each account, each countersignature. What is under way is
 * told apart from what is wrong.
 */
import type { MarketFeed } from '../../chain/follower.ts';
import { RpcError } from '../../chain/rpc-forms.ts';
import { checkAccounts } from './accounts.ts';
import type { BooksFacts } from './books-facts.ts';
import { type Finding, Findings } from './findings.ts';
import { checkGrants, type UnderWay } from './grants.ts';
import { factsOf, type LogFacts } from './log-facts.ts';
import { checkSigners, checkTotals, readTotals, type TotalsPorts } from './totals.ts';
import { checkPower, checkTrades } from './trades.ts';

export class AuditError extends Error {
  /**
   * `not-begun`: the DSO has read no block yet. `behind`: the endpoint does not have the block that
   * the books have read. `no-state`: it keeps no state of that block. `findings`: the audit found
   * something.
   */
  readonly code: 'not-begun' | 'behind' | 'no-state' | 'findings';
  constructor(code: AuditError['code'], message: string) {
    super(message);
    this.name = 'AuditError';
    this.code = code;
  }
}

export interface AuditReport {
  /** The last block that the books have read. */
  block: number;
  meters: number;
  withdrawals: number;
  assets: number;
  trades: number;
  readings: number;
  grantedMicro: bigint;
  depositedMicro: bigint;
  /** Granted, and not deposited. */
  outstandingMicro: bigint;
  underWay: UnderWay & { /** Final blocks that the books have not read yet. */ blocks: number };
  findings: Finding[];
}

export interface AuditPorts {
  /** From the deployment on. */
  feed: MarketFeed;
  /** Of the state at a block. */
  stateAt: (block: number) => TotalsPorts;
  /** Lower case: whose transactions are all in the books. */
  dso: string;
  /** Looks at the readings; by whom they may be countersigned. */
  readings: (signers: ReadonlySet<string>, findings: Findings) => number;
}

/** @throws AuditError, RpcError, FollowerError */
export async function audit(
  books: BooksFacts,
  ports: AuditPorts,
  signal: AbortSignal,
): Promise<AuditReport> {
  const block = books.followedBlock;
  if (block === null) {
    throw new AuditError('not-begun', 'the DSO has read no block yet: start it, and audit again');
  }
  const { events, head } = await ports.feed.poll(signal);
  if (head.number < block) {
    throw new AuditError(
      'behind',
      `the endpoint is at block ${head.number}, the books have read block ${block}: wait, or ` +
        'look at [chain] rpc',
    );
  }
  const log = factsOf(events.filter(({ blockNumber }) => blockNumber <= block));
  const signers = new Set([ports.dso, ...log.granters]);
  const own = [...signers].filter((address) => books.nextNonces.has(address));
  const chain = await stateOf(() => readTotals(ports.stateAt(block), log, own, signal), block);
  const findings = new Findings();
  const underWay = checkGrants(log, books, findings);
  checkAccounts(log, books, findings);
  checkTrades(log, books, findings);
  checkPower(books, findings);
  checkTotals(log, chain, findings);
  checkSigners(books, chain, findings);
  const readings = ports.readings(signers, findings);
  return {
    block,
    ...countsOf(log, books),
    readings,
    grantedMicro: chain.money.grantedMicro,
    depositedMicro: chain.money.depositedMicro,
    outstandingMicro: chain.balancesMicro + chain.insideMicro,
    underWay: { ...underWay, blocks: head.number - block },
    findings: findings.list,
  };
}

function countsOf(log: LogFacts, books: BooksFacts) {
  const { meters, withdrawals } = books;
  return {
    meters: meters.size,
    withdrawals: withdrawals.size,
    assets: log.assets.size,
    trades: log.trades.size,
  };
}

/** Nodes forget old states: what then is to be done is not to look for a fault. */
async function stateOf<T>(read: () => Promise<T>, block: number): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof RpcError) || error.code !== 'rejected') throw error;
    throw new AuditError(
      'no-state',
      `the endpoint keeps no state of block ${block} (${error.message}): let the DSO read the ` +
        'newest blocks and audit again, or name an endpoint that keeps all states',
    );
  }
}
