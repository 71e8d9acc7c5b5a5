/**
 * The embedded chain: one anvil process, gas for nothing, blocks mined at once or by command.
 *
 * Senders need no ether: base fee and tip are 0 (type 0 with gasPrice 0, or type 2 with both fees
 * 0). The limits are those of a chain one would really run: 30 M gas a block and 16,777,216 a
 * transaction (EIP-7825). Nothing is written to disk. Design: engines.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { request } from 'node:http';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { endsWithUs } from './ends-with-us.ts';
import { freePort } from './free-port.ts';

export const BLOCK_GAS_LIMIT = 30_000_000;
export const TRANSACTION_GAS_LIMIT = 16_777_216;

/** Long enough for a loaded machine; a start takes half a second on a quiet one. */
const START_DEADLINE_MS = 30_000;
/** States kept in memory for calls at older blocks; logs and receipts are kept for ever. */
const STATES_KEPT = 64;
const CALL_DEADLINE_MS = 60_000;

export interface AnvilOptions {
  chainId?: number;
  blockGasLimit?: number;
  /** Blocks only by `mineAt`; otherwise each transaction is mined at once. */
  noMining?: boolean;
  /** Timestamp of the genesis block, unix seconds; later blocks must be later. */
  timestamp?: number;
  /** 0 or absent: a free one. */
  port?: number;
}

export interface MinedBlock {
  number: number;
  timestamp: number;
  gasUsed: number;
  transactionHashes: string[];
}

export interface Anvil {
  url: string;
  port: number;
  pid: number;
  /** @throws AnvilError 'call' with the node's words. */
  call(method: string, params?: unknown[]): Promise<unknown>;
  /** Mines one block of what is waiting, at a time later than that of the last block. */
  mineAt(unixSeconds: number): Promise<MinedBlock>;
  /** How many transactions wait for a block. */
  pending(): Promise<number>;
  /** Resolves when the process ended without `stop`. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

export class AnvilError extends Error {
  /** `missing`: no anvil for this machine. `start`: it did not come up. `call`: an RPC failed. */
  readonly code: 'missing' | 'start' | 'call';
  constructor(code: AnvilError['code'], message: string) {
    super(message);
    this.name = 'AnvilError';
    this.code = code;
  }
}

/** Starts anvil on loopback and waits until it answers. @throws AnvilError 'missing', 'start' */
export async function startAnvil(options: AnvilOptions = {}): Promise<Anvil> {
  const program = anvilProgram();
  // Somebody else may take a free port between the look and the start: then another one is tried.
  const attempts = options.port ? 1 : 3;
  for (let attempt = 1; ; attempt++) {
    const port = options.port || (await freePort());
    try {
      return await startAt(program, port, options);
    } catch (error) {
      if (attempt >= attempts || !(error instanceof AnvilError) || error.code !== 'start') {
        throw error;
      }
    }
  }
}

/** The platform package's own binary (no second Node process), else `anvil` on PATH. */
function anvilProgram(): string {
  const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as string] ?? process.arch;
  const name = `@foundry-rs/anvil-${process.platform}-${architecture}/package.json`;
  try {
    const program = join(dirname(createRequire(import.meta.url).resolve(name)), 'bin', 'anvil');
    accessSync(program, constants.X_OK);
    return program;
  } catch {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const program = join(folder, 'anvil');
      try {
        accessSync(program, constants.X_OK);
        return program;
      } catch {
        // not there: the next folder
      }
    }
  }
  throw new AnvilError(
    'missing',
    `There is no anvil for ${process.platform}-${process.arch} on npm and none on PATH: ` +
      'install Foundry (https://getfoundry.sh) so that `anvil --version` works, and start again.',
  );
}

async function startAt(program: string, port: number, options: AnvilOptions): Promise<Anvil> {
  // In a process group of its own: Ctrl-C in a terminal must not end it before those who use it.
  const child = spawn(...endsWithUs(program, programArguments(port, options)), {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  const exited = new Promise<void>((resolve) => {
    const done = () => {
      process.removeListener('exit', killWithUs);
      resolve();
    };
    child.once('exit', done);
    child.once('error', (error) => {
      complaint += error.message;
      done();
    });
  });
  if (!(await answers(port, child))) {
    child.kill('SIGKILL');
    await exited;
    throw new AnvilError('start', `anvil did not start on port ${port}: ${complaint.trim()}`);
  }
  return handle(port, child, exited);
}

function programArguments(port: number, options: AnvilOptions): string[] {
  const list = ['--quiet', '--host', '127.0.0.1', '--port', String(port), '--accounts', '1'];
  list.push('--base-fee', '0', '--gas-price', '0', '--disable-min-priority-fee');
  list.push('--gas-limit', String(options.blockGasLimit ?? BLOCK_GAS_LIMIT));
  list.push('--enable-tx-gas-limit', '--slots-in-an-epoch', '1', '--no-request-size-limit');
  list.push('--chain-id', String(options.chainId ?? 31337), '--order', 'fifo');
  list.push('--prune-history', String(STATES_KEPT));
  if (options.noMining) list.push('--no-mining');
  if (options.timestamp !== undefined) list.push('--timestamp', String(options.timestamp));
  return list;
}

function handle(port: number, child: ChildProcess, exited: Promise<void>): Anvil {
  const call = (method: string, params: unknown[] = []) => rpc(port, method, params);
  let stopping = false;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: child.pid ?? 0,
    call,
    async mineAt(unixSeconds) {
      // A block more than half full would raise the next base fee from 0 to 1 wei.
      await call('anvil_setNextBlockBaseFeePerGas', ['0x0']);
      await call('evm_mine', [{ timestamp: unixSeconds, blocks: 1 }]);
      return minedBlock(await call('eth_getBlockByNumber', ['latest', false]));
    },
    async pending() {
      const status = (await call('txpool_status')) as { pending: string; queued: string };
      return Number(status.pending) + Number(status.queued);
    },
    ended: exited.then(() => (stopping ? new Promise<void>(() => {}) : undefined)),
    async stop() {
      stopping = true;
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), 2_000);
      await exited;
      clearTimeout(force);
    },
  };
}

function minedBlock(answer: unknown): MinedBlock {
  const block = answer as {
    number: string;
    timestamp: string;
    gasUsed: string;
    transactions: string[];
  };
  return {
    number: Number(block.number),
    timestamp: Number(block.timestamp),
    gasUsed: Number(block.gasUsed),
    transactionHashes: block.transactions,
  };
}

async function answers(port: number, child: ChildProcess): Promise<boolean> {
  const deadline = performance.now() + START_DEADLINE_MS;
  while (performance.now() < deadline && child.exitCode === null && child.signalCode === null) {
    try {
      await rpc(port, 'web3_clientVersion', []);
      // Another program on that port might have answered: it is ours only while ours lives.
      return child.exitCode === null && child.pid !== undefined;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  return false;
}

/** One call on a connection of its own: an idle kept one may be closed under a call that counts. */
function rpc(port: number, method: string, params: unknown[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => reject(new AnvilError('call', `${method}: ${reason}`));
    const sent = request(
      { host: '127.0.0.1', port, method: 'POST', agent: false, timeout: CALL_DEADLINE_MS },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          text += part;
        });
        response.on('error', (error) => fail(error.message));
        response.on('end', () => {
          try {
            const answer = JSON.parse(text) as { result?: unknown; error?: { message: string } };
            if (answer.error) fail(answer.error.message);
            else resolve(answer.result);
          } catch {
            fail(`not JSON: ${text.slice(0, 200)}`);
          }
        });
      },
    );
    sent.setHeader('content-type', 'application/json');
    sent.on('timeout', () => sent.destroy(new Error(`no answer in ${CALL_DEADLINE_MS} ms`)));
    sent.on('error', (error) => fail(error.message));
    sent.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
  });
}
