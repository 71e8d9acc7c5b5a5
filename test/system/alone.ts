/** The one-file binary as on a meter: alone in its folder, with nothing of this machine's. */
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Program } from './processes.ts';

export function aloneIn(folder: string, binary: string): Program {
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary, { recursive: true });
  copyFileSync(binary, join(folder, 'transax-agent'));
  for (let at = folder; at !== dirname(at); at = dirname(at)) {
    assert.not(existsSync(join(at, 'node_modules')), `${at} has node_modules`);
  }
  const env = { PATH: '/nowhere', TMPDIR: temporary };
  return { command: ['./transax-agent'], cwd: folder, env };
}
