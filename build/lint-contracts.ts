/**
 * `npm run lint:contracts`: forge's static analysis of the contracts. Ends with 1 when it finds
 * anything; what it leaves out is justified in contracts/foundry.toml.
 */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runForge } from './forge.ts';
import { ROOT } from './project-root.ts';

const FOUND = /^(note|warning|error)/m;

const files = readdirSync(join(ROOT, 'contracts'))
  .filter((name) => name.endsWith('.sol'))
  .map((name) => join(ROOT, 'contracts', name));
const { code, output } = await runForge(['lint', ...files]);
process.stdout.write(output);
process.exitCode = code !== 0 || FOUND.test(output) ? 1 : 0;
