/** A folder of its own for one test. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function temporaryFolder(): { path: string; dispose(): void } {
  const path = mkdtempSync(join(tmpdir(), 'transax-test-'));
  return { path, dispose: () => rmSync(path, { recursive: true, force: true }) };
}
