/**
 * One plot over the intervals of the run: a canvas by uPlot, drawn as steps because each value is
 * the mean of its interval. What stands around it is plot-frame.js.
 */
import { colour } from './palette.js';
import { clock, short, shortDay } from './units.js';
import uPlot from './uplot/uplot.js';

/**
 * @typedef {object} SeriesSpec
 * @property {string} name
 * @property {string} colour name in the palette
 * @property {'line' | 'area' | 'bars'} shape
 * @property {number[]} [dash] CSS pixels
 *
 * @typedef {object} Level a horizontal line that is always in view
 * @property {number} value
 * @property {string} label
 * @property {boolean} isLimit what lies beyond it is too much
 *
 * @typedef {object} PlotData
 * @property {number[]} starts of the intervals in view, unix seconds, to the end of the run
 * @property {(number | null)[][]} columns one per series, as long as what is known
 * @property {Level[]} levels
 * @property {import('../state.ts').RunState} run
 */

/** Width that a time's label takes on its axis, with room about it. */
const LABEL_ROOM_PX = 68;
const AXIS_FONT = '12px system-ui, sans-serif';

/**
 * @param {HTMLElement} host
 * @param {SeriesSpec[]} series
 * @param {number} heightPx
 * @param {PlotData} first
 * @param {(at: number | null) => void} onPoint which interval of `starts` the reader points at
 */
export function createPlot(host, series, heightPx, first, onPoint) {
  let data = first;
  const shown = () => data;
  const plot = new uPlot(
    {
      width: Math.max(200, host.clientWidth),
      height: heightPx,
      padding: [10, 18, 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: 'time' },
        y: false,
        points: { show: false },
        drag: { x: false, y: false },
      },
      scales: {
        x: { time: true, range: () => spanOf(data) },
        y: { range: (_, low, high) => rangeOf(data, low, high) },
      },
      axes: [timeAxis(shown), valueAxis(shown)],
      series: [{}, ...series.map(seriesOptions)],
      hooks: {
        drawClear: [(self) => paintBeyond(self, data), (self) => paintNow(self, data)],
        draw: [(self) => paintLevels(self, data)],
        setCursor: [(self) => onPoint(pointedAt(self, data))],
      },
    },
    alignedData(first, series),
    host,
  );
  const resized = new ResizeObserver(() => {
    const width = Math.max(200, host.clientWidth);
    if (width !== plot.width) plot.setSize({ width, height: heightPx });
  });
  resized.observe(host);
  return { show, redraw: () => plot.redraw(), pointAt };

  /** @param {PlotData} next */
  function show(next) {
    data = next;
    plot.setData(alignedData(next, series));
  }

  /** Moves the reading line to an interval, as the pointer does. @param {number | null} at */
  function pointAt(at) {
    const start = at === null ? undefined : data.starts[at];
    if (start === undefined) return plot.setCursor({ left: -10, top: -10 });
    const left = plot.valToPos(start + data.run.intervalSeconds / 2, 'x');
    plot.setCursor({ left, top: plot.over.clientHeight / 2 });
  }
}

/**
 * A step ends where the next begins, so its last known value stands once more at its end. A bar has
 * its width.
 * @param {PlotData} data
 * @param {SeriesSpec[]} series
 * @returns {[number[], ...(number | null)[][]]}
 */
function alignedData({ starts, columns, run }, series) {
  const end = (starts.at(-1) ?? 0) + run.intervalSeconds;
  const x = [...starts, end];
  const ys = columns.map((column, nth) => {
    const isSteps = series[nth]?.shape !== 'bars';
    return x.map((_, at) => column[at] ?? (isSteps && at > 0 ? (column[at - 1] ?? null) : null));
  });
  return [x, ...ys];
}

/** @param {SeriesSpec} spec */
function seriesOptions(spec) {
  const isBars = spec.shape === 'bars';
  const paths = isBars
    ? uPlot.paths.bars?.({ align: 1, size: [0.78, 60], radius: 0.12 })
    : uPlot.paths.stepped?.({ align: 1 });
  return {
    label: spec.name,
    stroke: () => colour(spec.colour),
    width: isBars ? 0 : 2,
    points: { show: false },
    ...(paths ? { paths } : {}),
    ...(spec.dash ? { dash: spec.dash } : {}),
    ...(spec.shape === 'line'
      ? {}
      : { fill: () => colour(isBars ? spec.colour : `${spec.colour}-fill`) }),
  };
}

/** @param {() => PlotData} shown */
function timeAxis(shown) {
  return {
    font: AXIS_FONT,
    stroke: () => colour('muted'),
    size: 34,
    space: 56,
    grid: { show: false },
    ticks: { stroke: () => colour('line'), width: 1, size: 4 },
    border: { show: true, stroke: () => colour('line'), width: 1 },
    /** @param {uPlot} plot */
    splits: (plot) => timeSplits(shown(), plot.width / LABEL_ROOM_PX),
    /** @param {unknown} _ @param {number[]} splits */
    values: (_, splits) => splits.map((at) => timeLabel(at, shown().run.zone)),
  };
}

/** @param {() => PlotData} shown */
function valueAxis(shown) {
  return {
    font: AXIS_FONT,
    stroke: () => colour('muted'),
    size: 46,
    gap: 6,
    space: 34,
    grid: { stroke: () => colour('grid'), width: 1 },
    ticks: { show: false },
    /** @param {unknown} _ @param {number[]} splits */
    values: (_, splits) => splits.map(isEmpty(shown()) ? () => '' : short),
  };
}

/** Nothing known and no level: a scale would be made up. @param {PlotData} data */
function isEmpty({ columns, levels }) {
  return levels.length === 0 && columns.every((column) => column.every((value) => value === null));
}

/**
 * Ticks on whole local hours (or parts of them), few enough to read.
 * @param {PlotData} data
 * @param {number} most
 */
function timeSplits({ starts, run }, most) {
  const first = starts[0] ?? 0;
  const last = (starts.at(-1) ?? 0) + run.intervalSeconds;
  const steps = [900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200, 86_400];
  const step = steps.find((seconds) => (last - first) / seconds <= most) ?? 86_400;
  const offset = zoneOffset(first, run.zone);
  const splits = [];
  for (let at = Math.ceil((first + offset) / step) * step - offset; at <= last; at += step) {
    splits.push(at);
  }
  return splits;
}

/** Seconds that local time is ahead of UTC. @param {number} unixSeconds @param {string} zone */
function zoneOffset(unixSeconds, zone) {
  const local = uPlot.tzDate(new Date(unixSeconds * 1000), zone);
  const utc = uPlot.tzDate(new Date(unixSeconds * 1000), 'Etc/UTC');
  return Math.round((local.getTime() - utc.getTime()) / 1000);
}

/** @param {number} unixSeconds @param {string} zone */
function timeLabel(unixSeconds, zone) {
  const time = clock(unixSeconds, zone);
  return time === '00:00' ? shortDay(unixSeconds, zone) : time;
}

/** @param {PlotData} data @returns {[number, number]} */
function spanOf({ starts, run }) {
  const first = starts[0] ?? 0;
  return [first, (starts.at(-1) ?? first) + run.intervalSeconds];
}

/**
 * @param {PlotData} data
 * @param {number | null} low
 * @param {number | null} high
 * @returns {[number, number]}
 */
function rangeOf({ levels }, low, high) {
  const values = [0, low ?? 0, high ?? 0, ...levels.map((level) => level.value)];
  const bottom = Math.min(...values);
  const top = Math.max(...values);
  if (bottom === top) return [0, 1];
  const room = 0.12 * (top - bottom);
  return [bottom < 0 ? bottom - room : 0, top > 0 ? top + room : 0];
}

/** @param {uPlot} plot @param {PlotData} data */
function pointedAt(plot, { starts, run }) {
  const left = plot.cursor.left ?? -1;
  const first = starts[0];
  if (left < 0 || first === undefined) return null;
  const at = Math.floor((plot.posToVal(left, 'x') - first) / run.intervalSeconds);
  return at >= 0 && at < starts.length ? at : null;
}

/** What lies beyond the limits, tinted. @param {uPlot} plot @param {PlotData} data */
function paintBeyond({ ctx, bbox, valToPos }, { levels }) {
  ctx.fillStyle = colour('beyond');
  for (const { value, isLimit } of levels) {
    if (!isLimit) continue;
    const y = valToPos(value, 'y', true);
    const height = value < 0 ? bbox.top + bbox.height - y : y - bbox.top;
    ctx.fillRect(bbox.left, value < 0 ? y : bbox.top, bbox.width, height);
  }
}

/** The running interval as a pale band. @param {uPlot} plot @param {PlotData} data */
function paintNow(plot, { starts, run }) {
  const seconds = run.intervalSeconds;
  const start = Math.floor(run.marketNowMs / 1000 / seconds) * seconds;
  const [first, end] = [starts[0], starts.at(-1)];
  if (first === undefined || end === undefined || start < first || start > end) return;
  const left = plot.valToPos(start, 'x', true);
  const right = plot.valToPos(start + seconds, 'x', true);
  plot.ctx.fillStyle = colour('now');
  plot.ctx.fillRect(left, plot.bbox.top, right - left, plot.bbox.height);
}

/** Limits and the zero line, over the series. @param {uPlot} plot @param {PlotData} data */
function paintLevels(plot, { levels }) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  const { min = 0 } = plot.scales.y ?? {};
  if ((min ?? 0) < 0) line(plot.valToPos(0, 'y', true), colour('axis'), []);
  for (const level of levels) {
    const y = plot.valToPos(level.value, 'y', true);
    const tone = colour(level.isLimit ? 'limit' : 'muted');
    line(y, tone, [6 * ratio, 4 * ratio]);
    ctx.font = `${11 * ratio}px system-ui, sans-serif`;
    ctx.fillStyle = tone;
    ctx.textAlign = 'right';
    ctx.textBaseline = level.value >= 0 ? 'bottom' : 'top';
    ctx.fillText(
      level.label,
      bbox.left + bbox.width - 4 * ratio,
      y + (level.value >= 0 ? -2 : 3) * ratio,
    );
  }
  ctx.restore();

  /** @param {number} y @param {string} stroke @param {number[]} dash */
  function line(y, stroke, dash) {
    ctx.strokeStyle = stroke;
    ctx.lineWidth = 1.5 * ratio;
    ctx.setLineDash(dash);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
}
