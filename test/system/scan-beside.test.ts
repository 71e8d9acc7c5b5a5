/**
 * A scan beside the running agent: it lends its bus, polls again soon enough, and what flowed
 * meanwhile is in the journal by the counters.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReadingRow } from '../../agent/journal/rows.ts';
import type { Clock } from '../../host/ports.ts';
import { requestUnix } from '../../host/post-unix.ts';
import { scaledClock } from '../../host/scaled-clock.ts';
import { GENERATED_START_MS } from '../../testbed/homes/community.ts';
import { temporaryFolder } from '../host/temporary-folder.ts';
import { type InstalledHome, installHome, steadyHome } from './installed-home.ts';
import { labGrid } from './lab-grid.ts';
import { journalOf } from './prescribed.ts';
import { type Started, until } from './processes.ts';

const test = suite('agent: scan beside it');
const INTERVAL_MS = 900_000;
const START_MS = GENERATED_START_MS + 12 * 3_600_000;
/** Real time of an interval: a scan that takes two lendings fits into one. */
const INTERVAL_REAL_MS = 48_000;
/** A lending of 25 s, and the look after it. */
const MOST_PAUSE_SECONDS = 30;
/** Units of which nobody hears: each takes this, and the line some silence after it. */
const TIMEOUT_MS = 700;
/** A counter tells float32 kWh in steps of some 200 Ws, at either end of the interval. */
const STEP_WS = 250;

interface Scene {
  home: InstalledHome;
  clock: Clock;
  agent: Started;
}

/** @param factor of market time. @param begins how long before the second interval, real ms */
async function withScene(
  { factor, begins, pollSeconds }: { factor: number; begins: number; pollSeconds: number },
  work: (scene: Scene) => Promise<void>,
): Promise<void> {
  const folder = temporaryFolder();
  const startsAtMs = START_MS;
  let clock: Clock | null = null;
  const spec = steadyHome({ loadW: 3000 });
  const home = await installHome(folder.path, spec, () => clock?.now() ?? startsAtMs);
  try {
    const gridFile = join(folder.path, 'offered.json');
    writeFileSync(gridFile, labGrid());
    assert.is((await home.command('enrol', gridFile)).code, 0);
    const wallOriginMs = Date.now() - INTERVAL_MS / factor + begins;
    clock = scaledClock({ startsAtMs, wallOriginMs, factor });
    const scale = `scaled:${startsAtMs}:${wallOriginMs}:${factor}`;
    home.configure({ pollSeconds, clock: scale }, (text) =>
      text.replace('gap = "0 s"', `gap = "0 s"\ntimeout = "${TIMEOUT_MS} ms"`),
    );
    const agent = home.start();
    try {
      await until('it meters', async () => (await home.status())?.meter.powerW != null);
      await work({ home, clock, agent });
    } finally {
      assert.is((await agent.stop()).code, 0, agent.lines.join('\n'));
    }
  } finally {
    await home.close();
    folder.dispose();
  }
}

/** A scan that takes longer than one lending. @returns what the agent said of its meter */
async function scanLong({ home }: Scene) {
  home.meterLine.server.speaksForMissing = false;
  const startMs = performance.now();
  const asked = ['meter', 'scan', 'meter', '--units', '1..26', '--json'];
  let isOver = false;
  const scan = home.command(...asked).finally(() => {
    isOver = true;
  });
  let pausedSeconds = 0;
  let wasSilent = false;
  await until('the scan is over', async () => {
    const { meter } = (await home.status()) ?? {};
    pausedSeconds = Math.max(pausedSeconds, meter?.ageSeconds ?? 0);
    wasSilent ||= meter?.isSilent === true;
    return isOver;
  });
  const { code, out, err } = await scan;
  assert.is(code, 0, out + err);
  const { data } = JSON.parse(out);
  assert.is(data.throughAgent, true);
  assert.is(data.found.length, 1);
  assert.is(data.found[0].unit, 1);
  assert.is(data.found[0].matches[0].profile, 'eastron-sdm630');
  const tookSeconds = (performance.now() - startMs) / 1000;
  return { pausedSeconds, tookSeconds, wasSilent };
}

test('polling pauses for 30 s at most, which is no silence', () =>
  withScene({ factor: 1, begins: 600_000, pollSeconds: 1 }, async (scene) => {
    const { pausedSeconds, tookSeconds, wasSilent } = await scanLong(scene);
    const told = `paused for ${pausedSeconds} s of ${tookSeconds} s`;
    assert.ok(pausedSeconds > 5 && pausedSeconds <= MOST_PAUSE_SECONDS, told);
    assert.ok(tookSeconds > pausedSeconds + 3, `long enough to be lent twice: ${told}`);
    assert.is(wasSilent, false);
  }));

test('the journal has what flowed meanwhile, by the counters', async () => {
  const factor = INTERVAL_MS / INTERVAL_REAL_MS;
  const scanned = START_MS / INTERVAL_MS + 1;
  // In real time the agent is not silent; here minutes of the market pass.
  await withScene({ factor, begins: 6_000, pollSeconds: 15 }, async (scene) => {
    const { home, clock, agent } = scene;
    const intervalNow = () => Math.floor(clock.now() / INTERVAL_MS);
    await until('the interval begins', () => intervalNow() >= scanned);
    await scanLong(scene);
    assert.is(intervalNow(), scanned, 'all within one interval');
    const written = async () => (await rowsOf(home, scanned)).length === 1;
    await until('it is written', written);
    await agent.stop();
    const journal = journalOf(home);
    const row = journal.reading(scanned);
    journal.close();
    assert.ok(row !== null);
    assert.ok(['measured', 'counter-filled'].includes(row.quality), row.quality);
    const offWs = (row.importedWs ?? 0) - home.emulated.interval(scanned).importedWs;
    assert.ok(Math.abs(offWs) <= 2 * STEP_WS, `${row.quality}, ${offWs} Ws off`);
  });
});

async function rowsOf({ folder }: InstalledHome, interval: number): Promise<ReadingRow[]> {
  const path = `/readings?first=${interval}&last=${interval}`;
  const { body } = await requestUnix(join(folder, 'agent.sock'), 'GET', path, 10_000);
  return JSON.parse(body) as ReadingRow[];
}

test.run();
