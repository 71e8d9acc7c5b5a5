/**
 * Takes a picture of a running page, for the docs:
 *
 *     node build/start.mjs testbed/page/picture.ts http://127.0.0.1:PORT/ docs/images/community.png
 *
 * With `--phone` as a phone shows it, with `--dark` in the dark theme, with `--whole` to its end.
 */
import { parseArgs } from 'node:util';
import { openBrowser } from './browser.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    phone: { type: 'boolean', default: false },
    dark: { type: 'boolean', default: false },
    whole: { type: 'boolean', default: false },
  },
});
const [url, path] = positionals;
if (url === undefined || path === undefined) {
  console.error('usage: picture.ts URL FILE.png [--phone] [--dark] [--whole]');
  process.exit(2);
}
const browser = await openBrowser();
try {
  const tab = await browser.newPage({
    viewport: values.phone ? { width: 390, height: 844 } : { width: 1440, height: 1010 },
    colorScheme: values.dark ? 'dark' : 'light',
  });
  await tab.goto(url);
  await tab.waitForSelector('.tile');
  // The bars of progress glide to their lengths.
  await tab.waitForTimeout(400);
  await tab.screenshot({ path, fullPage: values.whole === true });
} finally {
  await browser.close();
}
