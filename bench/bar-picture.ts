/** Horizontal bars as SVG, each with its value inside, and a mark that some should reach. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { escaped, SVG_FONT, svgNumber, svgText } from '../studies/svg-text.ts';

export interface Bar {
  label: string;
  value: number;
  /** As it is written. */
  text: string;
  kind: 'rival' | 'ours' | 'known';
}

export interface BarPicture {
  title: string;
  subtitle: string;
  bars: readonly Bar[];
  mark: { value: number; label: string } | null;
}

const WIDTH = 880;
const LEFT = 270;
const RIGHT = 40;
const TOP = 86;
const BAR = 26;
const STEP = 38;
const BOTTOM = 46;
const COLORS = { rival: '#6b7079', ours: '#00705e', known: '#0061a8' } as const;
const MARK = '#b3261e';

export function barsSvg({ title, subtitle, bars, mark }: BarPicture): string {
  const end = TOP + bars.length * STEP;
  const height = end + BOTTOM;
  const most = Math.max(...bars.map(({ value }) => value), mark?.value ?? 0, 1e-9);
  const x = (value: number) => LEFT + (Math.max(0, value) / most) * (WIDTH - LEFT - RIGHT);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ` +
      `width="${WIDTH}" height="${height}" ${SVG_FONT} font-size="14" fill="#222">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    svgText(24, 34, title, 'font-size="18" font-weight="600"'),
    svgText(24, 58, subtitle, 'fill="#555"'),
    ...bars.flatMap((bar, at) => barOf(bar, TOP + at * STEP, x(bar.value))),
    ...(mark === null ? [] : markOf(mark.label, x(mark.value), end)),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

function barOf({ label, text: written, kind }: Bar, y: number, end: number): string[] {
  const size = `width="${svgNumber(end - LEFT)}" height="${BAR}"`;
  return [
    svgText(LEFT - 12, y + 18, label, 'text-anchor="end"'),
    `<rect x="${LEFT}" y="${y}" ${size} fill="${COLORS[kind]}"/>`,
    svgText(LEFT + 10, y + 18, written, 'fill="#fff" font-weight="600"'),
  ];
}

function markOf(label: string, at: number, end: number): string[] {
  const anchor = at > WIDTH / 2 ? 'end' : 'start';
  return [
    `<path d="M${svgNumber(at)} ${TOP - 8}V${end}" stroke="${MARK}" stroke-width="2" ` +
      'stroke-dasharray="5 4"/>',
    svgText(at, end + 20, label, `text-anchor="${anchor}" fill="${MARK}"`),
  ];
}

/** Before a bench runs for minutes: why the picture could not be written after it; null: it can. */
export function pictureFault(path: string): string | null {
  const folder = dirname(path);
  return existsSync(folder) ? null : `--picture: there is no folder ${folder}`;
}
