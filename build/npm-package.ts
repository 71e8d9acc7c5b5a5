/**
 * Packages of npm that are not installed here because they are made for another platform: fetched
 * with `npm pack` once, and checked against the integrity in package-lock.json.
 */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './project-root.ts';
import { runCommand } from './run-command.ts';

/** @returns the folder of the package in the version that package-lock.json names. */
export async function lockedPackage(name: string): Promise<string> {
  const installed = join(ROOT, 'node_modules', name);
  if (existsSync(installed)) return installed;

  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const { version, integrity } = lock.packages[`node_modules/${name}`];
  const file = `${name.replace('@', '').replace('/', '-')}-${version}`;
  const folder = join(ROOT, '.cache', file);
  const unpacked = join(folder, 'package');
  if (existsSync(unpacked)) return unpacked;

  mkdirSync(folder, { recursive: true });
  const pack = ['pack', '--silent', `${name}@${version}`, '--pack-destination', folder];
  const { code, output } = await runCommand('npm', pack, ROOT);
  if (code !== 0) throw new Error(`npm cannot fetch ${name} ${version}: ${output}`);
  const archive = join(folder, `${file}.tgz`);
  const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (found !== integrity) {
    throw new Error(`${name} ${version} is not what package-lock.json names`);
  }
  const unpack = await runCommand('tar', ['-xzf', archive, '-C', folder], ROOT);
  if (unpack.code !== 0) {
    rmSync(unpacked, { recursive: true, force: true });
    throw new Error(`cannot unpack ${archive}: ${unpack.output}`);
  }
  return unpacked;
}
