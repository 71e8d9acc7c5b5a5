/**
 * The starter behind every `npm run` of this project: `node build/start.mjs ENTRY [ARGS]`.
 *
 * It has no dependencies and runs on any Node from 18 on. It installs the locked dependencies when
 * that is due, finds the Node version this project is pinned to (it comes through npm), and hands
 * over to it. It writes to stderr only, so that stdout belongs to the entry alone.
 */

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const MODULES = join(ROOT, 'node_modules');
const STAMP = join(MODULES, '.transax-installed');
/** The least Node that can take the place of the pinned one: it runs TypeScript as it is. */
const LEAST_NODE = [22, 18];
/** The same signal within this time is one press of a key that came by two ways, ms. */
const SAME_SIGNAL_MS = 1_000;

const [entry, ...args] = process.argv.slice(2);
if (entry === undefined) fail('usage: node build/start.mjs ENTRY [ARGS]');
if (!isAtLeast(process.versions.node, [18, 0])) {
  fail(`this is Node ${process.versions.node}; install Node 18 or later`);
}
say(`starting ${entry}`);
await installIfDue();
handOver(findNode());

function say(text) {
  process.stderr.write(`transax: ${text}\n`);
}

function fail(text) {
  say(text);
  process.exit(1);
}

function isAtLeast(version, [major, minor]) {
  const [hasMajor, hasMinor] = version.split('.').map(Number);
  return hasMajor > major || (hasMajor === major && hasMinor >= minor);
}

async function installIfDue() {
  const lock = readFileSync(join(ROOT, 'package-lock.json'), 'utf8');
  const wanted = createHash('sha256')
    .update(`${process.platform} ${process.arch}\n${lock}`)
    .digest('hex');
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return;
  if (!isInstalled(JSON.parse(lock))) await install();
  mkdirSync(MODULES, { recursive: true });
  writeFileSync(STAMP, wanted);
}

/** Whether npm has already put there what the lock file names (somebody ran `npm ci`). */
function isInstalled(lock) {
  const hidden = join(MODULES, '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const has = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  return Object.entries(lock.packages).every(([path, wanted]) => {
    const found = has[path];
    if (path === '') return true;
    if (found === undefined) return wanted.optional === true && !isForThisMachine(wanted);
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

/** Builds for one C library are left to npm, which knows which one this machine has. */
function isForThisMachine({ os, cpu, libc }) {
  const fits = (list, own) => list === undefined || list.includes(own);
  return libc === undefined && fits(os, process.platform) && fits(cpu, process.arch);
}

/** `npm ci` without install scripts: nothing is compiled, nothing foreign is run. */
async function install() {
  say('installing the locked dependencies with npm (once; half a minute to two minutes)');
  const options = ['ci', '--ignore-scripts', '--include=dev', '--include=optional'];
  const quiet = ['--no-audit', '--no-fund', '--no-progress', '--loglevel=error'];
  const npm = npmCommand();
  const startedAt = Date.now();
  const child = spawn(npm[0], [...npm.slice(1), ...options, ...quiet], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (piece) => {
      said += piece;
    });
  }
  const seconds = () => Math.round((Date.now() - startedAt) / 1000);
  const ticker = setInterval(() => say(`still installing (${seconds()} s)`), 15_000);
  const code = await new Promise((resolve) => {
    child.on('error', () => resolve(-1));
    child.on('close', resolve);
  });
  clearInterval(ticker);
  if (code === -1)
    fail('npm is not there: install npm, or run `npm ci --ignore-scripts` elsewhere');
  if (code !== 0) fail(`npm could not install the dependencies:\n${said.trim()}`);
  say(`dependencies installed in ${seconds()} s`);
}

function npmCommand() {
  const script = process.env.npm_execpath;
  return script !== undefined && basename(script) === 'npm-cli.js' && existsSync(script)
    ? [process.execPath, script]
    : ['npm'];
}

/** The pinned Node where there is a build of it, else this one if it is new enough. */
function findNode() {
  const name = `node-${process.platform}-${process.arch}`;
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const pinned = manifest.optionalDependencies?.[name];
  if (pinned !== undefined) {
    const path = join(MODULES, name, 'bin', 'node');
    const answer = spawnSync(path, ['--version'], { encoding: 'utf8' });
    if (answer.stdout?.trim() === `v${pinned}`) return path;
    say(`${relative(ROOT, path)} does not run here`);
  }
  if (isAtLeast(process.versions.node, LEAST_NODE)) return process.execPath;
  return fail(
    `there is no pinned Node for ${process.platform} ${process.arch}: ` +
      `install Node ${LEAST_NODE.join('.')} or later and start again`,
  );
}

function handOver(node) {
  const child = spawn(node, ['--disable-warning=ExperimentalWarning', entry, ...args], {
    cwd: ROOT,
    stdio: 'inherit',
    // A group of its own: Ctrl-C then reaches it once, through this process.
    detached: true,
    env: {
      ...process.env,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(ROOT, '.cache', 'compile'),
    },
  });
  const sentAt = {};
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      const send = signal === 'SIGHUP' ? 'SIGTERM' : signal;
      if (Date.now() - (sentAt[send] ?? 0) < SAME_SIGNAL_MS) return;
      sentAt[send] = Date.now();
      child.kill(send);
    });
  }
  child.on('error', (error) => fail(`${node} cannot be started: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exit(signal === null ? code : 128 + constants.signals[signal]);
  });
}
