/** Backup and restore: while the DSO runs, killed at any moment, over newer books, and damaged. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openSql } from '../../host/sqlite.ts';
import { Books } from '../../operator/books/books.ts';
import { RESTORED } from '../../operator/books/restored.ts';
import { makeMeter, startUtility } from './world.ts';

const test = suite('operator: backup');
const MAIN = fileURLToPath(new URL('../../operator/main.ts', import.meta.url));
const METERS = 400;

async function setUp() {
  const utility = await startUtility();
  const { folder, config } = utility;
  const run = async (...args: string[]) => {
    const { code, log } = await utility.run(args);
    return { code, said: log.join('\n') };
  };
  const done = async (...args: string[]) => {
    const ran = await run(...args);
    assert.is(ran.code, 0, `${args.join(' ')}: ${ran.said}`);
  };
  await done('deploy');
  await done('grid', 'export');
  const at = (name: string) => join(folder, name);
  /** Enough that a copy takes its time. */
  const fill = (block: number) => {
    const sql = openSql(at('books.db'), {});
    const books = new Books(sql);
    books.transaction(() => {
      for (let count = 0; count < METERS; count += 1) {
        const { meterId } = makeMeter();
        const meter = { meterId, feeder: 1, maxPowerW: 1_000, balanceMicro: 1n, suspended: false };
        books.meters.add(meter, 1);
      }
      books.facts.set('followed block', String(block));
    });
    sql.close();
  };
  const inBooks = <T>(look: (books: Books) => T): T => {
    const sql = openSql(at('books.db'), { readOnly: true });
    const found = look(new Books(sql));
    sql.close();
    return found;
  };
  const start = (...args: string[]): ChildProcess =>
    spawn(process.execPath, [MAIN, ...args, '--config', config], { stdio: 'ignore' });
  return { utility, folder, run, done, at, fill, inBooks, start };
}
type World = Awaited<ReturnType<typeof setUp>>;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

/** Kills a command after a growing time, until it comes through. @returns how often */
async function killed(world: World, args: string[], after: () => void): Promise<number> {
  let kills = 0;
  for (let ms = 300; ms < 100_000; ms *= 2) {
    const child = world.start(...args);
    await Promise.race([ended(child), pause(ms)]);
    const isThrough = child.exitCode === 0;
    child.kill('SIGKILL');
    await ended(child);
    if (isThrough) return kills;
    kills += 1;
    after();
  }
  throw new Error(`${args.join(' ')} never came through`);
}

test('a backup that was killed leaves nothing that looks like one; the next is whole', async () => {
  const world = await setUp();
  try {
    world.fill(7);
    const to = world.at('backup');
    const kills = await killed(world, ['backup', to], () => assert.not.ok(existsSync(to)));
    assert.ok(kills > 0, `${kills} kills`);
    assert.equal(readdirSync(to).sort(), [
      'books.db',
      'deployment.json',
      'grid.json',
      'manifest.json',
    ]);
    assert.match((await world.run('backup', to)).said, 'a backup is never written over');
    const [before] = [world.inBooks((books) => books.meters.summaries(0).length)];
    world.fill(9);
    assert.match(
      (await world.run('restore', to)).said,
      'knows the log to block 9, the backup only to 7',
    );
    await world.done('restore', to, '--force');
    assert.is(
      world.inBooks((books) => books.meters.summaries(0).length),
      before,
    );
    assert.is(
      world.inBooks((books) => books.facts.get(RESTORED)),
      '7',
    );
    assert.ok(readdirSync(world.folder).some((name) => /^books\.db\.before-restore-/.test(name)));
  } finally {
    await world.utility.close();
  }
});

test('a restore that was killed is run again; until then nothing opens', async () => {
  const world = await setUp();
  try {
    world.fill(7);
    const to = world.at('backup');
    await world.done('backup', to);
    rmSync(world.at('books.db'));
    writeFileSync(world.at('books.db'), 'not a database at all, but long enough to be looked at');
    let cutOff = 0;
    const kills = await killed(world, ['restore', to], () => {
      cutOff += existsSync(world.at('books.db.restore')) ? 1 : 0;
    });
    assert.ok(kills > 0, `${kills} kills, ${cutOff} in the middle`);
    assert.is(
      world.inBooks((books) => books.meters.summaries(0).length),
      METERS,
    );
    assert.not.ok(existsSync(world.at('books.db.restore')));
    writeFileSync(world.at('books.db.restore'), to);
    const refused = await world.run('meter', 'suspend', '0x12');
    assert.match(refused.said, 'a restore was cut off: run transax-operator restore again');
    await world.done('restore', to);
  } finally {
    await world.utility.close();
  }
});

test('a damaged backup, a strange one and books in use are refused', async () => {
  const world = await setUp();
  try {
    world.fill(7);
    const to = world.at('backup');
    await world.done('backup', to);
    const held = openSql(world.at('books.db'), {});
    assert.match((await world.run('restore', to)).said, 'is in use: stop DSO and solver first');
    await world.done('backup', world.at('beside'));
    held.close();
    const bytes = readFileSync(join(to, 'books.db'));
    bytes[5000] = (bytes[5000] ?? 0) ^ 1;
    writeFileSync(join(to, 'books.db'), bytes);
    assert.match((await world.run('restore', to)).said, 'is not as it was backed up');
    assert.match((await world.run('restore', world.folder)).said, 'is no backup');
    const path = join(world.at('beside'), 'manifest.json');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace(/"chainId": \d+/, '"chainId": 1'));
    assert.match((await world.run('restore', world.at('beside'))).said, 'is of the market 1:');
    writeFileSync(path, text.replace('"books.db"', '"../books.db"'));
    assert.match((await world.run('restore', world.at('beside'))).said, 'not of the agreed form');
    assert.is(
      world.inBooks((books) => books.facts.get(RESTORED)),
      null,
    );
  } finally {
    await world.utility.close();
  }
});

test.run();
