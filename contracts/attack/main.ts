/** `npm run attack`: wrong solutions refused, right ones accepted, the books those of the model. */
import { parseArgs } from 'node:util';
import { type AttackSize, attack } from './report.ts';
import { tableOf } from './score.ts';

const USAGE = `npm run attack --
  [--invalid N]  solutions that break a rule; 100000
  [--valid N]    solutions better than the candidate; 10000
  [--calls N]    random calls against the model; 20000
  [--seed N]     1`;
const DEFAULTS = { invalid: 100_000, valid: 10_000, calls: 20_000, seed: 1 };

function sizeOf(argv: readonly string[]): AttackSize | null {
  const text = { type: 'string' } as const;
  const options = { invalid: text, valid: text, calls: text, seed: text };
  try {
    const { values } = parseArgs({ args: [...argv], options });
    const size = { ...DEFAULTS };
    for (const key of ['invalid', 'valid', 'calls', 'seed'] as const) {
      size[key] = Number(values[key] ?? DEFAULTS[key]);
    }
    return Object.values(size).every((value) => Number.isInteger(value) && value >= 0)
      ? size
      : null;
  } catch {
    return null;
  }
}

/** @returns the exit code */
async function main(argv: readonly string[]): Promise<number> {
  const size = sizeOf(argv);
  if (size === null) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  const begunMs = performance.now();
  const { solutions, calls } = await attack(size);
  const seconds = ((performance.now() - begunMs) / 1000).toFixed(0);
  const surprises = [...solutions.surprises, ...calls.surprises];
  const empty = size.invalid > 0 ? solutions.empty : [];
  process.stdout.write(
    `${tableOf(solutions)}\n${tableOf(calls)}\nseed ${size.seed}, ${seconds} s\n`,
  );
  for (const name of empty) process.stdout.write(`never made: ${name}\n`);
  for (const surprise of surprises) process.stdout.write(`SURPRISE ${surprise}\n`);
  return surprises.length + empty.length > 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
