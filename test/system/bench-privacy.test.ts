/** The privacy benchmark in its short form: real agents, and an adversary who is not blind. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT } from '../../build/project-root.ts';

const test = suite('bench-privacy');

const OFF = ['random-times', 'common-sizes', 'read-everything', 'separate-connections'];

async function bench(
  ...options: string[]
): Promise<{ code: number | null; out: string; err: string }> {
  const main = join(ROOT, 'bench', 'privacy.ts');
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', main, ...options],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const said = { out: '', err: '' };
  child.stdout.on('data', (part) => {
    said.out += part;
  });
  child.stderr.on('data', (part) => {
    said.err += part;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, ...said };
}

test('naive homes are caught, and so is who leaves out one thing', async () => {
  const { code, out, err } = await bench('--quick', '--json');
  assert.is(code, 0, err);
  const report = JSON.parse(out);
  for (const key of ['chancePercent', 'naivePercent', 'protectedPercent', 'alonePercent']) {
    assert.ok(report[key] >= 0 && report[key] <= 100, `${key}: ${report[key]}`);
  }
  assert.is(report.homes, 8);
  assert.ok(report.naivePercent > 90, `${report.naivePercent} %`);
  assert.equal(Object.keys(report.without), OFF);
  for (const name of ['read-everything', 'separate-connections']) {
    assert.ok(report.without[name].percent > 90, `${name}: ${report.without[name].percent} %`);
  }
  assert.equal(report.wire, { namedAddresses: 0, sharedConnections: 0 });
  assert.ok(report.cost.protected.tradedKwh > 0);
});

test.run();
