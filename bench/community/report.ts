/**
 * The figures of `npm run bench:community`. A cost is the bill, the wear of the home's battery in
 * it; a saving is per cent of the cost without battery and without market.
 *
 * - `alone`: each home with its battery on self-consumption, at the supplier's prices.
 * - `expostSharing`: the same meters, netted in the community afterwards; no agent.
 * - `marketSingle`, `marketNetted`: agents with our forecast; what they deviate from their trades
 *   is paid singly at the supplier's prices, or netted in the community first.
 * - `centralOptimum`: the community as one meter, everything known in advance.
 * - In each the first case of its kind counts: netted, that of `--strategy`.
 * - `wayPercent`: how far from alone to the optimum the market with netting comes.
 * - `worstHomePercent`: of the home that gains least against being alone, with netting.
 */
import type { Community } from './data.ts';
import type { ForecastName } from './forecasts.ts';
import type { MarketRun } from './market.ts';
import type { Following } from './market-settings.ts';
import { type Bills, sumOf } from './rivals.ts';
import type { Settling } from './settlement.ts';

export interface MarketCase {
  forecast: ForecastName;
  settling: Settling;
  strategy: string;
  following: Following;
  run: MarketRun;
}

export interface Measured {
  community: Community;
  countedIntervals: number;
  withoutBattery: Bills;
  alone: Bills;
  expostSharing: Bills;
  optimumMicro: number;
  /** The first two: ours, singly and netted. */
  cases: readonly MarketCase[];
  seconds: number;
}

export const GOAL_WAY_PERCENT = 85;

export function reportOf(measured: Measured) {
  const { community, withoutBattery, alone, expostSharing, optimumMicro, cases } = measured;
  const total = sumOf(withoutBattery.costMicro);
  const aloneMicro = sumOf(alone.costMicro);
  const saving = (micro: number) => round(100 * (1 - micro / total));
  const way = (micro: number) => round((100 * (aloneMicro - micro)) / (aloneMicro - optimumMicro));
  const costOf = (settling: Settling) => caseOf(cases, 'ours', settling)?.run.costMicro ?? [];
  const netted = costOf('netted');
  const perfect = caseOf(cases, 'perfect', 'netted')?.run.costMicro ?? null;
  return {
    data: community.name,
    homes: community.homes.length,
    countedDays: round((measured.countedIntervals * community.intervalSeconds) / 86_400),
    costWithoutBattery: round(total / 1e6),
    savingPercent: {
      alone: saving(aloneMicro),
      expostSharing: saving(sumOf(expostSharing.costMicro)),
      marketSingle: saving(sumOf(costOf('single'))),
      marketNetted: saving(sumOf(netted)),
      centralOptimum: saving(optimumMicro),
    },
    wayPercent: way(sumOf(netted)),
    worstHomePercent: worst(netted, alone.costMicro),
    worstHomePercentSingle: worst(costOf('single'), alone.costMicro),
    cases: cases.map(({ run, ...named }) => ({
      ...named,
      savingPercent: saving(sumOf(run.costMicro)),
      wayPercent: way(sumOf(run.costMicro)),
      worstHomePercent: worst(run.costMicro, alone.costMicro),
      tradedKwh: kwh(run.tradedWs),
      offeredKwh: kwh(run.offeredWs),
      drawnKwh: kwh(run.drawnWs),
      fedInKwh: kwh(run.fedInWs),
    })),
    lost: perfect === null ? null : lostOf(sumOf(netted), sumOf(perfect), optimumMicro, total),
    homesInDetail: community.homes.map(({ name }, home) => ({
      name,
      aloneCost: round((alone.costMicro[home] ?? 0) / 1e6),
      marketCost: round((netted[home] ?? 0) / 1e6),
      forecastErrorCost:
        perfect === null ? null : round(((netted[home] ?? 0) - (perfect[home] ?? 0)) / 1e6),
    })),
    seconds: Math.round(measured.seconds),
  };
}

export type CommunityReport = ReturnType<typeof reportOf>;

export function sentencesOf(report: CommunityReport): string {
  const { savingPercent: saving, lost } = report;
  const told = (isReached: boolean) => (isReached ? 'reached' : 'missed');
  const row = (name: string, percent: number) => `${name.padEnd(28)}${percent.toFixed(2)} %`;
  return `${[
    `${report.data}: ${report.homes} homes, ${report.countedDays} days; ` +
      `${report.costWithoutBattery} without battery and market, ${report.seconds} s`,
    row('alone, self-consumption', saving.alone),
    row('shared afterwards', saving.expostSharing),
    row('market, singly settled', saving.marketSingle),
    row('market, netted', saving.marketNetted),
    row('central optimum', saving.centralOptimum),
    `way from alone to the optimum ${report.wayPercent} %, at least ${GOAL_WAY_PERCENT}: ${told(
      report.wayPercent >= GOAL_WAY_PERCENT,
    )}`,
    `home that gains least: ${report.worstHomePercent} % against alone: ${told(
      report.worstHomePercent >= 0,
    )}`,
    ...(lost === null
      ? []
      : [
          `lost: ${lost.forecastPercent} % by the forecast's error, ` +
            `${lost.marketPercent} % by the form of the market and a day of looking ahead`,
        ]),
    '',
    'forecast   settled  strategy    battery   saving %   way %   worst home %   traded kWh',
    ...report.cases.map((each) =>
      [
        each.forecast.padEnd(10),
        each.settling.padEnd(8),
        each.strategy.padEnd(11),
        each.following.padEnd(9),
        each.savingPercent.toFixed(2).padStart(8),
        each.wayPercent.toFixed(1).padStart(7),
        each.worstHomePercent.toFixed(2).padStart(14),
        String(each.tradedKwh).padStart(12),
      ].join(' '),
    ),
    '',
    'home                  alone   market   of it the forecast error',
    ...report.homesInDetail.map((home) =>
      [
        home.name.padEnd(18),
        home.aloneCost.toFixed(2).padStart(8),
        home.marketCost.toFixed(2).padStart(8),
        (home.forecastErrorCost?.toFixed(2) ?? '-').padStart(10),
      ].join(' '),
    ),
  ].join('\n')}\n`;
}

function caseOf(cases: readonly MarketCase[], forecast: ForecastName, settling: Settling) {
  return cases.find(
    (each) =>
      each.forecast === forecast && each.settling === settling && each.following === 'value',
  );
}

function lostOf(netted: number, perfect: number, optimum: number, total: number) {
  return {
    forecastPercent: round((100 * (netted - perfect)) / total),
    marketPercent: round((100 * (perfect - optimum)) / total),
  };
}

/** Saving of the home that gains least, per cent of what it pays alone. */
function worst(costs: readonly number[], alone: readonly number[]): number {
  return round(
    Math.min(
      ...costs.map((cost, home) => {
        const before = alone[home] ?? 0;
        return (100 * (before - cost)) / Math.max(1, Math.abs(before));
      }),
    ),
  );
}

function kwh(energyWs: number): number {
  return Math.round(energyWs / 3_600_000);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
