/** What a run of the benchmark says. */
import type { ClearingInput, TieRule } from '../../solver/clearing/input.ts';
import { sharesOf } from './fills.ts';
import { type MarketSize, WINDOW_INTERVALS } from './market.ts';
import type { Measured, Taken } from './measure.ts';

export interface Run {
  size: MarketSize;
  tieRule: TieRule;
  market: ClearingInput;
  clearing: Measured;
  pairwise: (Taken & { energyWs: number }) | null;
}

export type Report = ReturnType<typeof reportOf>;

export function reportOf({ size, tieRule, market, clearing, pairwise }: Run) {
  const { result, seconds, cpuSeconds, maxRssMiB } = clearing;
  const { lowestFill, jainIndex } = sharesOf(market, result);
  return {
    ...size,
    offers: market.offers.length,
    horizon: WINDOW_INTERVALS + 1,
    tieRule: tieRule.kind === 'arbitrary' ? tieRule.kind : (tieRule.second ?? 'welfare'),
    energyWs: result.energyWs,
    upperBoundWs: result.upperBoundWs,
    welfare: Number(result.objective.welfare),
    lowestFill,
    jainIndex,
    method: result.method,
    trades: result.chunks.reduce((sum, { trades }) => sum + trades.length, 0),
    seconds,
    cpuSeconds,
    maxRssMiB,
    pairwiseSeconds: pairwise?.seconds ?? null,
    pairwiseCpuSeconds: pairwise?.cpuSeconds ?? null,
    pairwiseEnergyWs: pairwise?.energyWs ?? null,
  };
}

export function sentencesOf(report: Report): string {
  const kwh = (energyWs: number) => `${(energyWs / 3_600_000).toFixed(1)} kWh`;
  const gap = 1 - report.energyWs / Math.max(1, report.upperBoundWs);
  const cpu = report.cpuSeconds.toFixed(3);
  const lines = [
    `${report.homes} homes, ${report.producers} of them prosumers, ${report.offers} offers,` +
      ` L = ${report.horizon}, prices ${report.prices}, seed ${report.seed}`,
    `${kwh(report.energyWs)} in ${report.trades} trades, ` +
      (gap <= 0
        ? `proven optimal (${report.method})`
        : `at most ${(100 * gap).toFixed(3)} % below the optimum (${report.method})`),
    `${report.seconds.toFixed(3)} s (CPU ${cpu} s), ${report.maxRssMiB} MiB`,
  ];
  if (report.pairwiseSeconds !== null && report.pairwiseEnergyWs !== null) {
    const times = report.pairwiseSeconds / report.seconds;
    lines.push(
      `pairwise linear program: ${kwh(report.pairwiseEnergyWs)},` +
        ` ${report.pairwiseSeconds.toFixed(3)} s, ${times.toFixed(0)} times as long`,
    );
  }
  return `${lines.join('\n')}\n`;
}
