/**
 * A disk that is full, or cannot be written: a real agent whose state lies on a small file system
 * of its own, or whose files may not grow. Nothing is signed, battery and loads go as without a
 * clock, readings are kept, and all goes on by itself when there is room again.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AgentStatus } from '../../agent/status.ts';
import type { Clock } from '../../host/ports.ts';
import { scaledClock } from '../../host/scaled-clock.ts';
import type { GridFile } from '../../market/grid.ts';
import { GENERATED_START_MS } from '../../testbed/homes/community.ts';
import { temporaryFolder } from '../host/temporary-folder.ts';
import { type InstalledHome, installHome, steadyHome } from './installed-home.ts';
import { labGrid } from './lab-grid.ts';
import { journalOf, prescribe } from './prescribed.ts';
import { type Started, until } from './processes.ts';

const test = suite('agent: disk faults');

const INTERVAL_MS = 900_000;
const INTERVAL_REAL_MS = 8_000;
const FIRST = GENERATED_START_MS / INTERVAL_MS;
const INTERVALS = 12;
const TARGET_W = 3000;
const NO_LIMIT = 'unlimited';
const HEALTH = '/v1/health';

/** Where state lies, and how it fills up. */
interface Disk {
  folder: string;
  fill(agent: Started): void;
  free(agent: Started): void;
  dispose(): void;
  says: RegExp;
}

/** A file system of 2 MB. @returns null where this user may not mount one */
function smallDisk(parent: string): Disk | null {
  const folder = join(parent, 'disk');
  mkdirSync(folder);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder]);
  if (mounted.status !== 0) return null;
  const filling = join(folder, 'filling');
  return {
    folder,
    fill() {
      // The last write takes what is left, and fails.
      assert.throws(() => writeFileSync(filling, new Uint8Array(4_000_000)), 'ENOSPC');
    },
    free: () => rmSync(filling),
    dispose: () => void spawnSync('umount', [folder]),
    says: /the disk of .*journal\.db is full: make room; readings are kept in memory/,
  };
}

/** A folder in which the agent may not write more than the first byte of a file. */
function limitedDisk(parent: string): Disk {
  const limit = (agent: Started, bytes: string) => {
    const set = spawnSync('prlimit', ['--pid', String(agent.pid), `--fsize=${bytes}:${NO_LIMIT}`]);
    assert.is(set.status, 0, String(set.stderr));
  };
  return {
    folder: parent,
    fill: (agent) => limit(agent, '1'),
    free: (agent) => limit(agent, NO_LIMIT),
    dispose() {},
    says: /journal\.db cannot be read or written .*; readings are kept in memory/,
  };
}

interface Scene {
  home: InstalledHome;
  clock: Clock;
  disk: Disk;
  /** Requests that came to the DSO: each bears a signature. */
  asked: string[];
}

async function withScene(
  name: string,
  diskAt: (parent: string) => Disk | null,
  work: (scene: Scene) => Promise<void>,
): Promise<void> {
  const folder = temporaryFolder();
  const asked: string[] = [];
  const dso = await refusingDso(asked);
  let clock: Clock | null = null;
  const now = () => clock?.now() ?? GENERATED_START_MS;
  const spec = steadyHome({ name, hasBattery: true, hasBoiler: true });
  const home = await installHome(folder.path, spec, now);
  const disk = diskAt(home.folder);
  try {
    // Where nothing can be mounted the other test has to do.
    if (disk === null) return;
    const factor = INTERVAL_MS / INTERVAL_REAL_MS;
    const gridFile = join(folder.path, 'offered.json');
    writeFileSync(gridFile, gridWith(dso));
    const configure = (setting: string | null) =>
      home.configure({ pollSeconds: 75, clock: setting }, (text) =>
        text
          .replace('"wallet.db"', `"${join(disk.folder, 'wallet.db')}"`)
          .replace('"journal.db"', `"${join(disk.folder, 'journal.db')}"`),
      );
    configure(null);
    assert.is((await home.command('enrol', gridFile)).code, 0);
    const prescription = { first: FIRST, intervals: INTERVALS, targetW: TARGET_W, loadsW: 2000 };
    prescribe({ ...home, folder: disk.folder }, prescription);
    const wallOriginMs = Date.now();
    clock = scaledClock({ startsAtMs: GENERATED_START_MS, wallOriginMs, factor });
    configure(`scaled:${GENERATED_START_MS}:${wallOriginMs}:${factor}`);
    await work({ home, clock, disk, asked });
  } finally {
    disk?.dispose();
    await home.close();
    await new Promise((resolve) => dso.close(resolve));
    folder.dispose();
  }
}

/** Hears everything and answers nothing of use. */
async function refusingDso(asked: string[]): Promise<Server> {
  const server = createServer((request, response) => {
    // The word on its health goes on: it binds to nothing, and tells the utility of the disk.
    if (request.url !== HEALTH) asked.push(request.url ?? '');
    response.writeHead(503).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function gridWith(dso: Server): string {
  const { facts } = JSON.parse(labGrid()) as GridFile;
  const url = `http://127.0.0.1:${(dso.address() as AddressInfo).port}`;
  return labGrid({ dso: { ...facts.dso, url } });
}

const statusWith = ({ home }: Scene, what: string, fits: (status: AgentStatus) => boolean) =>
  until(what, async () => {
    const status = await home.status();
    return status !== null && fits(status) && status;
  });

const interval = ({ clock }: Scene) => Math.floor(clock.now() / INTERVAL_MS);
const isOn = ({ home }: Scene) => home.emulated.state().relayOn;
const modeOf = ({ home }: Scene) => home.emulated.state().batteryMode;

async function check(scene: Scene): Promise<void> {
  const { home, disk, asked } = scene;
  const agent = home.start();
  try {
    await until('it follows', () => modeOf(scene) === 'set-point' && isOn(scene) === true);
    await until('it asks the DSO', () => asked.length > 0);
    const began = interval(scene);
    await until('an interval is over', () => interval(scene) > began);
    disk.fill(agent);
    await statusWith(scene, 'it is seen', ({ problems }) =>
      problems.some((problem) => /the journal cannot be written: check the disk/.test(problem)),
    );
    const signed = asked.length;
    const unsure = interval(scene);
    // The interval in which it was seen may still have begun with a good disk.
    await until('the next interval', () => interval(scene) > unsure);
    await until('battery and relay by themselves', () => modeOf(scene) === 'automatic');
    await until('the relay safe', () => isOn(scene) === false);
    const { code, out } = await home.command('status');
    assert.is(code, 1);
    assert.match(out, /! the journal cannot be written: check the disk/);
    assert.match(out, /automatic \(the disk cannot be written\)/);
    await statusWith(scene, 'readings are kept', ({ meter }) => meter.unwrittenIntervals >= 2);
    assert.is(asked.length, signed, 'nothing was signed');

    disk.free(agent);
    await statusWith(scene, 'all is written', ({ meter }) => meter.unwrittenIntervals === 0);
    await until('it asks the DSO again', () => asked.length > signed);
    await until('it follows again', () => modeOf(scene) === 'set-point' && isOn(scene) === true);
    const told = agent.complaints().filter((line) => !/chain|DSO/.test(line));
    // One for the readings; one more where the plan is the first to notice.
    const [plan, ...others] = told.filter((line) => !disk.says.test(line));
    assert.is(told.length - others.length - (plan ? 1 : 0), 1, told.join('\n'));
    assert.equal(others, []);
    if (plan) assert.match(plan, 'could not be written to the journal: nothing is offered');
  } finally {
    const { code } = await agent.stop();
    assert.is(code, 0, agent.lines.join('\n'));
  }
  noGap(scene);
}

/** Every interval since the start stands in the journal, the full ones too. */
function noGap({ disk }: Scene): void {
  const journal = journalOf(disk);
  try {
    const rows = journal.readings(FIRST, FIRST + INTERVALS);
    const first = rows[0]?.interval ?? 0;
    assert.ok(rows.length >= 3, `${rows.length} readings`);
    assert.equal(
      rows.map((row) => row.interval - first),
      [...rows.keys()],
    );
    assert.equal([...new Set(rows.slice(1).map(({ quality }) => quality))], ['measured']);
  } finally {
    journal.close();
  }
}

test('a full disk, and one that refuses writes', async () => {
  const scenes = [withScene('full', smallDisk, check), withScene('refusing', limitedDisk, check)];
  for (const outcome of await Promise.allSettled(scenes)) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
});

test.run();
