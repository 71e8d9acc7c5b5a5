import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT } from '../../build/project-root.ts';
import { temporaryFolder } from '../host/temporary-folder.ts';

const test = suite('start');

interface Project {
  path: string;
  dispose(): void;
}

/** A project of its own with the real starter, no dependencies, and this entry. */
function project(entry: string, dependencies: Record<string, string> = {}): Project {
  const folder = temporaryFolder();
  mkdirSync(join(folder.path, 'build'));
  copyFileSync(join(ROOT, 'build', 'start.mjs'), join(folder.path, 'build', 'start.mjs'));
  const name = { name: 'scratch', version: '1.0.0' };
  const lock = { ...name, lockfileVersion: 3, requires: true, packages: { '': name } };
  writeFileSync(join(folder.path, 'package.json'), JSON.stringify({ ...name, dependencies }));
  writeFileSync(join(folder.path, 'package-lock.json'), JSON.stringify(lock));
  writeFileSync(join(folder.path, 'entry.ts'), entry);
  return folder;
}

function start(of: Project, ...args: string[]): ChildProcess {
  return spawn(process.execPath, [join(of.path, 'build', 'start.mjs'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

async function toEnd(child: ChildProcess): Promise<Ended> {
  const ended: Ended = { code: null, out: '', err: '' };
  child.stdout?.on('data', (piece) => {
    ended.out += piece;
  });
  child.stderr?.on('data', (piece) => {
    ended.err += piece;
  });
  const [code] = await once(child, 'close');
  return { ...ended, code };
}

test('says what it does, installs once, hands over arguments and exit code', async () => {
  const scratch = project('console.log(JSON.stringify(process.argv.slice(2))); process.exit(7);');
  try {
    const first = await toEnd(start(scratch, 'entry.ts', '--a', 'b c'));
    assert.is(first.code, 7);
    assert.is(first.out, '["--a","b c"]\n', 'stdout belongs to the entry alone');
    assert.match(first.err, /^transax: starting entry\.ts\ntransax: installing/);
    const second = await toEnd(start(scratch, 'entry.ts'));
    assert.is(second.err, 'transax: starting entry.ts\n', 'quiet when nothing is to be done');
  } finally {
    scratch.dispose();
  }
});

test('installs again when the lock file has changed', async () => {
  const scratch = project('');
  try {
    await toEnd(start(scratch, 'entry.ts'));
    const lock = { name: 'scratch', version: '1.0.1', lockfileVersion: 3, packages: { '': {} } };
    writeFileSync(join(scratch.path, 'package-lock.json'), JSON.stringify(lock));
    rmSync(join(scratch.path, 'node_modules', '.package-lock.json'), { force: true });
    const again = await toEnd(start(scratch, 'entry.ts'));
    assert.match(again.err, 'transax: installing');
  } finally {
    scratch.dispose();
  }
});

test('tells what npm said when it cannot install, and starts nothing', async () => {
  const scratch = project("import { writeFileSync } from 'node:fs'; writeFileSync('ran', '');", {
    'not-in-the-lock': '1.0.0',
  });
  try {
    const ended = await toEnd(start(scratch, 'entry.ts'));
    assert.is(ended.code, 1);
    assert.match(ended.err, 'transax: npm could not install the dependencies');
    assert.match(ended.err, 'not-in-the-lock');
    assert.not.ok(existsSync(join(scratch.path, 'ran')));
  } finally {
    scratch.dispose();
  }
});

test('hands a signal on once, though a key press may bring it twice', async () => {
  const scratch = project(`
    let count = 0;
    process.on('SIGINT', () => { count += 1; setTimeout(() => process.exit(40 + count), 300); });
    setInterval(() => {}, 1000);
    console.log('ready');`);
  try {
    const child = start(scratch, 'entry.ts');
    const end = toEnd(child);
    if (child.stdout !== null) await once(child.stdout, 'data');
    child.kill('SIGINT');
    setTimeout(() => child.kill('SIGINT'), 50);
    assert.is((await end).code, 41);
  } finally {
    scratch.dispose();
  }
});

test('ends as its entry ends when that is killed', async () => {
  const scratch = project("process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);");
  try {
    assert.is((await toEnd(start(scratch, 'entry.ts'))).code, 128 + 15);
  } finally {
    scratch.dispose();
  }
});

test.run();
