/** What a run was made from, so that it can be made again. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Manifest {
  version: string;
  /** SHA-256 over names and contents of all files of the data folder. */
  dataSha256: string;
  options: Record<string, string | number | boolean>;
}

export function manifestOf(folder: string, options: Manifest['options']): Manifest {
  const hash = createHash('sha256');
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const paths = names.map((name) => join(folder, name)).filter((path) => statSync(path).isFile());
  for (const path of paths)
    hash.update(`${path.slice(folder.length)}\n`).update(readFileSync(path));
  const { version }: { version: string } = JSON.parse(
    readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'),
  );
  return { version, dataSha256: hash.digest('hex'), options };
}
