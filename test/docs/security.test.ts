/** docs/security.md names tests: they exist, by file and name. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT } from '../../build/project-root.ts';

const test = suite('docs/security');

const text = readFileSync(join(ROOT, 'docs', 'security.md'), 'utf8');
/** `file.test.ts`, or `file.test.ts`: the name of a test. */
const NAMED = /`([a-z-]+(?:\.test)?\.ts)`(?:: ([^|;]+))?/g;

test('every test that a property is kept by exists', () => {
  const named = [...text.matchAll(NAMED)];
  assert.ok(named.length > 15);
  for (const [, file = '', name] of named) {
    const path = join(ROOT, 'contracts', 'test', file);
    assert.ok(existsSync(path), file);
    if (name === undefined) continue;
    const title = name.trim();
    assert.ok(readFileSync(path, 'utf8').includes(title), `${file}: ${title}`);
  }
});

test.run();
