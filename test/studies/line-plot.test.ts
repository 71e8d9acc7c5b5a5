import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type LinePlot, linePlotSvg } from '../../studies/line-plot.ts';

const test = suite('studies/line-plot');

const PLOT: LinePlot = {
  title: 'a < b & c',
  subtitle: '',
  xLabel: 'x',
  yLabel: 'y',
  yRange: [0, 100],
  series: [
    {
      label: 'first',
      color: '#123456',
      points: [
        { x: 2, y: 0 },
        { x: 4, y: 100 },
      ],
    },
    {
      label: 'second',
      color: '#654321',
      points: [
        { x: 2, y: 0 },
        { x: 4, y: 100 },
      ],
    },
  ],
};

test('puts the ends of a series at the corners of the plot', () => {
  const [, x1, y1, x2, y2] = /stroke="#123456".*/.test(linePlotSvg(PLOT))
    ? (/d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)" fill="none" stroke="#123456"/.exec(
        linePlotSvg(PLOT),
      ) ?? [])
    : [];
  assert.equal([x1, y1, x2, y2].map(Number), [76, 460, 630, 76]);
});

test('labels do not overlap where lines end together', () => {
  const svg = linePlotSvg(PLOT);
  const heights = ['first', 'second'].map((label) => {
    const found = new RegExp(`y="([\\d.]+)" [^>]*>${label}<`).exec(svg);
    return Number(found?.[1]);
  });
  assert.ok(Math.abs((heights[0] ?? 0) - (heights[1] ?? 0)) >= 16);
});

test('what would be markup is escaped', () => {
  assert.ok(linePlotSvg(PLOT).includes('a &lt; b &amp; c'));
});

test.run();
