/** A plot's numbers as a table, for those who cannot or would rather not read plots. */
import { el } from './elements.js';
import { plain, span } from './units.js';

/** Filled only while it is open. @param {import('./plot-frame.js').FrameSpec} spec */
export function createTable(spec) {
  const rows = el('tbody');
  const heads = ['Interval', ...spec.series.map((series) => `${series.name}, ${spec.unit}`)];
  const header = el('tr', {}, ...heads.map((name) => el('th', { scope: 'col' }, name)));
  const table = el('table', {}, el('thead', {}, header), rows);
  const scroll = el(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `${spec.title} as a table` },
    table,
  );
  const node = /** @type {HTMLDetailsElement} */ (
    el('details', { class: 'numbers' }, el('summary', {}, 'Show numbers'), scroll)
  );
  /** @type {() => void} */
  let fill = () => {};
  node.addEventListener('toggle', () => fill());
  return { node, show };

  /** @param {import('./plot.js').PlotData} data @param {number[]} intervals */
  function show(data, intervals) {
    fill = () => {
      if (!node.open) return;
      const known = intervals.filter((_, at) => data.columns.some((c) => (c[at] ?? null) !== null));
      rows.replaceChildren(
        ...known.toReversed().map((interval) => {
          const at = interval - (intervals[0] ?? 0);
          const cells = data.columns.map((column) => el('td', {}, plain(column[at])));
          const when = span(interval, data.run);
          return el('tr', {}, el('th', { scope: 'row' }, when), ...cells);
        }),
      );
    };
    fill();
  }
}
