/** `npm run format`: formats the project, and mends what Biome can mend safely. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './project-root.ts';

const biome = join(ROOT, 'node_modules', '.bin', 'biome');
const { status } = spawnSync(biome, ['check', '--write', '.'], { cwd: ROOT, stdio: 'inherit' });
process.exitCode = status ?? 1;
