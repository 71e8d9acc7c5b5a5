/**
 * `npm run fuzz:contracts -- [--calls N] [--seed N]`: the attacks on the contracts at any length.
 *
 * N calls by anyone in any order, split evenly over the markets of Market.t.sol; a tenth as many
 * solutions by each fuzz test of Verification.t.sol. Without a seed each run is another one; forge
 * says the seed when something fails.
 */

import { parseArgs } from 'node:util';
import { readForgeTests, runForge } from './forge.ts';
import { killCommands } from './run-command.ts';

/** As in contracts/foundry.toml. */
const CALLS_PER_RUN = 400;
/** Contracts in Market.t.sol. */
const MARKETS = 2;
const DEFAULT_CALLS = 1_000_000;

async function fuzzContracts(calls: number, seed: string | undefined): Promise<boolean> {
  const startedAt = performance.now();
  const runs = Math.max(1, Math.ceil(calls / MARKETS / CALLS_PER_RUN));
  const result = await runForge(
    ['test', '--json', ...(seed === undefined ? [] : ['--fuzz-seed', seed])],
    {
      FOUNDRY_INVARIANT_RUNS: String(runs),
      FOUNDRY_FUZZ_RUNS: String(Math.max(1, Math.ceil(calls / 10))),
    },
  );
  const { passed, failed, lines } = readForgeTests(result);
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  process.stdout.write(`${lines.join('\n')}\n`);
  if (failed > 0) process.stdout.write(`${/Fuzz seed: \S+/i.exec(result.output)?.[0] ?? ''}\n`);
  process.stdout.write(
    `${runs * MARKETS * CALLS_PER_RUN} calls in ${seconds} s\n${passed} passed, ${failed} failed\n`,
  );
  return failed === 0;
}

const { values } = parseArgs({
  options: { calls: { type: 'string' }, seed: { type: 'string' } },
});
const calls = Number(values.calls ?? DEFAULT_CALLS);
if (!Number.isSafeInteger(calls) || calls < 1) {
  process.stderr.write('usage: npm run fuzz:contracts -- [--calls N] [--seed N]\n');
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    killCommands();
    process.exit(1);
  });
}
process.exitCode = (await fuzzContracts(calls, values.seed)) ? 0 : 1;
