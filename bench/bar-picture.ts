/** Horizontal bars as SVG, each with its value inside, and a mark that some should reach. */

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
const FONT = 'font-family="system-ui, Segoe UI, Helvetica, Arial, sans-serif"';
const COLORS = { rival: '#6b7079', ours: '#00705e', known: '#0061a8' } as const;
const MARK = '#b3261e';

export function barsSvg({ title, subtitle, bars, mark }: BarPicture): string {
  const end = TOP + bars.length * STEP;
  const height = end + BOTTOM;
  const most = Math.max(...bars.map(({ value }) => value), mark?.value ?? 0, 1e-9);
  const x = (value: number) => LEFT + (Math.max(0, value) / most) * (WIDTH - LEFT - RIGHT);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ` +
      `width="${WIDTH}" height="${height}" ${FONT} font-size="14" fill="#222">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text(24, 34, title, 'font-size="18" font-weight="600"'),
    text(24, 58, subtitle, 'fill="#555"'),
    ...bars.flatMap((bar, at) => barOf(bar, TOP + at * STEP, x(bar.value))),
    ...(mark === null ? [] : markOf(mark.label, x(mark.value), end)),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

function barOf({ label, text: written, kind }: Bar, y: number, end: number): string[] {
  const size = `width="${number(end - LEFT)}" height="${BAR}"`;
  return [
    text(LEFT - 12, y + 18, label, 'text-anchor="end"'),
    `<rect x="${LEFT}" y="${y}" ${size} fill="${COLORS[kind]}"/>`,
    text(LEFT + 10, y + 18, written, 'fill="#fff" font-weight="600"'),
  ];
}

function markOf(label: string, at: number, end: number): string[] {
  const anchor = at > WIDTH / 2 ? 'end' : 'start';
  return [
    `<path d="M${number(at)} ${TOP - 8}V${end}" stroke="${MARK}" stroke-width="2" ` +
      'stroke-dasharray="5 4"/>',
    text(at, end + 20, label, `text-anchor="${anchor}" fill="${MARK}"`),
  ];
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${number(x)}" y="${number(y)}" ${attributes}>${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

function number(value: number): string {
  return String(Math.round(value * 10) / 10);
}
