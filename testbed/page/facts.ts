/** What is known of a run, by interval and home, before it is summed or plotted. */
import type { ComponentState, TradeState } from './state.ts';

/** The utility's prices in an interval, millionths per kWh. */
export interface TariffPrices {
  useMicroPerKwh: number;
  feedInMicroPerKwh: number;
}

export interface RecordedFeeder {
  id: number;
  name: string;
  internalLimitW: number;
  externalLimitW: number;
}

export interface RecordedHome {
  id: string;
  name: string;
  feeder: number;
  /** Null: no battery. */
  batteryCapacityWs: number | null;
  hasSwitchedLoad: boolean;
}

export interface RecordedRun {
  name: string;
  /** IANA zone in which times are shown. */
  zone: string;
  /** ISO 4217 code; null: prices are shown without a currency. */
  currency: string | null;
  intervalSeconds: number;
  firstInterval: number;
  intervalCount: number;
  /** Real seconds that an interval takes. */
  secondsPerInterval: number | 'max';
  isFollowing: boolean;
  /** Whether the homes reach chain and DSO through Tor. */
  isThroughTor?: boolean;
  feeders: readonly RecordedFeeder[];
  homes: readonly RecordedHome[];
  /** Null: the saving is not shown. */
  tariff: ((interval: number) => TariffPrices) | null;
}

/** A home as it is at this moment; powers into the thing measured. */
export interface LiveHome {
  agent: ComponentState;
  powerW: number | null;
  batteryPowerW: number | null;
  /** 0 to 1. */
  storedShare: number | null;
  isLoadOn: boolean | null;
  /** Why it last offered, in words. */
  reason: string | null;
}

/** One home in one interval; null: not known (yet). */
export interface Cell {
  reading: { importedWs: number; exportedWs: number } | null;
  physics: { loadWs: number; generationWs: number } | null;
  schedule: { committedW: number; untradedW: number } | null;
  storedShare: number | null;
}

/** One interval. `trades` is null until it is final. */
export interface Column {
  interval: number;
  trades: readonly TradeState[] | null;
  cells: Map<string, Cell>;
}

export function emptyCell(): Cell {
  return { reading: null, physics: null, schedule: null, storedShare: null };
}

export function emptyColumn(interval: number): Column {
  return { interval, trades: null, cells: new Map() };
}

/** Energy into the home through its meter, Ws; null without a reading. */
export function netEnergyWs(cell: Cell): number | null {
  return cell.reading ? cell.reading.importedWs - cell.reading.exportedWs : null;
}

/**
 * Sum over homes of one interval, null unless every one of them is known: a part of a sum would
 * look like a fall.
 */
export function sumOverHomes(
  column: Column | null,
  homes: readonly RecordedHome[],
  figureOf: (cell: Cell, home: RecordedHome) => number | null,
): number | null {
  if (!column || homes.length === 0) return null;
  let sum = 0;
  for (const home of homes) {
    const cell = column.cells.get(home.id);
    const value = cell ? figureOf(cell, home) : null;
    if (value === null) return null;
    sum += value;
  }
  return sum;
}
