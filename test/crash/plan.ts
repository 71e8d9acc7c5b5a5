/** Which faults there are to deal: spread over all calls of an interval, as counted before. */
import type { Fault } from './faults.ts';

/** A fault in the run, and one in what follows from it; null: none. */
export interface Blow {
  first: Fault;
  recovery: Fault | null;
}

/** Calls of a start, of which the recovery is ended at one after another. */
const RECOVERY_WRITES = 48;
const RECOVERY_SYNCS = 8;
/** Of every so many blows one is an error of the disk that the process lives through. */
const ERRORS_EVERY = 4;

const kill = (call: string, at: number): Fault => ({
  ...{ files: 'both', call, at },
  ...{ effect: 'SIGKILL', times: 1 },
});

/**
 * @param counts calls on state files from the start to the end of an interval
 * @param injections how many in all
 */
export function planBlows(counts: ReadonlyMap<string, number>, injections: number): Blow[] {
  const points = [...counts].flatMap(([call, number]) =>
    Array.from({ length: number }, (_, at) => kill(call, at + 1)),
  );
  const recoveries = [
    ...Array.from({ length: RECOVERY_WRITES }, (_, at) => kill('pwrite64', at + 1)),
    ...Array.from({ length: RECOVERY_SYNCS }, (_, at) => kill('fsync', at + 1)),
  ];
  if (points.length === 0) throw new Error('the clean run wrote nothing');
  const blows: Blow[] = [];
  for (let dealt = 0, at = 0; dealt < injections; at += 1) {
    // Steps that have no common factor with the lengths reach every place, near ones far apart.
    const point = points[(at * stepOf(points.length)) % points.length];
    if (point === undefined) break;
    if (at % ERRORS_EVERY === ERRORS_EVERY - 1) {
      blows.push({ first: asError(point, at / ERRORS_EVERY), recovery: null });
      dealt += 1;
    } else {
      const recovery = recoveries[(at * stepOf(recoveries.length)) % recoveries.length] ?? null;
      blows.push({ first: point, recovery });
      dealt += 2;
    }
  }
  return blows;
}

function asError(point: Fault, number: number): Fault {
  const effects = ['EIO', 'ENOSPC', 'EIO'] as const;
  const effect = effects[Math.floor(number) % effects.length] ?? 'EIO';
  // A disk has no room for a write; of an fsync that is no usual word.
  const isWrite = point.call === 'pwrite64' || point.call === 'write';
  return { ...point, effect: isWrite ? effect : 'EIO', times: 1 + (Math.floor(number) % 3) };
}

/** The first number from about 0.382 of the length on that shares no factor with it. */
function stepOf(length: number): number {
  const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
  let step = Math.max(1, Math.floor(length * 0.382));
  while (gcd(step, length) !== 1) step += 1;
  return step;
}
