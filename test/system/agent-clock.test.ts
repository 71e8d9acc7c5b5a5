/** The agent as a process on a board whose clock is wrong: faked dates, and a `chronyc` of ours. */
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Journal } from '../../agent/journal/journal.ts';
import { JOURNAL_MIGRATIONS } from '../../agent/journal/schema.ts';
import { openSql } from '../../host/sqlite.ts';
import { START_MS, withFixture } from '../agent/agent-fixture.ts';
import { AGENT, run, Started, until } from './processes.ts';

const test = suite('agent: clock');
const WAIT_MS = 60_000;

/** Of Debian's package faketime. */
function fakeTimeLibrary(): string {
  for (const folder of readdirSync('/usr/lib')) {
    const path = join('/usr/lib', folder, 'faketime', 'libfaketime.so.1');
    if (existsSync(path)) return path;
  }
  throw new Error('install faketime');
}

type Says = (text: RegExp, times?: number) => Promise<unknown>;

interface Board {
  /** What the clock on the wall shows from now on, as if it were the start of the process. */
  setClock(text: string): void;
  /** What chrony says. */
  track(isSynchronised: boolean): void;
  start(): Started;
}

function makeBoard(folder: string, config: string): Board {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const tracking = join(folder, 'tracking');
  writeFileSync(join(bin, 'chronyc'), `#!/bin/sh\ncat '${tracking}'\n`);
  chmodSync(join(bin, 'chronyc'), 0o755);
  const date = join(folder, 'date');
  const env = {
    ...AGENT.env,
    PATH: [bin, AGENT.env.PATH].join(delimiter),
    LD_PRELOAD: fakeTimeLibrary(),
    FAKETIME_TIMESTAMP_FILE: date,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    TZ: 'UTC',
  };
  return {
    setClock: (text) => writeFileSync(date, `@${text}\n`),
    track(isSynchronised) {
      const leap = isSynchronised ? 'Normal' : 'Not synchronised';
      const reference = isSynchronised ? Date.now() / 1000 : 0;
      const offsets = '0.0018,0.0,0.0,0.0,0.0,0.0,0.002,0.001,64.0';
      writeFileSync(tracking, `C0000201,192.0.2.1,3,${reference},${offsets},${leap}\n`);
    },
    start: () => new Started({ ...AGENT, env }, 'run', '--config', config),
  };
}

const dateText = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

function checkpointOf(folder: string): number | null {
  const path = join(folder, 'journal.db');
  const journal = new Journal(openSql(path, { migrations: [...JOURNAL_MIGRATIONS] }));
  try {
    return journal.lastCheckpoint()?.atMs ?? null;
  } finally {
    journal.close();
  }
}

/** Bytes of the journal and its log. */
function writtenTo(folder: string): number {
  const sizes = ['journal.db', 'journal.db-wal'].map(
    (name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** An enrolled home, whose agent may be started again and again on the same board. */
async function withBoard(
  date: string,
  work: (board: Board, folder: string) => Promise<void>,
): Promise<void> {
  await withFixture(
    () => START_MS,
    async ({ folder, config, gridFile, change }) => {
      change('unproven_clock = true\n', '');
      change('poll = "15 s"', 'poll = "1 s"');
      const { code, err } = await run(AGENT, 'enrol', gridFile, '--config', config);
      assert.is(code, 0, err);
      const its = makeBoard(folder, config);
      its.setClock(date);
      its.track(false);
      await work(its, folder);
    },
  );
}

async function running(board: Board, work: (says: Says) => Promise<void>): Promise<void> {
  const agent = board.start();
  const says: Says = (text, times = 1) =>
    until(
      String(text),
      () => agent.lines.filter((line) => text.test(line)).length === times,
      WAIT_MS,
    );
  try {
    await says(/the agent runs/);
    await work(says);
  } finally {
    await agent.stop();
  }
}

for (const [date, reason] of [
  ['1970-01-01 00:01:00', /not proven.*1970-01-01T00:01:\d\d: it was never set/],
  ['2093-05-05 12:00:00', /not proven.*chrony has no time yet/],
] as const) {
  test(`a board that boots on ${date} writes nothing until its clock is set`, () =>
    withBoard(date, async (board, folder) => {
      await running(board, async (says) => {
        await says(reason);
      });
      assert.is(checkpointOf(folder), null);
      await running(board, async (says) => {
        await says(reason);
        board.setClock(dateText(Date.now()));
        board.track(true);
        const before = writtenTo(folder);
        await says(/the clock is proven good/);
        await until('a checkpoint', () => writtenTo(folder) > before, WAIT_MS);
      });
      // The faked clock counts from the start of the process.
      assert.ok(Math.abs((checkpointOf(folder) ?? 0) - Date.now()) < 120_000);
    }));
}

test('a step is said, and believed when chrony has compared the clock since', () =>
  withBoard(dateText(Date.now()), (board) =>
    running(board, async (says) => {
      board.track(true);
      await says(/the clock is proven good/);
      board.setClock(dateText(Date.now() + 3_600_000));
      await says(/not proven good.*was set by 3\d\d\d/);
      board.setClock(dateText(Date.now()));
      board.track(true);
      await says(/the clock is proven good/, 2);
    }),
  ));

test.run();
