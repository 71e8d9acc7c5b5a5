/** The study's table and plot: traded energy by prediction window. */

import type { Table } from '../../testbed/run-folder.ts';
import { type LinePlot, linePlotSvg, type Series } from '../line-plot.ts';
import type { WindowRun } from './window-study.ts';

/** Of all shuffles at one window. */
export interface Spread {
  mean: number;
  low: number;
  high: number;
}

export interface FigureRow {
  horizon: number;
  batteries: boolean;
  earliestDeadline: number;
  arbitrary: Spread;
  optimum: number;
}

export function figureRows(runs: readonly WindowRun[]): FigureRow[] {
  const rows: FigureRow[] = [];
  for (const batteries of [false, true]) {
    const horizons = [...new Set(runs.map(({ horizon }) => horizon))];
    for (const horizon of horizons) {
      const here = runs.filter((run) => run.horizon === horizon && run.batteries === batteries);
      const first = here.find(({ tieRule }) => tieRule.kind === 'earliest-deadline');
      const traded = here
        .filter(({ tieRule }) => tieRule.kind === 'arbitrary')
        .map((run) => run.tradedKwSlots);
      rows.push({
        horizon,
        batteries,
        earliestDeadline: first?.tradedKwSlots ?? 0,
        arbitrary: {
          mean: traded.reduce((sum, value) => sum + value, 0) / Math.max(1, traded.length),
          low: Math.min(...traded),
          high: Math.max(...traded),
        },
        optimum: first?.optimumKwSlots ?? 0,
      });
    }
  }
  return rows;
}

export function figureTable(rows: readonly FigureRow[]): Table {
  return {
    name: 'figure-9',
    columns: [
      ...['horizon_intervals', 'batteries', 'earliest_deadline_kw_slots'],
      ...['arbitrary_mean_kw_slots', 'arbitrary_low_kw_slots', 'arbitrary_high_kw_slots'],
      'hindsight_kw_slots',
    ],
    rows: rows.map(({ horizon, batteries, earliestDeadline, arbitrary, optimum }) => [
      ...[horizon, batteries ? 'yes' : 'no', tenth(earliestDeadline)],
      ...[tenth(arbitrary.mean), tenth(arbitrary.low), tenth(arbitrary.high), tenth(optimum)],
    ]),
  };
}

/** For the terminal. */
export function figureText(rows: readonly FigureRow[]): string {
  const lines = ['  L  batteries  earliest deadline  arbitrary (lowest to highest)  hindsight'];
  for (const { horizon, batteries, earliestDeadline, arbitrary, optimum } of rows) {
    const { mean, low, high } = arbitrary;
    lines.push(
      `${String(horizon).padStart(3)}  ${(batteries ? 'with' : 'without').padEnd(9)}  ` +
        `${earliestDeadline.toFixed(1).padStart(17)}  ` +
        `${mean.toFixed(1)} (${low.toFixed(1)} to ${high.toFixed(1)})`.padStart(29) +
        `  ${optimum.toFixed(1).padStart(9)}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

export function figureSvg(rows: readonly FigureRow[], source: string): string {
  const of = (batteries: boolean) => rows.filter((row) => row.batteries === batteries);
  const values = rows.flatMap((row) => [row.earliestDeadline, row.arbitrary.low, row.optimum]);
  const step = 50;
  const low = Math.floor((Math.min(...values) - step / 2) / step) * step;
  const high = Math.ceil((Math.max(...values) + step / 2) / step) * step;
  const plot: LinePlot = {
    title: 'Energy traded in a day against the prediction window L',
    subtitle: source,
    xLabel: 'prediction window L, intervals (the current one counted)',
    yLabel: 'traded, kW × intervals of 15 min',
    yRange: [low, high],
    series: [...seriesOf(of(true), 'batteries'), ...seriesOf(of(false), 'no batteries')],
  };
  return linePlotSvg(plot);
}

function seriesOf(rows: FigureRow[], what: string): Series[] {
  const isWith = what === 'batteries';
  const series: Series[] = [
    {
      label: `${what}: hindsight`,
      color: '#777777',
      isReference: true,
      points: rows.map((row) => ({ x: row.horizon, y: row.optimum })),
    },
    {
      label: `${what}: earliest deadline`,
      color: isWith ? '#0b6e4f' : '#1d4e89',
      points: rows.map((row) => ({ x: row.horizon, y: row.earliestDeadline })),
    },
  ];
  series.push({
    label: `${what}: arbitrary`,
    color: isWith ? '#c8553d' : '#8a6bbe',
    points: rows.map((row) => ({ x: row.horizon, y: row.arbitrary.mean })),
    band: rows.map(({ horizon: x, arbitrary }) => ({ x, ...arbitrary })),
  });
  return series;
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
