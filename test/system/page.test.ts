/**
 * The community page in a real browser, served by the real server: what a reader sees, can do, and
 * is told when something is missing. Needs Chromium; the environment's `CHROMIUM` may name one.
 */
import type { Browser, Locator, Page as Tab } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openBrowser } from '../../testbed/page/browser.ts';
import { type Page, startPage } from '../../testbed/page/server.ts';
import { CommunityDay, type DayOptions, LARGE_DAY, SMALL_DAY } from '../fixtures/community-day.ts';

const test = suite('system/page');

const WIDE = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };
/** Longer than the page waits between two tries to connect. */
const PATIENCE_MS = 60_000;

interface Seen {
  tab: Tab;
  day: CommunityDay;
  server: Page;
  /** What the browser complained of. */
  complaints: string[];
  /** Origins that were asked for anything. */
  origins: Set<string>;
}

async function withPage(
  day: CommunityDay,
  viewport: typeof WIDE,
  look: (seen: Seen) => Promise<void>,
): Promise<void> {
  const server = await startPage({ state: () => day.record.state(), gapMs: 20 });
  let browser: Browser | null = null;
  try {
    browser = await openBrowser();
    const tab = await browser.newPage({ viewport });
    tab.setDefaultTimeout(PATIENCE_MS);
    const complaints: string[] = [];
    const origins = new Set<string>();
    tab.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') {
        complaints.push(message.text());
      }
    });
    tab.on('pageerror', (error) => complaints.push(error.message));
    tab.on('request', (request) => origins.add(new URL(request.url()).origin));
    await tab.goto(server.url);
    await tab.waitForSelector('.tile');
    await look({ tab, day, server, complaints, origins });
  } finally {
    await browser?.close();
    await server.close();
  }
}

function made(options: DayOptions, intervals: number): CommunityDay {
  return new CommunityDay(options).begin().advance(intervals);
}

/** What a reader sees of the first element that fits. */
async function textOf(tab: Tab | Locator, selector: string): Promise<string> {
  const [text] = await tab.locator(selector).allInnerTexts();
  return text ?? '';
}

/** Waits until the text of an element holds a piece. */
async function waitForText(tab: Tab | Locator, selector: string, piece: string): Promise<void> {
  await tab.locator(selector).filter({ hasText: piece }).first().waitFor();
}

/** How many colours each canvas shows, in the order of the page. */
function coloursOfPlots(tab: Tab): Promise<number[]> {
  return tab.evaluate(`[...document.querySelectorAll('canvas')].map((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
  })`);
}

/** How many separate stretches of one colour a plot's canvas shows, just above its axis. */
function barsOfPlot(tab: Tab, nth: number): Promise<number> {
  return tab.evaluate(`(() => {
    const canvas = document.querySelectorAll('canvas')[${nth}];
    const { width, height } = canvas;
    const row = canvas.getContext('2d').getImageData(0, height - 40, width, 1).data;
    const colour = getComputedStyle(document.documentElement).getPropertyValue('--traded').trim();
    const hexAt = (at) => '#' + [0, 1, 2].map((part) =>
      row[4 * at + part].toString(16).padStart(2, '0')).join('');
    let bars = 0;
    for (let at = 1; at < width; at++) {
      if (hexAt(at) === colour && hexAt(at - 1) !== colour) bars++;
    }
    return bars;
  })()`);
}

/** Sums up from now on how far things jump (the browser's layout shift score). */
async function watchShifts(tab: Tab): Promise<() => Promise<number>> {
  await tab.evaluate(`window.shifts = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.shifts += entry.value;
    }).observe({ type: 'layout-shift', buffered: false });`);
  return () => tab.evaluate('window.shifts');
}

test('loads without a complaint, from its own server alone, and draws every plot', async () => {
  await withPage(made(SMALL_DAY, 9), WIDE, async ({ tab, server, complaints, origins }) => {
    const colours = await coloursOfPlots(tab);
    assert.is(colours.length, 2 + 3 + 2 + 1, 'neighbourhood, feeders, chosen home, batteries');
    for (const count of colours) assert.ok(count > 8, `${count} colours`);
    assert.is(await tab.locator('.tile').count(), 12);
    assert.is(await textOf(tab, '.link'), 'Live');
    assert.match(await textOf(tab, '.trade-list li'), /Home \d+[\s\S]+kWh[\s\S]+per kWh/);
    assert.match(await textOf(tab, '.trade-list .reasons'), 'offered');
    assert.equal(complaints, []);
    assert.equal([...origins], [new URL(server.url).origin]);
  });
});

test('draws one bar for each interval with trades, and none for what is not known', async () => {
  const day = made(SMALL_DAY, 9);
  const known = day.record.state().neighbourhood.tradedEnergyWs.filter((energy) => energy);
  await withPage(day, WIDE, async ({ tab }) => {
    assert.is(await barsOfPlot(tab, 1), known.length);
  });
});

test('shows limits and flows of each feeder with their units', async () => {
  await withPage(made(SMALL_DAY, 9), WIDE, async ({ tab }) => {
    assert.match(
      await textOf(tab, '.feeder-grid figure'),
      /Traded [−\d.]+ kW[\s\S]+Metered [−\d.]+ kW/,
    );
    assert.match(await textOf(tab, '.feeder-grid figure'), /Sold inside\s+[\d.]+ of 25 kW/);
  });
});

test('a change of the state appears without a reload, and nothing jumps', async () => {
  await withPage(made(SMALL_DAY, 4), WIDE, async ({ tab, day, server }) => {
    const shifts = await watchShifts(tab);
    await waitForText(tab, '.now-progress', 'Interval 5 of 16');
    day.advance(1);
    server.notify();
    await waitForText(tab, '.now-progress', 'Interval 6 of 16');
    day.advance(3);
    server.notify();
    await waitForText(tab, '.now-progress', 'Interval 9 of 16');
    assert.ok((await shifts()) < 0.02);
  });
});

test('a home is chosen by pointer and by arrow keys, and kept in the address', async () => {
  await withPage(made(SMALL_DAY, 6), WIDE, async ({ tab, server }) => {
    const chosen = () => textOf(tab, '.home-detail h3');
    assert.is(await chosen(), 'Home 1');
    await tab.locator('.tile').nth(4).click();
    assert.is(await chosen(), 'Home 5');
    await tab.keyboard.press('ArrowRight');
    assert.is(await chosen(), 'Home 6');
    await tab.keyboard.press('Home');
    assert.is(await chosen(), 'Home 1');
    await tab.keyboard.press('ArrowDown');
    const below = await chosen();
    assert.is.not(below, 'Home 1');
    assert.is(await tab.locator('.tile[tabindex="0"]').count(), 1, 'one stop of the tab key');
    await tab.goto('about:blank');
    await tab.goto(`${server.url}#home=h05`);
    await tab.waitForSelector('.tile');
    assert.is(await chosen(), 'Home 5');
  });
});

test('homes can be narrowed down to those with a battery', async () => {
  await withPage(made(SMALL_DAY, 6), WIDE, async ({ tab, day }) => {
    await tab.selectOption('#home-filter', 'With a battery');
    const batteries = day.record.state().homes.filter((home) => home.battery !== null).length;
    assert.is(await tab.locator('.tile:visible').count(), batteries);
    assert.match(await textOf(tab, '.filter span'), `${batteries} of 12`);
  });
});

test('a plot is read by keyboard, and as a table', async () => {
  await withPage(made(SMALL_DAY, 6), WIDE, async ({ tab }) => {
    const figure = tab.locator('#neighbourhood figure').first();
    await figure.locator('.plot').focus();
    await tab.keyboard.press('Home');
    await waitForText(figure, '.when', '11:00–11:15');
    await tab.keyboard.press('ArrowRight');
    await waitForText(figure, '.when', '11:15–11:30');
    assert.match(String(await figure.locator('output').textContent()), /11:15.+Generation .+ kW/);
    await figure.locator('summary').click();
    assert.is(await figure.locator('tbody tr').count(), 6);
  });
});

test('the page ends where its footer ends, however many homes scroll in their box', async () => {
  await withPage(made(LARGE_DAY, 50), WIDE, async ({ tab }) => {
    const below = await tab.evaluate<number>(
      `document.documentElement.scrollHeight
        - document.querySelector('footer').getBoundingClientRect().bottom - scrollY`,
    );
    assert.ok(Math.abs(below) < 2, `${below} px below the footer`);
  });
});

test('a phone shows everything without scrolling sideways, small and large', async () => {
  for (const day of [made(SMALL_DAY, 9), made(LARGE_DAY, 50), new CommunityDay(SMALL_DAY)]) {
    await withPage(day, PHONE, async ({ tab }) => {
      const width = await tab.evaluate<number>('document.documentElement.scrollWidth');
      assert.is(width, PHONE.width);
    });
  }
});

test('says when the server is gone, and goes on when it is back', async () => {
  await withPage(made(SMALL_DAY, 4), WIDE, async ({ tab, day, server }) => {
    await server.close();
    await waitForText(tab, '#notice', 'does not answer');
    assert.is(await textOf(tab, '.link'), 'Disconnected');
    day.advance(2);
    const again = await startPage({ state: () => day.record.state(), port: server.port });
    try {
      await waitForText(tab, '.link', 'Live');
      await waitForText(tab, '.now-progress', 'Interval 7 of 16');
      assert.ok(await tab.locator('#notice').isHidden());
    } finally {
      await again.close();
    }
  });
});

test('before the first interval it says what will come, and makes nothing up', async () => {
  await withPage(new CommunityDay(SMALL_DAY), WIDE, async ({ tab, complaints }) => {
    const body = await textOf(tab, 'body');
    assert.match(body, 'Starting the chain and enrolling the meters.');
    assert.match(body, 'The first values appear at the end of the first interval.');
    assert.match(body, 'The first trades appear after the second interval.');
    assert.is(await tab.locator('.trade-list li').count(), 0);
    assert.match(await textOf(tab, '.health'), 'not up yet');
    assert.match(await textOf(tab, '.figures'), /Covered by neighbours\s+–/);
    assert.match(await textOf(tab, '.figures'), /Rejected solutions\s+–/);
    assert.equal(complaints, []);
  });
});

test('says that the run has ended, also after its server has stopped', async () => {
  await withPage(made(SMALL_DAY, 9), WIDE, async ({ tab, day, server }) => {
    day.end();
    server.notify();
    await waitForText(tab, '.link', 'Ended');
    assert.match(await textOf(tab, '#now'), 'Ended after 16 intervals');
    assert.match(await textOf(tab, '#now'), 'every interval is final and settled');
    assert.match(await textOf(tab, '.tile'), /(sells|buys) [\d.]+ kW|no trade/);
    await server.close();
    await waitForText(tab, '#notice', 'These are its last figures.');
  });
});

test.run();
