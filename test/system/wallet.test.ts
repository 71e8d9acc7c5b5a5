/**
 * The wallet by its commands, in the real program: made, shown at a terminal, restored from its
 * words into an empty folder and over an old copy, given a new key by a process that is killed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type CliHome, withCliHome } from './cli-home.ts';
import { AGENT } from './processes.ts';

const test = suite('agent: wallet');
const PROGRAM = AGENT.command;
const { cwd, env } = AGENT;
/** Two processes of Python's pty module: one is the terminal, one the user. */
const TYPIST = `
import os, pty, re, sys, select, time
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
text, words = '', {}
def read():
    global text
    try:
        data = os.read(fd, 65536)
    except OSError:
        return False
    text += data.decode()
    return bool(data)
def until(pattern):
    global text
    while not re.search(pattern, text):
        if not read(): break
    found = re.search(pattern, text)
    rest, text = text, ''
    return found, rest
until('behind you. Enter: ')
os.write(fd, b'\\n')
found, screen = until('Written down[^:]*: ')
for number, word in re.findall(r'(\\d+) ([a-z]+)', screen):
    words[int(number)] = word
os.write(fd, b'\\n')
for _ in range(2):
    found, rest = until(r'Word (\\d+) is: ')
    if not found: break
    os.write(fd, (words[int(found.group(1))][:4] + '\\n').encode())
while read(): pass
_, status = os.waitpid(pid, 0)
print(' '.join(words[n] for n in sorted(words)))
sys.exit(os.waitstatus_to_exitcode(status))
`;

function showWords(home: CliHome): string {
  const words = [...PROGRAM, 'wallet', 'backup', 'show', '--config', home.config];
  const { stdout, stderr, status } = spawnSync('/usr/bin/python3', ['-c', TYPIST, ...words], {
    ...{ cwd, env, encoding: 'utf8' },
  });
  assert.is(status, 0, stdout + stderr);
  return stdout.trim();
}

function restore(home: CliHome, words: string): { status: number | null; out: string } {
  const [program, ...args] = PROGRAM;
  const line = [...args, 'wallet', 'restore', '--config', home.config];
  const { stdout, stderr, status } = spawnSync(program, line, {
    cwd,
    env,
    input: words,
    encoding: 'utf8',
  });
  return { status, out: stdout + stderr };
}

const filesOf = ({ folder }: CliHome, pattern: RegExp) =>
  readdirSync(folder).filter((name) => pattern.test(name));

test('shown once, forgotten, and the same meter from the words in an empty folder', () =>
  withCliHome(async (home) => {
    const { cli, folder, gridFile } = home;
    const code = (await cli(`enrol ${gridFile}`)).out;
    assert.match((await cli('wallet status')).out, /backup .*not on paper yet/);
    const piped = await cli('wallet backup show');
    assert.is(piped.code, 7, piped.out + piped.err);
    const words = showWords(home);
    assert.is(words.split(' ').length, 24);
    assert.match((await cli('wallet status')).out, /backup .*the words are on paper/);
    const again = await cli('wallet backup show');
    assert.is(again.code, 1);
    assert.match(again.err, /were shown before/);

    for (const name of filesOf(home, /^(wallet|keystore|grid)/)) rmSync(join(folder, name));
    const wrong = restore(home, words.replace(/^\S+ \S+/, 'zoo zoo'));
    assert.is(wrong.status, 2, wrong.out);
    assert.not(existsSync(join(folder, 'wallet.db')), 'nothing was changed');
    const restored = restore(home, words.toUpperCase());
    assert.is(restored.status, 0, restored.out);
    for (const word of new Set(words.split(' '))) {
      assert.not.match(restored.out, new RegExp(`\\b${word} ${word}\\b`));
    }
    assert.is((await cli(`enrol ${gridFile}`)).out, code, 'the same meter');
    assert.match((await cli('wallet status')).out, /the words are on paper/);
  }));

test('a wallet that is gone is not made anew; a foreign one is moved aside', () =>
  withCliHome(async (home) => {
    const { cli, folder, gridFile } = home;
    const code = (await cli(`enrol ${gridFile}`)).out;
    const words = showWords(home);
    for (const name of filesOf(home, /^wallet\.db/)) rmSync(join(folder, name));
    const gone = await cli(`enrol ${gridFile}`);
    assert.is(gone.code, 1);
    assert.match(gone.err, /its wallet .* is gone/);
    assert.is((await cli('wallet init')).code, 1);
    rmSync(join(folder, 'grid.json'));
    assert.is((await cli('wallet init')).code, 0);
    const moved = restore(home, words);
    assert.match(moved.out, /the wallet that was there is now .*wallet\.db\.old/);
    assert.is((await cli(`enrol ${gridFile}`)).out, code);
  }));

test('rotated, it is another meter with other words', () =>
  withCliHome(async (home) => {
    const { cli, gridFile } = home;
    const code = (await cli(`enrol ${gridFile}`)).out;
    const words = showWords(home);
    const rotated = await cli('wallet rotate --yes');
    assert.is(rotated.code, 0, rotated.err);
    assert.not.equal(rotated.out, code);
    assert.is((await cli(`enrol ${gridFile}`)).out, rotated.out);
    assert.not.equal(showWords(home), words);
  }));

test('a new key, by processes that are killed; an older copy does not open with it', () =>
  withCliHome(async (home) => {
    const { cli, folder, config, gridFile } = home;
    const code = (await cli(`enrol ${gridFile}`)).out;
    const at = (name: string) => join(folder, name);
    copyFileSync(at('wallet.db'), at('copy.db'));
    const key = readFileSync(at('keystore.key'), 'utf8');
    const [program, ...args] = PROGRAM;
    for (let step = 0; step < 6; step += 1) {
      const child = spawn(program, [...args, 'wallet', 'rekey', '--config', config], { cwd, env });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      const isWorking = () => existsSync(at('keystore.key.new'));
      while (child.exitCode === null && !isWorking()) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await new Promise((resolve) => setTimeout(resolve, step * 7));
      child.kill('SIGKILL');
      await ended;
      assert.match((await cli('wallet status')).out, /can be used/);
    }
    const done = await cli('wallet rekey');
    assert.is(done.code, 0, done.err);
    assert.not.equal(readFileSync(at('keystore.key'), 'utf8'), key);
    assert.equal(filesOf(home, /new$|rekey/), []);
    assert.is((await cli(`enrol ${gridFile}`)).out, code);
    copyFileSync(at('copy.db'), at('wallet.db'));
    assert.is((await cli('wallet status')).code, 1);
  }));

test.run();
