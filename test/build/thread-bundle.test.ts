/** What runs in a thread is pure computing: nothing in its bundle could reach outside. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bundleThread, THREADS } from '../../build/bundle.ts';
import { temporaryFolder } from '../host/temporary-folder.ts';

/** Twice what it is with the table of many homes, 113 kB: more would be a library come along. */
const MOST_BYTES = 250_000;

const test = suite('threads of the binary');

test('they load the module that they answer through, and no other', async () => {
  const folder = temporaryFolder();
  try {
    for (const program of THREADS) {
      const file = join(folder.path, 'thread.cjs');
      await bundleThread(program, file);
      const text = readFileSync(file, 'utf8');
      const loaded = [...text.matchAll(/\b(?:require|import)\(([^)]*)\)/g)].map(([, name]) => name);
      assert.equal(loaded, ['"node:worker_threads"'], program);
      assert.ok(text.length < MOST_BYTES, `${program}: ${text.length} bytes`);
    }
  } finally {
    folder.dispose();
  }
});

test.run();
