/** Contrast of the page's colours by WCAG 2.2: text 4.5 to 1, graphics 3 to 1, light and dark. */
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('testbed/page palette');

const TEXT = ['ink', 'muted', 'limit', 'ok', 'degraded', 'down'];
const GRAPHICS = ['accent', 'load', 'generation', 'net', 'traded', 'metered', 'target', 'battery'];

function palettes(): Record<string, string>[] {
  const file = new URL('../../../testbed/page/static/style.css', import.meta.url);
  const css = readFileSync(file, 'utf8');
  const blocks = [...css.matchAll(/:root \{([^}]*)\}/g)].map((match) => match[1] ?? '');
  return blocks.map((block) =>
    Object.fromEntries(
      [...block.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map((match) => [match[1], match[2]]),
    ),
  );
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

test('text and graphics stand out from their grounds in both themes', () => {
  const themes = palettes();
  assert.is(themes.length, 2);
  for (const [at, theme] of themes.entries()) {
    for (const ground of ['card', 'page']) {
      const least = [...TEXT.map((name) => [name, 4.5]), ...GRAPHICS.map((name) => [name, 3])];
      for (const [name, ratio] of least) {
        const reached = contrast(theme[String(name)] ?? '', theme[ground] ?? '');
        const where = `--${name} on --${ground}, ${at === 0 ? 'light' : 'dark'}`;
        assert.ok(reached >= Number(ratio), `${where}: ${reached.toFixed(2)}`);
      }
    }
  }
});

test.run();
