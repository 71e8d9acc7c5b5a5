/**
 * `npm start`: a neighbourhood on this machine. Everything is real except the houses: contracts on
 * a chain, the utility's and the agents' processes, Modbus over sockets, databases on disk.
 */
import { CompileError, compileContracts } from '../build/contracts.ts';
import { FollowerError } from '../chain/follower.ts';
import { RpcError } from '../chain/rpc-forms.ts';
import { AnvilError } from './anvil.ts';
import { AuditError } from './audit/raw-chain.ts';
import { ChildError } from './children.ts';
import { chooseCommunity } from './choose-community.ts';
import { DataError } from './homes/csv.ts';
import { OptionsError, type RunOptions, readOptions, USAGE } from './options.ts';
import { PageError } from './page/server.ts';
import { Progress } from './progress.ts';
import { RunError } from './run-place.ts';
import { showRun } from './show.ts';
import { TorError } from './tor/tor-error.ts';

async function main(): Promise<number> {
  let options: RunOptions | null;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    for (const fault of error.faults) process.stderr.write(`${fault}\n`);
    return 2;
  }
  if (options === null) {
    process.stdout.write(USAGE);
    return 0;
  }
  const stream = options.json ? process.stderr : process.stdout;
  const progress = new Progress((line) => stream.write(`${line}\n`));
  const stop = new AbortController();
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort(new Error('interrupted'));
    progress.say('stopping (once more: at once)');
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, interrupt);
  // Whoever read this is gone (a closed terminal, `| head`): it goes on to a clean end, unheard.
  for (const out of [process.stdout, process.stderr]) {
    out.on('error', () => stop.abort(new Error('nobody listens')));
  }
  try {
    await compileContracts();
    const community = chooseCommunity(options);
    const figures = await showRun(options, community, progress, stop.signal);
    if (figures === null) progress.say('no interval was played to its end');
    else if (options.json) process.stdout.write(`${JSON.stringify(figures)}\n`);
    return 0;
  } catch (error) {
    if (!isExpected(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

/** What a user can do something about: told in one line, without a stack. */
function isExpected(error: unknown): error is Error {
  return [
    AnvilError,
    AuditError,
    ChildError,
    CompileError,
    DataError,
    FollowerError,
    PageError,
    RpcError,
    RunError,
    TorError,
  ].some((kind) => error instanceof kind);
}

main().then(
  (code) => process.exit(code),
  (error) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : error}\n`);
    process.exit(1);
  },
);
