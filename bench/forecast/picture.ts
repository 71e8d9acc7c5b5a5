/** The errors of a report as a bar for each method, day ahead and one ahead. */
import { type Bar, barsSvg } from '../bar-picture.ts';
import { type ForecastReport, GOALS } from './report.ts';

export function errorsSvg(report: ForecastReport): string {
  const { simple, homes, testDays } = report;
  const bar = (label: string, value: number, kind: Bar['kind'] = 'rival'): Bar => {
    return { label, value, kind, text: value.toFixed(3) };
  };
  const best = Math.min(simple.yesterday, simple.lastWeek, simple.mean28, simple.median28);
  return barsSvg({
    title: 'How wrong forecasts of homes are',
    subtitle: `${homes} homes, ${testDays} days: median of sum |error| / sum load`,
    bars: [
      bar('day ahead: last week', simple.lastWeek),
      bar('yesterday', simple.yesterday),
      bar('28-day mean', simple.mean28),
      bar('28-day median of the slot', simple.median28),
      bar('trained', report.dayAheadNmae, 'ours'),
      bar('one interval ahead: persistence', simple.persistence),
      bar('trained', report.oneAheadNmae, 'ours'),
    ],
    mark: {
      value: GOALS.dayAheadRatio * best,
      label: `goal day ahead: ${GOALS.dayAheadRatio} of the best simple method`,
    },
  });
}
