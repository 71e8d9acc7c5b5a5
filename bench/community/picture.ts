/** The savings of a report as a bar for each rival. */
import { type Bar, barsSvg } from '../bar-picture.ts';
import { type CommunityReport, GOAL_WAY_PERCENT } from './report.ts';

export function savingsSvg(report: CommunityReport): string {
  const { data, homes, countedDays, savingPercent: saving, cases } = report;
  const known = cases.find((each) => each.forecast === 'perfect' && each.settling === 'netted');
  const bar = (label: string, value: number, kind: Bar['kind']): Bar => {
    return { label, value, kind, text: `${value.toFixed(1)} %` };
  };
  const way = ((saving.centralOptimum - saving.alone) * GOAL_WAY_PERCENT) / 100;
  return barsSvg({
    title: 'What a community saves',
    subtitle:
      `${data}, ${homes} homes, ${Math.round(countedDays)} days: ` +
      'saving against no battery and no market',
    bars: [
      bar('alone, battery on self-consumption', saving.alone, 'rival'),
      bar('shared afterwards, no agent', saving.expostSharing, 'rival'),
      bar('market, deviations paid singly', saving.marketSingle, 'ours'),
      bar('market, deviations netted', saving.marketNetted, 'ours'),
      ...(known === undefined
        ? []
        : [bar('the same, everything known', known.savingPercent, 'known')]),
      bar('central optimum', saving.centralOptimum, 'rival'),
    ],
    mark: {
      value: saving.alone + way,
      label: `goal: ${GOAL_WAY_PERCENT} % of the way from alone to the optimum`,
    },
  });
}
