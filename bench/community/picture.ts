/** The savings of a report as a bar for each rival, SVG. */
import type { CommunityReport } from './report.ts';
import { GOAL_WAY_PERCENT } from './report.ts';

interface Bar {
  label: string;
  percent: number;
  color: string;
}

const WIDTH = 880;
const LEFT = 270;
const RIGHT = 90;
const TOP = 86;
const BAR = 26;
const STEP = 38;
const BOTTOM = 46;
const FONT = 'font-family="system-ui, Segoe UI, Helvetica, Arial, sans-serif"';
const RIVAL = '#8a8f98';
const MARKET = '#00806b';
const KNOWN = '#0061a8';

export function savingsSvg(report: CommunityReport): string {
  const bars = barsOf(report);
  const height = TOP + bars.length * STEP + BOTTOM;
  const most = Math.max(...bars.map(({ percent }) => percent), 1);
  const x = (percent: number) => LEFT + (Math.max(0, percent) / most) * (WIDTH - LEFT - RIGHT);
  const { alone, centralOptimum } = report.savingPercent;
  const goal = alone + ((centralOptimum - alone) * GOAL_WAY_PERCENT) / 100;
  const end = TOP + bars.length * STEP;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ` +
      `width="${WIDTH}" height="${height}" ${FONT} font-size="14" fill="#222">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text(24, 34, 'What a community saves', 'font-size="18" font-weight="600"'),
    text(24, 58, subtitleOf(report), 'fill="#555"'),
    ...bars.flatMap((bar, at) => {
      const y = TOP + at * STEP;
      return [
        text(LEFT - 12, y + 18, bar.label, 'text-anchor="end"'),
        `<rect x="${LEFT}" y="${y}" width="${number(x(bar.percent) - LEFT)}" height="${BAR}" ` +
          `fill="${bar.color}"/>`,
        text(x(bar.percent) + 8, y + 18, `${bar.percent.toFixed(1)} %`),
      ];
    }),
    `<path d="M${number(x(goal))} ${TOP - 8}V${end}" stroke="#b3261e" stroke-dasharray="5 4"/>`,
    text(
      x(goal),
      end + 20,
      `goal: ${GOAL_WAY_PERCENT} % of the way from alone to the optimum`,
      'text-anchor="end" fill="#b3261e"',
    ),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

function barsOf({ savingPercent: saving, cases }: CommunityReport): Bar[] {
  const known = cases.find((each) => each.forecast === 'perfect' && each.settling === 'netted');
  return [
    { label: 'alone, battery on self-consumption', percent: saving.alone, color: RIVAL },
    { label: 'shared afterwards, no agent', percent: saving.expostSharing, color: RIVAL },
    { label: 'market, deviations paid singly', percent: saving.marketSingle, color: MARKET },
    { label: 'market, deviations netted', percent: saving.marketNetted, color: MARKET },
    ...(known === undefined
      ? []
      : [{ label: 'the same, everything known', percent: known.savingPercent, color: KNOWN }]),
    { label: 'central optimum', percent: saving.centralOptimum, color: RIVAL },
  ];
}

function subtitleOf({ data, homes, countedDays }: CommunityReport): string {
  const days = Math.round(countedDays);
  return `${data}, ${homes} homes, ${days} days: saving against no battery and no market`;
}

function text(x: number, y: number, content: string, attributes = ''): string {
  const escaped = content.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  return `<text x="${number(x)}" y="${number(y)}" ${attributes}>${escaped}</text>`;
}

function number(value: number): string {
  return String(Math.round(value * 10) / 10);
}
