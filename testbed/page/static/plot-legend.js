/** A plot's legend: what each series is, and its value in one interval. */
import { el, setText } from './elements.js';
import { plain, span } from './units.js';

/** @param {import('./plot-frame.js').FrameSpec} spec */
export function createLegend(spec) {
  const when = el('span', { class: 'when' });
  const values = spec.series.map(() => el('b', { class: 'legend-value' }));
  const items = spec.series.map((series, at) => {
    const swatch = el('i', { class: `swatch ${series.dash ? 'dashed' : series.shape}` });
    swatch.style.setProperty('--swatch', `var(--${series.colour})`);
    return el('li', {}, swatch, series.name, ' ', values[at] ?? '');
  });
  const node = el('ul', { class: 'legend' }, ...items);
  return { node, when, show, spoken };

  /**
   * @param {import('./plot.js').PlotData} data @param {number[]} intervals
   * @param {number | null} at @param {boolean} isPointed
   */
  function show(data, intervals, at, isPointed) {
    const interval = at === null ? undefined : intervals[at];
    setText(when, interval === undefined ? '' : span(interval, data.run));
    when.classList.toggle('pointed', isPointed);
    values.forEach((value, series) => {
      const number = at === null ? null : data.columns[series]?.[at];
      setText(value, `${plain(number)} ${spec.unit}`);
    });
  }

  function spoken() {
    const read = spec.series.map((series, at) => `${series.name} ${values[at]?.textContent}`);
    return `${when.textContent}: ${read.join(', ')}`;
  }
}
