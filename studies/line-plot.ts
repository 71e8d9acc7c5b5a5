/** A line plot as SVG: several series over whole numbers, labelled where they end. */
import { SVG_FONT, svgNumber, svgText } from './svg-text.ts';

export interface Series {
  label: string;
  color: string;
  /** A broad, pale line without marks: what the others are held against. */
  isReference?: boolean;
  points: readonly { x: number; y: number }[];
  /** Lowest and highest at each x, drawn as a band behind the line. */
  band?: readonly { x: number; low: number; high: number }[];
}

export interface LinePlot {
  title: string;
  subtitle: string;
  xLabel: string;
  yLabel: string;
  /** Lower and upper end of the y axis. */
  yRange: readonly [number, number];
  series: readonly Series[];
}

const WIDTH = 880;
const HEIGHT = 520;
const LEFT = 76;
const RIGHT = 250;
const TOP = 76;
const BOTTOM = 60;
const LABEL_GAP = 18;

export function linePlotSvg(plot: LinePlot): string {
  const scale = scaleOf(plot);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" ` +
      `width="${WIDTH}" height="${HEIGHT}" ${SVG_FONT} font-size="13" fill="#222">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    svgText(LEFT, 30, plot.title, 'font-size="18" font-weight="600"'),
    svgText(LEFT, 52, plot.subtitle, 'fill="#555"'),
    ...axes(plot, scale),
    ...plot.series.flatMap((series) => bandOf(series, scale)),
    ...plot.series.flatMap((series) => lineOf(series, scale)),
    ...labels(plot, scale),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

interface Scale {
  x: (value: number) => number;
  y: (value: number) => number;
  xs: number[];
  yTicks: number[];
}

function scaleOf({ series, yRange: [low, high] }: LinePlot): Scale {
  const xs = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))];
  xs.sort((a, b) => a - b);
  const first = xs[0] ?? 0;
  const span = Math.max(1, (xs.at(-1) ?? 0) - first);
  const step = tickStep(high - low);
  const yTicks: number[] = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + 1e-9; tick += step)
    yTicks.push(tick);
  return {
    x: (value) => LEFT + ((value - first) / span) * (WIDTH - LEFT - RIGHT),
    y: (value) => HEIGHT - BOTTOM - ((value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM),
    xs,
    yTicks,
  };
}

/** 1, 2 or 5 times a power of ten, for four to ten ticks. */
function tickStep(span: number): number {
  const power = 10 ** Math.floor(Math.log10(span / 4));
  const factor = [1, 2, 5, 10].find((one) => span / (one * power) <= 8) ?? 10;
  return factor * power;
}

function axes({ xLabel, yLabel }: LinePlot, { x, y, xs, yTicks }: Scale): string[] {
  const right = WIDTH - RIGHT;
  const bottom = HEIGHT - BOTTOM;
  const middle = (TOP + bottom) / 2;
  return [
    ...yTicks.map((tick) => {
      const at = svgNumber(y(tick));
      const label = svgText(LEFT - 10, Number(at) + 4, format(tick), 'text-anchor="end"');
      return `<path d="M${LEFT} ${at}H${right}" stroke="#e3e3e3"/>${label}`;
    }),
    ...xs.map((tick) => svgText(x(tick), bottom + 20, String(tick), 'text-anchor="middle"')),
    `<path d="M${LEFT} ${bottom}H${right}" stroke="#888"/>`,
    svgText((LEFT + right) / 2, HEIGHT - 18, xLabel, 'text-anchor="middle" fill="#555"'),
    svgText(
      20,
      middle,
      yLabel,
      `text-anchor="middle" fill="#555" transform="rotate(-90 20 ${middle})"`,
    ),
  ];
}

function bandOf({ band, color }: Series, { x, y }: Scale): string[] {
  if (band === undefined || band.length === 0) return [];
  const upper = band.map((point) => `${svgNumber(x(point.x))} ${svgNumber(y(point.high))}`);
  const lower = band
    .map((point) => `${svgNumber(x(point.x))} ${svgNumber(y(point.low))}`)
    .reverse();
  const path = `M${[...upper, ...lower].join('L')}Z`;
  return [`<path d="${path}" fill="${color}" fill-opacity="0.15"/>`];
}

function lineOf({ points, color, isReference }: Series, { x, y }: Scale): string[] {
  const path = points.map((point) => `${svgNumber(x(point.x))} ${svgNumber(y(point.y))}`).join('L');
  const stroke = `stroke="${color}" stroke-width="${isReference ? 10 : 2}"`;
  const opacity = isReference ? ' stroke-opacity="0.35"' : '';
  const line = `<path d="M${path}" fill="none" ${stroke}${opacity}/>`;
  if (isReference) return [line];
  const dots = points.map(
    (point) =>
      `<circle cx="${svgNumber(x(point.x))}" cy="${svgNumber(y(point.y))}" r="3" fill="${color}"/>`,
  );
  return [line, ...dots];
}

/** At the ends of the lines, pushed apart where they would overlap. */
function labels({ series }: LinePlot, { x, y, xs }: Scale): string[] {
  const at = x(xs.at(-1) ?? 0) + 14;
  const ends = series
    .map(({ label, color, points }) => ({ label, color, y: y(points.at(-1)?.y ?? 0) }))
    .sort((a, b) => a.y - b.y);
  let floor = Number.NEGATIVE_INFINITY;
  return ends.map(({ label, color, y: wanted }) => {
    floor = Math.max(wanted, floor + LABEL_GAP);
    return svgText(at, floor + 4, label, `fill="${color}"`);
  });
}

function format(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}
