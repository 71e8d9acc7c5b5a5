/**
 * What stands around a plot: title, a legend that reads out the interval pointed at (or the last
 * one known), the sentence of an empty plot, reading by keyboard, and the same numbers as a table.
 */
import { el, setAttribute, setHidden, setText } from './elements.js';
import { createPlot } from './plot.js';
import { createLegend } from './plot-legend.js';
import { createTable } from './plot-table.js';

/**
 * @typedef {import('../state.ts').CommunityState} CommunityState
 *
 * @typedef {object} FrameSpec
 * @property {string} title
 * @property {string} about one sentence: what is drawn
 * @property {'kW' | 'kWh' | '%'} unit
 * @property {(run: CommunityState['run']) => string} empty what will come
 * @property {number} heightPx
 * @property {import('./plot.js').SeriesSpec[]} series
 * @property {'h2' | 'h3'} [heading]
 */

const KEYS = 'Plot: the left and right arrow keys read it interval by interval.';

/** @type {Set<{ redraw(): void }>} */
const frames = new Set();

/** After a change of theme. */
export function redrawPlots() {
  for (const frame of frames) frame.redraw();
}

/** @param {FrameSpec} spec */
export function createPlotFrame(spec) {
  const legend = createLegend(spec);
  const table = createTable(spec);
  const { node, host, title, about, empty, spoken } = createFrame(spec, legend, table);
  /** @type {ReturnType<typeof createPlot> | null} */
  let plot = null;
  /** @type {import('./plot.js').PlotData | null} */
  let data = null;
  /** @type {number[]} */
  let intervals = [];
  /** @type {number | null} */
  let pointed = null;

  host.addEventListener('keydown', (event) => {
    if (!data || !plot) return;
    const at = afterKey(event.key, pointed ?? lastKnown(data), intervals.length);
    if (at === undefined) return;
    event.preventDefault();
    plot.pointAt(at);
    setText(spoken, at === null ? '' : legend.spoken());
  });
  host.addEventListener('blur', () => plot?.pointAt(null));
  frames.add({ redraw: () => plot?.redraw() });
  return { node, show, rename };

  /**
   * @param {CommunityState} state
   * @param {(number | null)[][]} columns in the spec's unit, one per series
   * @param {import('./plot.js').Level[]} levels
   */
  function show(state, columns, levels = []) {
    intervals = intervalsInView(state);
    const { run } = state;
    data = { starts: intervals.map((at) => at * run.intervalSeconds), columns, levels, run };
    if (plot) plot.show(data);
    else plot = createPlot(host, spec.series, spec.heightPx, data, point);
    const isEmpty = !columns.some((column) => column.some((value) => value !== null));
    setHidden(empty, !isEmpty);
    setText(empty.firstElementChild ?? empty, spec.empty(run));
    setAttribute(host, 'aria-label', `${title.textContent}. ${isEmpty ? spec.empty(run) : KEYS}`);
    point(pointed);
    table.show(data, intervals);
  }

  /** @param {number | null} at */
  function point(at) {
    pointed = at;
    if (data) legend.show(data, intervals, at ?? lastKnown(data), at !== null);
  }

  /** @param {string} newTitle @param {string} newAbout */
  function rename(newTitle, newAbout) {
    setText(title, newTitle);
    setText(about, newAbout);
  }
}

/**
 * @param {FrameSpec} spec
 * @param {ReturnType<typeof createLegend>} legend
 * @param {ReturnType<typeof createTable>} table
 */
function createFrame(spec, legend, table) {
  const host = el('div', { class: 'plot', tabindex: 0, role: 'group' });
  host.style.height = `${spec.heightPx}px`;
  const empty = el('p', { class: 'plot-empty' }, el('span'));
  const spoken = el('output', { class: 'unseen' });
  const title = el(spec.heading ?? 'h2', {}, spec.title);
  const about = el('p', { class: 'about' }, spec.about);
  const box = el('div', { class: 'plot-box' }, host, empty);
  const head = el('div', { class: 'plot-head' }, title, about, legend.when);
  const node = el('figure', { class: 'card figure' }, head, legend.node, box, spoken, table.node);
  return { node, host, title, about, empty, spoken };
}

/**
 * From the first interval in view to the end of the run, as far as a window reaches.
 * @param {CommunityState} state
 */
function intervalsInView({ intervals, run }) {
  const first = intervals[0] ?? run.firstInterval;
  const end = Math.max(
    intervals.at(-1) ?? first,
    Math.min(first + 95, run.firstInterval + run.intervalCount - 1),
  );
  return Array.from({ length: end - first + 1 }, (_, at) => first + at);
}

/**
 * The last interval of which all series know a value, else any.
 * @param {import('./plot.js').PlotData} data
 */
function lastKnown({ columns }) {
  const length = Math.max(...columns.map((column) => column.length));
  /** @type {number | null} */
  let last = null;
  for (let at = length - 1; at >= 0; at--) {
    const known = columns.filter((column) => (column[at] ?? null) !== null).length;
    if (known === columns.length) return at;
    if (known > 0) last ??= at;
  }
  return last;
}

/** @param {string} key @param {number | null} at @param {number} length */
function afterKey(key, at, length) {
  const last = length - 1;
  if (key === 'Escape') return null;
  if (key === 'Home') return 0;
  if (key === 'End') return last;
  if (key === 'ArrowLeft') return Math.max(0, (at ?? length) - 1);
  if (key === 'ArrowRight') return Math.min(last, (at ?? -1) + 1);
  return undefined;
}
