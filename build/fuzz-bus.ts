/**
 * `npm run fuzz:bus -- [--replies N] [--frames N] [--seed N]`: malformed replies against the bus,
 * on sockets and through its decoder; more of them than in `npm test`, or with another seed.
 */
import { parseArgs } from 'node:util';
import { fuzzFrames } from '../test/host/modbus/fuzz-frames.ts';
import { fuzzSockets } from '../test/host/modbus/fuzz-sockets.ts';

async function main(): Promise<number> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { replies: text, frames: text, seed: text } });
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  const sockets = await fuzzSockets(Number(values.replies ?? 10_000), seed);
  const frames = fuzzFrames(Number(values.frames ?? 1_000_000), seed);
  process.stdout.write(`${JSON.stringify({ seed, sockets, frames }, null, 2)}\n`);
  const isGood = [sockets, frames].every(
    ({ wrong, valid, validTaken }) => wrong === 0 && valid === validTaken,
  );
  return isGood ? 0 : 1;
}

if (process.argv[1]?.endsWith('build/fuzz-bus.ts') === true) {
  main().then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
      process.exitCode = 2;
    },
  );
}
