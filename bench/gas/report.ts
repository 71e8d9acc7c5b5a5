/** The figures of `npm run bench:gas`, beside goals and the old contract. */
import type { ClearedGas, SubmissionGas } from './measure.ts';

export interface RealGas {
  busiest: ClearedGas & { offers: number };
  window: ClearedGas & { offers: number };
}

export interface GasReport {
  grantGas: number;
  postGas: number;
  closeGas: number;
  submitGasPerTrade: Record<string, number>;
  submitGasPerTradeFirst: Record<string, number>;
  finalizeGasPerTrade: number;
  finalizeGasPerTradeSingle: number;
  settleGasPerTrade: number;
  clearedTradeGas: number;
  clearedTradeGasWithoutGrant: number;
  clearedTradeGasBatched: number;
  clearedTradeGasBatchedWithoutGrant: number;
  submitGasPerTradeReal?: { busiest: number; window: number };
  clearedTradeGasReal?: { busiest: number; window: number };
  publishedTransax: typeof PUBLISHED;
}

/**
 * The contract published with TRANSAX, measured under the Shanghai rules with its optimiser on: it
 * has neither grants, owners, prices nor money, and takes a transaction for each trade.
 */
const PUBLISHED = {
  postGas: 52_222,
  submitGasPerTrade: 118_074,
  finalizeGasPerTrade: 11_000,
  clearedTradeGasWithoutGrant: 182_000,
} as const;

const GOALS: readonly (readonly [what: string, of: (report: GasReport) => number, most: number])[] =
  [
    ['submit, a trade of 500', (r) => r.submitGasPerTrade['500'] ?? 0, 2_000],
    ['submit, a trade of 1000', (r) => r.submitGasPerTrade['1000'] ?? 0, 1_200],
    ['finalize, a trade', (r) => r.finalizeGasPerTrade, 4_000],
    ['cleared trade without grant', (r) => r.clearedTradeGasWithoutGrant, 75_000],
    ['cleared trade with grant', (r) => r.clearedTradeGas, 120_000],
    ['  in batches, without grant', (r) => r.clearedTradeGasBatchedWithoutGrant, 75_000],
    ['  in batches, with grant', (r) => r.clearedTradeGasBatched, 120_000],
  ];

export function reportOf(
  submissions: readonly SubmissionGas[],
  single: ClearedGas,
  batched: ClearedGas,
  real: RealGas | null,
): GasReport {
  const perTrade = (of: (one: SubmissionGas) => number) =>
    Object.fromEntries(submissions.map((one) => [one.trades, round(of(one) / one.trades)]));
  const thousand = submissions.find(({ trades }) => trades === 1000) ?? submissions[0];
  if (thousand === undefined) throw new RangeError('nothing was measured');
  const offers = single.trades + 1;
  return {
    grantGas: round(single.grantGas / offers),
    postGas: round(single.postGas / offers),
    closeGas: round((single.settleGas + single.closeGas) / offers),
    submitGasPerTrade: perTrade(({ submitGas }) => submitGas),
    submitGasPerTradeFirst: perTrade(({ firstSubmitGas }) => firstSubmitGas),
    finalizeGasPerTrade: round(thousand.finalizeGas / thousand.trades),
    finalizeGasPerTradeSingle: round(single.finalizeGas / single.trades),
    settleGasPerTrade: round(thousand.settleGas / thousand.trades),
    ...{ clearedTradeGas: cleared(single), clearedTradeGasWithoutGrant: withoutGrant(single) },
    clearedTradeGasBatched: cleared(batched),
    clearedTradeGasBatchedWithoutGrant: withoutGrant(batched),
    ...(real === null ? {} : realFigures(real)),
    publishedTransax: PUBLISHED,
  };
}

function realFigures({ busiest, window }: RealGas) {
  const each = (of: (gas: ClearedGas) => number) => ({ busiest: of(busiest), window: of(window) });
  return {
    submitGasPerTradeReal: each((gas) => round(gas.submitGas / gas.trades)),
    clearedTradeGasReal: each(cleared),
  };
}

function withoutGrant(gas: ClearedGas): number {
  const { postGas, submitGas, finalizeGas, settleGas, closeGas, trades } = gas;
  return round((postGas + submitGas + finalizeGas + settleGas + closeGas) / trades);
}

function cleared(gas: ClearedGas): number {
  return withoutGrant(gas) + round(gas.grantGas / gas.trades);
}

const round = Math.round;

export function sentencesOf(report: GasReport): string {
  const lines = GOALS.map(([what, of, most]) => {
    const gas = of(report);
    const told = gas <= most ? 'reached' : `missed, ${(gas / most).toFixed(2)} times`;
    return `${what.padEnd(30)} ${String(gas).padStart(8)} gas   goal ${most}: ${told}`;
  });
  const { publishedTransax: old, clearedTradeGasWithoutGrant: own } = report;
  const ratio = (old.clearedTradeGasWithoutGrant / own).toFixed(2);
  const others = Object.entries(report).filter(([name]) => name !== 'publishedTransax');
  return `${[
    ...lines,
    `the contract published with TRANSAX takes ${ratio} times as much a cleared trade`,
    '',
    ...others.map(([name, value]) => `${name.padEnd(36)} ${JSON.stringify(value)}`),
  ].join('\n')}\n`;
}
