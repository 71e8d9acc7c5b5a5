/**
 * A meter that answers rubbish, not at all, or is unplugged: a real agent on real Modbus TCP, held
 * to a schedule by battery and relay. Nothing wrong is believed, battery and relay go the ways of
 * the design's table, and all goes on by itself when the fault ends.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Clock } from '../../host/ports.ts';
import { scaledClock } from '../../host/scaled-clock.ts';
import { GENERATED_START_MS } from '../../testbed/homes/community.ts';
import { temporaryFolder } from '../host/temporary-folder.ts';
import { type InstalledHome, installHome, steadyHome } from './installed-home.ts';
import { labGrid } from './lab-grid.ts';
import { journalOf, prescribe } from './prescribed.ts';
import { type Started, until } from './processes.ts';

const test = suite('agent: meter faults');

const INTERVAL_MS = 900_000;
/** Real time of an interval: silence takes three deadlines of 1.5 s to be called so. */
const INTERVAL_REAL_MS = 16_000;
const FIRST = GENERATED_START_MS / INTERVAL_MS;
const INTERVALS = 8;
const TARGET_W = 3000;
/** A counter tells float32 kWh in steps of some 200 Ws; the wandering of the load does the rest. */
const TOLERANCE_WS = 5_000;
/** Beside a gap: a look that a busy machine answers late counts up to a poll of 60 s too much. */
const GAP_TOLERANCE_WS = 60 * TARGET_W;

interface Scene {
  clock: Clock;
  home: InstalledHome;
  agent: Started;
}

interface Fault {
  name: string;
  begin(home: InstalledHome): void | Promise<void>;
  end(home: InstalledHome): void | Promise<void>;
  /** What the line of the log names. */
  cause: RegExp;
}

const FAULTS: Fault[] = [
  {
    name: 'answers rubbish',
    begin: ({ meterLine }) => {
      meterLine.server.mode = 'rubbish';
    },
    end: ({ meterLine }) => {
      meterLine.server.mode = 'ok';
    },
    cause: /cannot be read: 127\.0\.0\.1:\d+: .*(answer|Modbus)/,
  },
  {
    name: 'is silent',
    begin: ({ meterLine }) => {
      meterLine.server.mode = 'silent';
    },
    end: ({ meterLine }) => {
      meterLine.server.mode = 'ok';
    },
    cause: /cannot be read: 127\.0\.0\.1:\d+: no answer in time/,
  },
  {
    name: 'is unplugged',
    begin: ({ meterLine }) => meterLine.server.close(),
    end: async ({ meterLine }) => {
      await meterLine.server.listen('127.0.0.1', meterLine.port);
    },
    cause: /cannot be read: 127\.0\.0\.1:\d+: .*(closed|ECONNREFUSED)/,
  },
];

/** Enrolled, held to `TARGET_W` for some intervals, with the boiler planned on. */
async function withScene(name: string, work: (scene: Scene) => Promise<void>): Promise<void> {
  const folder = temporaryFolder();
  const factor = INTERVAL_MS / INTERVAL_REAL_MS;
  const startsAtMs = GENERATED_START_MS;
  let clock: Clock | null = null;
  const now = () => clock?.now() ?? startsAtMs;
  const spec = steadyHome({ name: name.replaceAll(' ', '-'), hasBattery: true, hasBoiler: true });
  const home = await installHome(folder.path, spec, now);
  try {
    const gridFile = join(folder.path, 'offered.json');
    writeFileSync(gridFile, labGrid());
    assert.is((await home.command('enrol', gridFile)).code, 0);
    prescribe(home, { first: FIRST, intervals: INTERVALS, targetW: TARGET_W, loadsW: 2000 });
    const wallOriginMs = Date.now();
    clock = scaledClock({ startsAtMs, wallOriginMs, factor });
    home.configure({ pollSeconds: 60, clock: `scaled:${startsAtMs}:${wallOriginMs}:${factor}` });
    const agent = home.start();
    try {
      await work({ clock, home, agent });
    } finally {
      assert.is((await agent.stop()).code, 0, agent.lines.join('\n'));
    }
  } finally {
    await home.close();
    folder.dispose();
  }
}

const intervalNow = (clock: Clock) => Math.floor(clock.now() / INTERVAL_MS);

const looksOf = ({ home }: Scene) => {
  const { batteryMode, relayOn } = home.emulated.state();
  return { battery: batteryMode, isRelayOn: relayOn };
};

const FOLLOWS = { battery: 'set-point', isRelayOn: true } as const;

const follow = (scene: Scene) =>
  until('battery and relay follow', () => {
    scene.home.emulated.advance(scene.clock.now());
    const { battery, isRelayOn } = looksOf(scene);
    return battery === FOLLOWS.battery && isRelayOn === FOLLOWS.isRelayOn;
  });

const intervalAfter = ({ clock }: Scene, interval: number) =>
  until('the next interval', () => intervalNow(clock) > interval);

const check = (fault: Fault) => async (scene: Scene) => {
  const { clock, home, agent } = scene;
  await follow(scene);
  const before = intervalNow(clock);
  await intervalAfter(scene, before);
  const complaints = agent.complaints().length;

  await fault.begin(home);
  const silent = await until('the meter is called silent', async () => {
    const status = await home.status();
    return status?.meter.isSilent === true && status;
  });
  assert.is(intervalNow(clock), before + 1, 'soon enough');
  await until('the battery goes its own way', () => looksOf(scene).battery === 'automatic');
  assert.is(looksOf(scene).isRelayOn, true, 'the relay stays to the end of the interval');
  assert.match(silent.following.reason ?? '', /meter is silent/);
  const { code, out } = await home.command('status');
  assert.is(code, 1);
  assert.match(
    out,
    /! the meter at tcp:\/\/127\.0\.0\.1:\d+ gives no good answer: check its power/,
  );
  assert.match(out, /SILENT/);

  await intervalAfter(scene, before + 1);
  await until('then the relay goes safe', () => looksOf(scene).isRelayOn === false);
  assert.is(intervalNow(clock), before + 2);

  await fault.end(home);
  await until('the meter is read again', async () => {
    const status = await home.status();
    return status !== null && !status.meter.isSilent;
  });
  await intervalAfter(scene, before + 2);
  await follow(scene);
  await intervalAfter(scene, before + 3);
  await intervalAfter(scene, before + 4);
  told(agent.complaints().slice(complaints), fault);
  await agent.stop();
  booksAgree(scene, before + 4);
};

/** One line for the cause, one for what follows from it, whatever the number of looks. */
function told(lines: string[], { cause }: Fault): void {
  const [first = '', second = '', ...more] = lines.filter((line) => !/DSO/.test(line));
  assert.match(first, cause);
  assert.match(second, 'the meter is silent: battery and loads go to their safe ways');
  assert.equal(more, []);
}

/** Every reading is what flowed, or says that it is shared out; together they are what flowed. */
function booksAgree({ home }: Scene, last: number): void {
  const journal = journalOf(home);
  try {
    const rows = journal.readings(FIRST + 1, last);
    assert.is(rows.length, last - FIRST);
    let errorWs = 0;
    for (const { interval, importedWs, exportedWs, quality } of rows) {
      const truth = home.emulated.interval(interval);
      assert.ok(importedWs !== null && exportedWs !== null, 'the counters went on');
      const error = importedWs - exportedWs - (truth.importedWs - truth.exportedWs);
      errorWs += error;
      const isExact = quality === 'measured' || quality === 'counter-filled';
      const said = `${interval - FIRST} ${quality}: ${error} Ws off`;
      if (isExact) assert.ok(Math.abs(error) <= TOLERANCE_WS, said);
    }
    assert.ok(Math.abs(errorWs) <= GAP_TOLERANCE_WS, `${errorWs} Ws off in all`);
    assert.is(journal.reading(last)?.quality, 'measured', 'it goes on');
  } finally {
    journal.close();
  }
}

test('a meter that answers rubbish, is silent, or is unplugged', async () => {
  const scenes = FAULTS.map((fault) => withScene(fault.name, check(fault)));
  for (const outcome of await Promise.allSettled(scenes)) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
});

test.run();
