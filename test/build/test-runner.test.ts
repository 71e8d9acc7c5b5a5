import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type FileResult, runFiles } from '../../build/test-runner.ts';

const test = suite('test-runner');

async function runFixture(name: string, timeoutMs = 20_000): Promise<FileResult> {
  const file = fileURLToPath(new URL(`../fixtures/broken-suites/${name}.ts`, import.meta.url));
  // The others end by themselves.
  const endMs = name === 'leaves-open' ? 1_000 : 20_000;
  const [result] = await runFiles([file], { parallel: 1, timeoutMs, endMs });
  if (result === undefined) throw new Error('no result');
  return result;
}

test('a sound file passes with all its suites counted', async () => {
  const result = await runFixture('passes');
  assert.equal([result.passed, result.failed, result.problems], [3, 0, []]);
});

test('an ordinary failure is one failure, told in full', async () => {
  const result = await runFixture('fails');
  assert.equal([result.passed, result.failed, result.problems], [1, 1, []]);
  assert.match(result.failures, 'one is two');
});

const BROKEN: [file: string, failed: number, problem: RegExp][] = [
  ['before-throws', 2, /did not finish: 2 tests, 0 passed/],
  ['after-each-masks', 2, /did not finish/],
  ['missing-run', 1, /"missing run" was never run/],
  ['one-run-missing', 1, /"second" was never run/],
  ['no-tests', 1, /has no tests/],
  ['waits-for-nothing', 1, /ended before its tests were through/],
  ['exits-early', 1, /ended before its tests were through/],
  ['fails-later', 1, /ended with code 1/],
  ['leaves-open', 1, /did not end within 1 s/],
  ['late-test', 1, /1 tests were registered after/],
  ['does-not-load', 1, /ended with code 1/],
];

for (const [file, failed, problem] of BROKEN) {
  test(`reports a file that is broken: ${file}`, async () => {
    const result = await runFixture(file);
    assert.is(result.failed, failed);
    assert.match(result.problems.join('; '), problem);
  });
}

test('a file that hangs is ended at the time-out, with all it started', async () => {
  const result = await runFixture('hangs', 1_500);
  assert.is(result.failed, 1);
  assert.match(result.problems.join('; '), 'took longer than 1.5 s');
});

test('results come in the order of the files, two at a time', async () => {
  const files = ['fails', 'passes', 'no-tests'].map((name) =>
    fileURLToPath(new URL(`../fixtures/broken-suites/${name}.ts`, import.meta.url)),
  );
  const results = await runFiles(files, { parallel: 2, timeoutMs: 20_000 });
  assert.equal(
    results.map(({ file, passed, failed }) => [file.split('/').at(-1), passed, failed]),
    [
      ['fails.ts', 1, 1],
      ['passes.ts', 3, 0],
      ['no-tests.ts', 0, 1],
    ],
  );
});

test.run();
