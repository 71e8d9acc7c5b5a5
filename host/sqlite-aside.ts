/** Puts a database out of the way, so that another one can be made; nothing is ever deleted. */
import { existsSync, renameSync } from 'node:fs';
import { fileError } from './files.ts';

/** The database last: until it has gone the others are found beside it. */
const ENDS = ['-wal', '-shm', '.meta.json', ''];

/** @returns its new path: `<path>.old`, or `.old2` and so on. @throws FileError */
export function moveDatabaseAside(path: string): string {
  let number = 1;
  const name = () => `${path}.old${number === 1 ? '' : number}`;
  while (ENDS.some((end) => existsSync(name() + end))) number += 1;
  const target = name();
  try {
    for (const end of ENDS) if (existsSync(path + end)) renameSync(path + end, target + end);
  } catch (cause) {
    throw fileError(path, 'move', cause);
  }
  return target;
}
