/**
 * What the contracts hold at the block that the books have read to, against the log: granted less
 * deposited is at addresses and inside the market, to the last millionth and watt-second.
 */
import type { MarketReads } from '../../chain/reads.ts';
import type { BooksFacts } from './books-facts.ts';
import type { Findings } from './findings.ts';
import type { LogFacts } from './log-facts.ts';

export interface ChainTotals {
  money: { grantedMicro: bigint; depositedMicro: bigint };
  sell: { grantedWs: bigint; depositedWs: bigint };
  buy: { grantedWs: bigint; depositedWs: bigint };
  insideMicro: bigint;
  balancesMicro: bigint;
  assetCount: number;
  isPaused: boolean;
  /** Transactions that each address ever sent, by lower-case address. */
  nonces: Map<string, number>;
}

export interface TotalsPorts {
  reads: MarketReads;
  nonce: (address: string, signal: AbortSignal) => Promise<number>;
}

/** @param signers whose nonces are asked for. @throws RpcError */
export async function readTotals(
  { reads, nonce }: TotalsPorts,
  log: LogFacts,
  signers: Iterable<string>,
  signal: AbortSignal,
): Promise<ChainTotals> {
  const holders = new Set([...log.money, ...log.assets.values()].map(({ owner }) => owner));
  const balances = await reads.balancesMicro([...holders], signal);
  const nonces = new Map<string, number>();
  for (const address of signers) nonces.set(address, await nonce(address, signal));
  return {
    money: await reads.moneyTotals(signal),
    sell: await reads.energyTotals('sell', signal),
    buy: await reads.energyTotals('buy', signal),
    insideMicro: await reads.insideMicro(signal),
    balancesMicro: balances.reduce((sum, each) => sum + each, 0n),
    assetCount: await reads.assetCount(signal),
    isPaused: await reads.isPaused(signal),
    nonces,
  };
}

export function checkTotals(log: LogFacts, chain: ChainTotals, findings: Findings): void {
  const compare = (what: string, held: bigint, said: bigint) => {
    if (held === said) return;
    findings.add('wrong-totals', `${what}: the contracts say ${held}, the log ${said}`);
  };
  const sum = (list: readonly { amountMicro: bigint }[]) =>
    list.reduce((total, { amountMicro }) => total + amountMicro, 0n);
  compare('money granted, millionths', chain.money.grantedMicro, sum(log.money));
  compare('money deposited, millionths', chain.money.depositedMicro, sum(log.moneyDeposits));
  const { grantedMicro, depositedMicro } = chain.money;
  const outstanding = chain.balancesMicro + chain.insideMicro;
  if (grantedMicro - depositedMicro !== outstanding) {
    const wanted = `granted less deposited are ${grantedMicro - depositedMicro} millionths`;
    const found = `${chain.balancesMicro} at addresses and ${chain.insideMicro} in the market`;
    findings.add('wrong-totals', `${wanted}, and there are ${found}`);
  }
  for (const side of ['sell', 'buy'] as const) {
    const granted = [...log.assets.values()].filter((asset) => asset.side === side);
    const grantedWs = granted.reduce((total, { energyWs }) => total + energyWs, 0);
    const deposited = log.energyDeposits.filter(
      ({ assetId }) => log.assets.get(assetId)?.side === side,
    );
    const depositedWs = deposited.reduce((total, { energyWs }) => total + energyWs, 0);
    compare(`energy granted to ${side}, Ws`, chain[side].grantedWs, BigInt(grantedWs));
    compare(`energy deposited of ${side}, Ws`, chain[side].depositedWs, BigInt(depositedWs));
  }
  compare('assets', BigInt(chain.assetCount), BigInt(log.assets.size));
}

/** Nobody else signs with the keys of these books, and they were never set back. */
export function checkSigners(books: BooksFacts, chain: ChainTotals, findings: Findings): void {
  for (const [address, nonce] of chain.nonces) {
    const next = books.nextNonces.get(address) ?? 0;
    if (nonce <= next) continue;
    const text = `${address} sent ${nonce} transactions, these books signed ${next} of them`;
    findings.add('foreign-transaction', text);
  }
  for (const { state, hash, nonce, kind } of books.outbox.values()) {
    if (state !== 'replaced') continue;
    const text = `transaction ${hash} (${kind}) came to nothing: another has its nonce ${nonce}`;
    findings.add('lost-nonce', text);
  }
  if (books.isPausedOnChain !== chain.isPaused) {
    const [here, there] = [books.isPausedOnChain, chain.isPaused].map((is) =>
      is ? 'paused' : 'open',
    );
    findings.add('wrong-pause', `the market is ${here} in the books and ${there} in the contracts`);
  }
}
