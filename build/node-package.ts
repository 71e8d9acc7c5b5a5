/**
 * Node binaries from their npm packages: the one of this machine is installed, those of other
 * platforms are fetched with `npm pack` and checked against the integrity in package-lock.json.
 */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './project-root.ts';
import { runCommand } from './run-command.ts';

/** @returns the path of `bin/node` of the pinned version for the platform (`linux-arm64`). */
export async function nodeBinary(platform: string): Promise<string> {
  const name = `node-${platform}`;
  const installed = join(ROOT, 'node_modules', name, 'bin', 'node');
  if (existsSync(installed)) return installed;

  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const { version, integrity } = lock.packages[`node_modules/${name}`];
  const folder = join(ROOT, '.cache', `${name}-${version}`);
  const fetched = join(folder, 'package', 'bin', 'node');
  if (existsSync(fetched)) return fetched;

  mkdirSync(folder, { recursive: true });
  const pack = ['pack', '--silent', `${name}@${version}`, '--pack-destination', folder];
  const { code, output } = await runCommand('npm', pack, ROOT);
  if (code !== 0) throw new Error(`npm cannot fetch ${name} ${version}: ${output}`);
  const archive = join(folder, `${name}-${version}.tgz`);
  const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (found !== integrity)
    throw new Error(`${name} ${version} is not what package-lock.json names`);
  const unpack = await runCommand('tar', ['-xzf', archive, '-C', folder], ROOT);
  if (unpack.code !== 0) throw new Error(`cannot unpack ${archive}: ${unpack.output}`);
  return fetched;
}
