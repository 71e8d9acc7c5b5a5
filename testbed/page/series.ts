/** The columns that the plots show, made from the facts of the intervals in the window. */
import {
  type Cell,
  type Column,
  type LiveHome,
  netEnergyWs,
  type RecordedFeeder,
  type RecordedHome,
  type RecordedRun,
  sumOverHomes,
} from './facts.ts';
import type { FeederState, HomeState, NeighbourhoodState, TradeState } from './state.ts';
import { errorPercent, type Keeping } from './sums.ts';

/** Null: nothing is known of that interval. */
export type Window = readonly (Column | null)[];

export function neighbourhoodOf(run: RecordedRun, window: Window): NeighbourhoodState {
  const batteries = run.homes.filter((home) => home.batteryCapacityWs !== null);
  return {
    loadW: powerOf(run, run.homes, window, (cell) => cell.physics?.loadWs ?? null),
    generationW: powerOf(run, run.homes, window, (cell) => cell.physics?.generationWs ?? null),
    meteredW: powerOf(run, run.homes, window, netEnergyWs),
    tradedEnergyWs: window.map((column) => energyOf(column, () => true)),
    storedEnergyWs: window.map((column) =>
      rounded(
        sumOverHomes(column, batteries, (cell, home) =>
          cell.storedShare === null ? null : cell.storedShare * (home.batteryCapacityWs ?? 0),
        ),
      ),
    ),
    batteryCapacityWs: batteries.reduce((sum, home) => sum + (home.batteryCapacityWs ?? 0), 0),
  };
}

export function feederOf(run: RecordedRun, feeder: RecordedFeeder, window: Window): FeederState {
  const homes = run.homes.filter((home) => home.feeder === feeder.id);
  const inside = new Set(homes.map((home) => home.id));
  const traded = (party: 'seller' | 'buyer') =>
    window.map((column) => {
      const energyWs = energyOf(column, (trade) => inside.has(trade[party]));
      return energyWs === null ? null : Math.round(energyWs / run.intervalSeconds);
    });
  return {
    ...feeder,
    homes: homes.length,
    soldW: traded('seller'),
    boughtW: traded('buyer'),
    meteredW: powerOf(run, homes, window, netEnergyWs),
  };
}

export function homeOf(
  run: RecordedRun,
  home: RecordedHome,
  window: Window,
  live: LiveHome | undefined,
  keeping: Keeping | undefined,
): HomeState {
  const cells = window.map((column) => column?.cells.get(home.id) ?? null);
  return {
    id: home.id,
    name: home.name,
    feeder: home.feeder,
    agent: live?.agent ?? 'starting',
    powerW: rounded(live?.powerW ?? null),
    battery:
      home.batteryCapacityWs === null
        ? null
        : {
            capacityWs: home.batteryCapacityWs,
            storedShare: live?.storedShare ?? null,
            powerW: rounded(live?.batteryPowerW ?? null),
          },
    isLoadOn: home.hasSwitchedLoad ? (live?.isLoadOn ?? null) : null,
    meteredW: powerOf(run, [home], window, netEnergyWs),
    committedW: cells.map((cell) => cell?.schedule?.committedW ?? null),
    targetW: cells.map((cell) =>
      cell?.schedule ? cell.schedule.committedW + cell.schedule.untradedW : null,
    ),
    storedShare: cells.map((cell) => cell?.storedShare ?? null),
    commitmentErrorPercent: keeping ? errorPercent([keeping]) : null,
    reason: live?.reason ?? null,
  };
}

function powerOf(
  run: RecordedRun,
  homes: readonly RecordedHome[],
  window: Window,
  energyWs: (cell: Cell) => number | null,
): (number | null)[] {
  return window.map((column) => {
    const sumWs = sumOverHomes(column, homes, energyWs);
    return sumWs === null ? null : Math.round(sumWs / run.intervalSeconds);
  });
}

function energyOf(column: Column | null, counts: (trade: TradeState) => boolean): number | null {
  if (!column?.trades) return null;
  return column.trades.reduce((sum, trade) => sum + (counts(trade) ? trade.energyWs : 0), 0);
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value);
}
