import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { barsSvg } from '../../bench/bar-picture.ts';

const test = suite('bench: bar picture');

test('bars are as long as their values, and names are text', () => {
  const svg = barsSvg({
    title: 'A < B & C',
    subtitle: '',
    bars: [
      { label: 'half', value: 20, text: '20 %', kind: 'rival' },
      { label: 'whole', value: 40, text: '40 %', kind: 'ours' },
      { label: 'below nothing', value: -3, text: '-3 %', kind: 'known' },
    ],
    mark: { value: 30, label: 'goal' },
  });
  const widths = [...svg.matchAll(/<rect x="\d+" y="\d+" width="([\d.]+)"/g)];
  assert.equal(
    widths.map(([, width]) => Number(width)),
    [285, 570, 0],
  );
  assert.match(svg, 'A &lt; B &amp; C');
  assert.match(svg, '<path d="M697.5 ');
});

test.run();
