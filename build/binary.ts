/**
 * `npm run build:binary -- --platform linux-x64 [--out DIR]`: the agent as one file. Node's own
 * single executable application: a bundle and its assets, put into a copy of the pinned Node. The
 * same sources give the same bytes: no code cache, no snapshot, relative paths.
 */

import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { inject } from 'postject';
import { ADDONS, bundleAgent, bundleThread, HIGHS, THREADS } from './bundle.ts';
import { nodeBinary } from './node-package.ts';
import { lockedPackage } from './npm-package.ts';
import { ROOT } from './project-root.ts';
import { runCommand } from './run-command.ts';

const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
const PROFILES = 'agent/drivers/profiles';

interface Platform {
  sqlite: string;
  serial: string;
  /** Package and file. */
  koffi: [string, string];
  /** The `strip` that knows this machine's files. */
  strip: string[];
}

const PLATFORMS: Record<string, Platform> = {
  'linux-x64': {
    sqlite: 'linux-x64.node',
    serial: 'linux-x64/@serialport+bindings-cpp.glibc.node',
    koffi: ['@koromix/koffi-linux-x64', 'linux_x64/koffi.node'],
    strip: process.arch === 'x64' ? ['strip'] : ['x86_64-linux-gnu-strip'],
  },
  'linux-arm64': {
    sqlite: 'linux-arm64.node',
    serial: 'linux-arm64/@serialport+bindings-cpp.armv8.glibc.node',
    koffi: ['@koromix/koffi-linux-arm64', 'linux_arm64/koffi.node'],
    strip: process.arch === 'arm64' ? ['strip'] : ['aarch64-linux-gnu-strip'],
  },
};

export interface BuiltBinary {
  path: string;
  bytes: number;
  sha256: string;
}

/** @param entry the script to bundle; the agent's when left out. */
export async function buildBinary(
  platformName: string,
  outFolder: string,
  entry?: string,
): Promise<BuiltBinary> {
  const platform = PLATFORMS[platformName];
  if (platform === undefined) throw new Error(unknownPlatform(platformName));
  const work = join(ROOT, '.cache', 'binary', platformName);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  mkdirSync(outFolder, { recursive: true });

  await bundleAgent(join(work, 'agent.cjs'), entry);
  const threads: Record<string, string> = {};
  for (const program of THREADS) {
    const name = `${program}.cjs`;
    threads[name] = join(work, name.replaceAll('/', '-'));
    await bundleThread(program, threads[name]);
  }
  const blob = await makeBlob(work, { ...(await assets(platform)), ...threads });
  const path = join(outFolder, `transax-agent-${platformName}`);
  const node = join(work, 'node');
  copyFileSync(await nodeBinary(platformName), node);
  chmodSync(node, 0o755);
  await stripNode(platform, node);
  await injectBlob(node, blob);
  copyFileSync(node, path);
  chmodSync(path, 0o755);
  rmSync(node);
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  return { path, bytes: statSync(path).size, sha256 };
}

function unknownPlatform(name: string): string {
  const known = Object.keys(PLATFORMS).join(', ');
  return name === 'linux-armv7l'
    ? `linux-armv7l is not built yet: its addons must be compiled for it first; there is ${known}`
    : `"${name}" is not a platform; there is ${known}`;
}

/** Name inside the binary, and file of the checkout. */
async function assets(platform: Platform): Promise<Record<string, string>> {
  const modules = join(ROOT, 'node_modules');
  const serial = join(modules, '@serialport', 'bindings-cpp', 'prebuilds', platform.serial);
  const [koffiPackage, koffiFile] = platform.koffi;
  const profiles = readdirSync(join(ROOT, PROFILES)).filter((name) => name.endsWith('.toml'));
  return {
    'package.json': join(ROOT, 'package.json'),
    [ADDONS.sqlite]: join(modules, 'better-sqlite3', 'prebuilds', platform.sqlite),
    [ADDONS.serial]: serial,
    [ADDONS.koffi]: join(await lockedPackage(koffiPackage), koffiFile),
    [HIGHS]: join(modules, 'highs', 'build', 'highs.wasm'),
    ...Object.fromEntries(
      profiles.sort().map((name) => [`${PROFILES}/${name}`, join(ROOT, PROFILES, name)]),
    ),
  };
}

/** The blob is made by the pinned Node of this machine; it fits any 64-bit Node of its version. */
async function makeBlob(work: string, files: Record<string, string>): Promise<Buffer> {
  const config = {
    // The blob keeps this name: a relative one gives the same bytes everywhere.
    main: 'agent.cjs',
    output: 'agent.blob',
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: false,
    assets: Object.fromEntries(
      Object.entries(files).map(([name, path]) => [name, relative(work, path)]),
    ),
  };
  writeFileSync(join(work, 'sea.json'), JSON.stringify(config));
  const node = await nodeBinary(`${process.platform}-${process.arch}`);
  const { code, output } = await runCommand(node, ['--experimental-sea-config', 'sea.json'], work);
  if (code !== 0) throw new Error(`the blob cannot be made: ${output}`);
  return readFileSync(join(work, 'agent.blob'));
}

/** Before the injection only: a binary that is stripped afterwards does not start. */
async function stripNode(platform: Platform, node: string): Promise<void> {
  const [strip = '', ...args] = platform.strip;
  const { code } = await runCommand(strip, [...args, '--strip-unneeded', node], ROOT);
  if (code !== 0) say(`${strip} is not there: the binary gets some 18 MB larger`);
}

async function injectBlob(node: string, blob: Buffer): Promise<void> {
  // postject warns of an offset that ELF files do not have.
  const warn = console.warn;
  const log = console.log;
  console.warn = () => {};
  console.log = () => {};
  try {
    await inject(node, 'NODE_SEA_BLOB', blob, { sentinelFuse: FUSE });
  } finally {
    console.warn = warn;
    console.log = log;
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      platform: { type: 'string' },
      out: { type: 'string' },
    },
  });
  const { platform = `${process.platform}-${process.arch}`, out = 'dist' } = values;
  const built = await buildBinary(platform, resolve(out));
  say(`${relative(process.cwd(), built.path)}  ${(built.bytes / 1e6).toFixed(1)} MB`);
  process.stdout.write(`${built.sha256}  ${built.path}\n`);
}

if (process.argv[1]?.endsWith('build/binary.ts') === true) {
  main().catch((error: unknown) => {
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  });
}
