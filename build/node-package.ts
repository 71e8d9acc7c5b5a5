/** Node binaries from their npm packages. */

import { join } from 'node:path';
import { lockedPackage } from './npm-package.ts';

/** @returns the path of `bin/node` of the pinned version for the platform (`linux-arm64`). */
export async function nodeBinary(platform: string): Promise<string> {
  return join(await lockedPackage(`node-${platform}`), 'bin', 'node');
}
