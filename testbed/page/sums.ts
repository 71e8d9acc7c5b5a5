/** Totals of a run, interval by interval, so that intervals which leave the plots stay counted. */
import { brokenOf } from '../../market/broken-trades.ts';
import {
  type Column,
  netEnergyWs,
  type RecordedFeeder,
  type RecordedRun,
  sumOverHomes,
} from './facts.ts';
import type { TradeState } from './state.ts';

const WS_PER_KWH = 3_600_000;

/** How well a home kept its trades so far, Ws. */
export interface Keeping {
  brokenWs: number;
  tradedWs: number;
}

export interface Sums {
  endedIntervals: number;
  finalizedIntervals: number;
  trades: number;
  tradedEnergyWs: number;
  importedEnergyWs: number;
  exportedEnergyWs: number;
  coveredEnergyWs: number;
  savedMicro: number;
  limitViolations: number;
  physicalOverloads: number;
  homes: Map<string, Keeping>;
}

export function noSums(): Sums {
  return {
    endedIntervals: 0,
    finalizedIntervals: 0,
    trades: 0,
    tradedEnergyWs: 0,
    importedEnergyWs: 0,
    exportedEnergyWs: 0,
    coveredEnergyWs: 0,
    savedMicro: 0,
    limitViolations: 0,
    physicalOverloads: 0,
    homes: new Map(),
  };
}

/** Adds `part` to `total`. */
export function addSums(total: Sums, part: Sums): void {
  for (const [id, keeping] of part.homes) {
    const before = total.homes.get(id);
    total.homes.set(id, {
      brokenWs: keeping.brokenWs + (before?.brokenWs ?? 0),
      tradedWs: keeping.tradedWs + (before?.tradedWs ?? 0),
    });
  }
  total.endedIntervals += part.endedIntervals;
  total.finalizedIntervals += part.finalizedIntervals;
  total.trades += part.trades;
  total.tradedEnergyWs += part.tradedEnergyWs;
  total.importedEnergyWs += part.importedEnergyWs;
  total.exportedEnergyWs += part.exportedEnergyWs;
  total.coveredEnergyWs += part.coveredEnergyWs;
  total.savedMicro += part.savedMicro;
  total.limitViolations += part.limitViolations;
  total.physicalOverloads += part.physicalOverloads;
}

/** The sums of one interval. */
export function sumsOf(column: Column, run: RecordedRun): Sums {
  const trades = column.trades ?? [];
  const sums = noSums();
  const boughtWs = energyBy(trades, 'buyer');
  const soldWs = energyBy(trades, 'seller');
  const homes = new Map<string, Keeping>();
  for (const home of run.homes) {
    const cell = column.cells.get(home.id);
    const keeping: Keeping = { brokenWs: 0, tradedWs: 0 };
    if (cell?.reading) {
      const { importedWs, exportedWs } = cell.reading;
      sums.importedEnergyWs += importedWs;
      sums.exportedEnergyWs += exportedWs;
      sums.coveredEnergyWs += Math.min(importedWs, boughtWs.get(home.id) ?? 0);
      if (cell.schedule) {
        const committedWs = cell.schedule.committedW * run.intervalSeconds;
        keeping.brokenWs = brokenOf(committedWs, importedWs - exportedWs);
        keeping.tradedWs = Math.abs(committedWs);
      }
    }
    homes.set(home.id, keeping);
  }
  return {
    ...sums,
    endedIntervals: sumOverHomes(column, run.homes, netEnergyWs) === null ? 0 : 1,
    finalizedIntervals: column.trades ? 1 : 0,
    trades: trades.length,
    tradedEnergyWs: trades.reduce((sum, trade) => sum + trade.energyWs, 0),
    savedMicro: savedMicro(column, run),
    ...overloadsOf(column, run, soldWs, boughtWs),
    homes,
  };
}

/** Broken of what was traded, %; null before the first trade. */
export function errorPercent(keepings: Iterable<Keeping>): number | null {
  let broken = 0;
  let traded = 0;
  for (const keeping of keepings) {
    broken += keeping.brokenWs;
    traded += keeping.tradedWs;
  }
  return traded > 0 ? (100 * broken) / traded : null;
}

function overloadsOf(
  column: Column,
  run: RecordedRun,
  soldWs: ReadonlyMap<string, number>,
  boughtWs: ReadonlyMap<string, number>,
): Pick<Sums, 'limitViolations' | 'physicalOverloads'> {
  let limitViolations = 0;
  let physicalOverloads = 0;
  for (const feeder of run.feeders) {
    const homes = run.homes.filter((home) => home.feeder === feeder.id);
    const sum = (by: ReadonlyMap<string, number>) =>
      homes.reduce((total, home) => total + (by.get(home.id) ?? 0), 0) / run.intervalSeconds;
    if (exceeds(feeder, sum(soldWs), sum(boughtWs))) limitViolations++;
    const meteredWs = sumOverHomes(column, homes, netEnergyWs);
    const meteredW = Math.abs(meteredWs ?? 0) / run.intervalSeconds;
    if (meteredW > feeder.externalLimitW) physicalOverloads++;
  }
  return { limitViolations, physicalOverloads };
}

function exceeds(feeder: RecordedFeeder, soldW: number, boughtW: number): boolean {
  const { internalLimitW, externalLimitW } = feeder;
  return (
    soldW > internalLimitW || boughtW > internalLimitW || Math.abs(boughtW - soldW) > externalLimitW
  );
}

/** Trades between homes only: with the utility nobody saves. */
function savedMicro(column: Column, run: RecordedRun): number {
  if (!run.tariff) return 0;
  const prices = run.tariff(column.interval);
  const margin = prices.useMicroPerKwh - prices.feedInMicroPerKwh;
  return (column.trades ?? [])
    .filter((trade) => trade.seller !== 'utility' && trade.buyer !== 'utility')
    .reduce((sum, trade) => sum + (margin * trade.energyWs) / WS_PER_KWH, 0);
}

function energyBy(
  trades: readonly TradeState[],
  party: 'seller' | 'buyer',
): ReadonlyMap<string, number> {
  const energyWs = new Map<string, number>();
  for (const trade of trades) {
    energyWs.set(trade[party], (energyWs.get(trade[party]) ?? 0) + trade.energyWs);
  }
  return energyWs;
}
