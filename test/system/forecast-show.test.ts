/** `forecast show` of a real agent: trained in its thread soon after the start, and told so. */
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ControlledPower } from '../../agent/journal/controlled.ts';
import { Journal } from '../../agent/journal/journal.ts';
import { JOURNAL_MIGRATIONS } from '../../agent/journal/schema.ts';
import { openSql } from '../../host/sqlite.ts';
import { madeLoadW, NOW, recordLoad } from '../agent/forecasting/made-home.ts';
import { type CliHome, withCliHome } from './cli-home.ts';
import { until } from './processes.ts';

const test = suite('forecast show');
const DAYS = 20;
const PATIENCE_MS = 60_000;

/** As if the agent had been there for weeks. */
function seed({ folder }: CliHome): void {
  const sql = openSql(join(folder, 'journal.db'), { migrations: [...JOURNAL_MIGRATIONS] });
  const journal = new Journal(sql);
  const current = Math.floor(Date.now() / 900_000);
  const moved = madeLoadW(DAYS).map(({ interval, powerW }) => ({
    interval: interval - NOW + current,
    powerW,
  }));
  recordLoad(journal, moved);
  // The home has a battery, which did nothing.
  const controlled = new ControlledPower(sql);
  sql.transaction(() => {
    for (const { interval } of moved) controlled.record(interval, 0, 0);
  });
  journal.close();
}

test('an agent with weeks behind it trains at its start; one without says what it needs', () =>
  withCliHome(async (home) => {
    const first = await home.cli('forecast show');
    assert.match(first.out + first.err, /knows +nothing yet|cannot be opened|does not exist/);
    seed(home);
    const stopped = await home.cli('forecast show');
    assert.is(stopped.code, 0, stopped.err);
    assert.match(stopped.out, /knows +20 days of history, 100 % complete/);
    assert.match(stopped.out, /not trained yet: it is due/);
    const agent = await home.start();
    try {
      const found = await until(
        'it is trained',
        async () => {
          const { data } = await home.json('forecast show');
          return data.series[0].training.state === 'trained' ? data : null;
        },
        PATIENCE_MS,
      );
      assert.is(found.series[0].training.days, DAYS);
      assert.is(found.source, 'home');
      const { out } = await home.cli('forecast show');
      assert.match(out, /model +trained .* from 20 days/);
      assert.match(out, /next interval: nothing scored yet/);
    } finally {
      assert.is((await agent.stop()).code, 0, agent.lines.join('\n'));
    }
  }));

test.run();
