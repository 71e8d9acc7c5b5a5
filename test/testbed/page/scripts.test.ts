/** The page's scripts are plain JavaScript, so tsc checks them here, by their JSDoc. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('testbed/page scripts');

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

test('have no fault of types, strictly checked', () => {
  const compiler = 'node_modules/typescript/bin/tsc';
  const project = 'testbed/page/static/jsconfig.json';
  const run = spawnSync(process.execPath, [compiler, '-p', project], { cwd: ROOT });
  assert.is(run.stdout.toString() + run.stderr.toString(), '');
  assert.is(run.status, 0);
});

test.run();
