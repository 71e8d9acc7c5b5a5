/** Writes docs/cli.md anew: `node build/start.mjs test/docs/write-cli.ts`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { referenceText } from '../../agent/cli/help/reference.ts';
import { COMMANDS } from '../../agent/cli/table.ts';
import { ROOT } from '../../build/project-root.ts';

writeFileSync(join(ROOT, 'docs', 'cli.md'), referenceText(COMMANDS));
