/** `npm run check`: types, lint and units, within a minute; for the time between two edits. */

import { killCommands } from './run-command.ts';
import { GROUPS, runGroup, say } from './test-groups.ts';
import { killRunning } from './test-runner.ts';

const CHECKED = ['types', 'lint', 'units'];

process.once('SIGINT', () => {
  killRunning();
  killCommands();
  process.exit(1);
});
const startedAt = performance.now();
let passed = 0;
let failed = 0;
for (const group of GROUPS.filter(({ name }) => CHECKED.includes(name))) {
  const result = await runGroup(group, null);
  passed += result.passed;
  failed += result.failed;
}
say(`\n${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
say(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
