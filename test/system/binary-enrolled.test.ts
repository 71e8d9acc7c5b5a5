/**
 * The agent as one file, as an installer would use it: alone in a folder, it enrols by its own
 * `enrol`, trades with a neighbour whose agent runs from source, and follows what became final.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Journal } from '../../agent/journal/journal.ts';
import type { ScheduleRow } from '../../agent/journal/rows.ts';
import { buildBinary } from '../../build/binary.ts';
import { ROOT } from '../../build/project-root.ts';
import { openSql } from '../../host/sqlite.ts';
import { brokenOf } from '../../market/broken-trades.ts';
import { aloneIn } from './alone.ts';
import { steadyHome } from './installed-home.ts';
import { INTERVAL_MS, type Market, withMarket } from './one-home.ts';
import { until } from './processes.ts';

const test = suite('binary enrolled');

const INTERVAL_REAL_MS = 8_000;
const PATIENCE_MS = 120_000;
const MOST_BROKEN = 0.05;

/** The first interval that is held to a final trade of its own, once it is over. */
async function tradedInterval({ clock }: Market, folder: string): Promise<ScheduleRow> {
  const journal = new Journal(openSql(join(folder, 'journal.db'), { readOnly: true }));
  try {
    return await until(
      'an interval with a trade',
      () => {
        const current = Math.floor(clock.now() / INTERVAL_MS);
        const over = journal.schedules(0, current - 1).filter(({ committedW }) => committedW !== 0);
        return over.find(({ interval }) => journal.reading(interval) !== null);
      },
      PATIENCE_MS,
    );
  } finally {
    journal.close();
  }
}

test('enrolled by its own command, the binary trades and follows an interval', async () => {
  const platform = `${process.platform}-${process.arch}`;
  const binary = await buildBinary(platform, join(ROOT, '.cache', 'binary-test'));
  const seller = steadyHome({ name: 'seller', pvW: 5000, loadW: 500, hasBattery: true });
  const buyer = steadyHome({ name: 'buyer', loadW: 3000 });
  const homes = [
    { spec: seller, program: (folder: string) => aloneIn(folder, binary.path) },
    { spec: buyer },
  ];
  await withMarket(homes, INTERVAL_REAL_MS, async (market) => {
    const agents = market.homes.map((home) => home.start());
    const [home] = market.homes;
    assert.ok(home);
    try {
      await until('its journal', () => existsSync(join(home.folder, 'journal.db-wal')));
      await until('it is well', async () => (await home.status())?.state === 'good');
      const { interval, committedW } = await tradedInterval(market, home.folder);
      assert.ok(committedW < 0, 'it sold');
      const { importedWs, exportedWs } = home.emulated.interval(interval);
      const soldWs = (committedW * INTERVAL_MS) / 1000;
      const broken = brokenOf(soldWs, importedWs - exportedWs) / -soldWs;
      assert.ok(broken < MOST_BROKEN, `${(100 * broken).toFixed(1)} % was not fed in`);
      const { code, out } = await home.command('status');
      assert.is(code, 0, out);
    } finally {
      for (const agent of agents) assert.is((await agent.stop()).code, 0, agent.lines.join('\n'));
    }
    assert.equal(readdirSync(join(home.folder, 'tmp')), [], 'no addon is left on disk');
  });
});

test.run();
