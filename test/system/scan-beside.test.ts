/**
 * A scan beside the running agent: it lends its bus, polls again soon enough, and what flowed
 * meanwhile is in the journal by the counters.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Clock } from '../../host/ports.ts';
import { scaledClock } from '../../host/scaled-clock.ts';
import { GENERATED_START_MS } from '../../testbed/homes/community.ts';
import { temporaryFolder } from '../host/temporary-folder.ts';
import { installHome, steadyHome } from './installed-home.ts';
import { labGrid } from './lab-grid.ts';
import { journalOf } from './prescribed.ts';
import { until } from './processes.ts';

const test = suite('agent: scan beside it');
const INTERVAL_MS = 900_000;
/** Real time of an interval: a scan that takes two lendings fits into one. */
const INTERVAL_REAL_MS = 48_000;
/** A lending of 25 s, and the look after it. */
const MOST_PAUSE_SECONDS = 30;
/** Units of which nobody hears: each takes two time-outs of this. */
const TIMEOUT_MS = 700;
/** A counter tells float32 kWh in steps of some 200 Ws, at either end of the interval. */
const STEP_WS = 250;

test('polling pauses for 30 s at most, and the journal has what flowed meanwhile', async () => {
  const folder = temporaryFolder();
  const factor = INTERVAL_MS / INTERVAL_REAL_MS;
  const startsAtMs = GENERATED_START_MS + 12 * 3_600_000;
  let clock: Clock | null = null;
  const spec = steadyHome({ loadW: 3000 });
  const home = await installHome(folder.path, spec, () => clock?.now() ?? startsAtMs);
  try {
    const gridFile = join(folder.path, 'offered.json');
    writeFileSync(gridFile, labGrid());
    assert.is((await home.command('enrol', gridFile)).code, 0);
    // The agent is there when the second interval begins.
    const wallOriginMs = Date.now() - INTERVAL_REAL_MS + 6_000;
    clock = scaledClock({ startsAtMs, wallOriginMs, factor });
    const { now } = clock;
    const scale = `scaled:${startsAtMs}:${wallOriginMs}:${factor}`;
    home.configure({ pollSeconds: 15, clock: scale }, (text) =>
      text.replace('gap = "0 s"', `gap = "0 s"\ntimeout = "${TIMEOUT_MS} ms"`),
    );
    const intervalNow = () => Math.floor(now() / INTERVAL_MS);
    const scanned = startsAtMs / INTERVAL_MS + 1;
    const agent = home.start();
    try {
      await until('it meters', async () => (await home.status())?.meter.powerW != null);
      await until('the interval begins', () => intervalNow() >= scanned);
      home.meterLine.server.speaksForMissing = false;
      const scanStartMs = performance.now();
      let isOver = false;
      const scan = home
        .command('meter', 'scan', 'meter', '--units', '1..12', '--json')
        .finally(() => {
          isOver = true;
        });
      let mostSeconds = 0;
      await until('the scan is over', async () => {
        const { meter } = (await home.status()) ?? {};
        mostSeconds = Math.max(mostSeconds, meter?.ageSeconds ?? 0);
        assert.is(meter?.isSilent, false, 'a lending is no silence');
        return isOver;
      });
      const { code, out, err } = await scan;
      const tookSeconds = (performance.now() - scanStartMs) / 1000;
      assert.is(code, 0, out + err);
      const { data } = JSON.parse(out);
      assert.is(data.throughAgent, true);
      assert.is(data.found.length, 1);
      assert.is(data.found[0].unit, 1);
      assert.is(data.found[0].matches[0].profile, 'eastron-sdm630');
      const told = `paused for ${mostSeconds} s of ${tookSeconds} s`;
      assert.ok(mostSeconds > 5 && mostSeconds <= MOST_PAUSE_SECONDS, told);
      assert.ok(tookSeconds > MOST_PAUSE_SECONDS - 5, `long enough to be lent twice: ${told}`);
      await until('the interval is over', () => intervalNow() > scanned);
      await until('it is written', async () => (await home.status())?.interval === scanned + 1);
    } finally {
      assert.is((await agent.stop()).code, 0, agent.lines.join('\n'));
    }
    const journal = journalOf(home);
    const row = journal.reading(scanned);
    journal.close();
    assert.ok(row !== null, 'it is in the journal');
    assert.ok(['measured', 'counter-filled'].includes(row.quality), row.quality);
    const truth = home.emulated.interval(scanned);
    const offWs = (row.importedWs ?? 0) - truth.importedWs;
    assert.ok(Math.abs(offWs) <= 2 * STEP_WS, `${row.quality}, ${offWs} Ws off`);
  } finally {
    await home.close();
    folder.dispose();
  }
});

test.run();
