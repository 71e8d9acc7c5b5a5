/** Text and coordinates of the SVG pictures that benches and studies draw. */

export const SVG_FONT = 'font-family="system-ui, Segoe UI, Helvetica, Arial, sans-serif"';

export function svgText(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${svgNumber(x)}" y="${svgNumber(y)}" ${attributes}>${escaped(content)}</text>`;
}

export function escaped(content: string): string {
  return content.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

export function svgNumber(value: number): string {
  return String(Math.round(value * 10) / 10);
}
