/**
 * `npm run fuzz:dso -- [--requests N] [--seed N]`: hostile requests against the DSO; more of them
 * than in `npm test`, or with another seed.
 */
import { parseArgs } from 'node:util';
import { fuzzDso } from '../test/operator/fuzz-dso.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({ options: { requests: text, seed: text } });
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const result = await fuzzDso(Number(values.requests ?? 100_000), seed);
process.stdout.write(`${JSON.stringify({ seed, ...result }, null, 2)}\n`);
process.exitCode = result.faults.length === 0 ? 0 : 1;
