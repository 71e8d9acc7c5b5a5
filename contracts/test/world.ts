/**
 * A small grid on a real chain for the contracts' tests: anvil, mined by command, so that each
 * transaction has the timestamp the test wants; the three contracts, an owner, a granter, a solver.
 *
 * Prices, energy and power as on chain. Amounts of money are bigint, everything else numbers.
 */
import { keccak256, type Result, toUtf8Bytes, Wallet } from 'ethers';
import { compileContracts, readArtifact } from '../../build/contracts.ts';
import { type Anvil, startAnvil } from '../../testbed/anvil.ts';
import { type ContractName, deployAll, INTERFACES, type WorldOptions } from './deployment.ts';

/** Start of an interval; the world begins here. */
export const START = 1_800_000_000;
/** The interval that begins at START. */
export const C = START / 900;

export interface Receipt {
  gasUsed: number;
  events: { name: string; args: Result }[];
}

export interface Transaction {
  from: Wallet;
  to: ContractName;
  method: string;
  args: readonly unknown[];
  gasLimit?: number;
}

const CALL_GAS = 2_000_000;
export const MOST_GAS = 16_777_216;

export class World {
  readonly anvil: Anvil;
  readonly options: WorldOptions;
  readonly owner = keyOf('owner');
  readonly granter = keyOf('granter');
  readonly solver = keyOf('solver');
  readonly address: Record<ContractName, string>;
  readonly #nonces = new Map<string, number>();
  #keys = 0;
  #now: number;

  constructor(
    anvil: Anvil,
    options: WorldOptions,
    address: Record<ContractName, string>,
    ownerNonce: number,
  ) {
    this.anvil = anvil;
    this.options = options;
    this.address = address;
    this.#now = START;
    this.#nonces.set(this.owner.address, ownerNonce);
  }

  /** Timestamp of the newest block. */
  now(): number {
    return this.#now;
  }

  /** A new address, never used before. */
  fresh(): Wallet {
    return keyOf(`address ${this.#keys++}`);
  }

  /** One transaction in a block of its own; it must succeed. @param at the block's timestamp */
  async send(
    from: Wallet,
    to: ContractName,
    method: string,
    args: readonly unknown[] = [],
    at = this.#now + 1,
  ): Promise<Receipt> {
    const gasLimit = MOST_GAS;
    const [receipt] = await this.block([{ from, to, method, args, gasLimit }], at);
    if (receipt === undefined) throw new Error('no receipt');
    return receipt;
  }

  /** Several transactions, in order, in one block; all must succeed. */
  async block(list: readonly Transaction[], at = this.#now + 1): Promise<Receipt[]> {
    const hashes: string[] = [];
    for (const transaction of list) hashes.push(await this.#submit(transaction));
    await this.mine(at);
    return Promise.all(
      hashes.map(async (hash, i) => {
        const receipt = await this.#receipt(hash);
        const sent = list[i];
        if (receipt.status !== '0x1' && sent) {
          throw new Error(`${sent.to}.${sent.method} reverted: ${await this.#why(sent, at)}`);
        }
        return { gasUsed: Number(receipt.gasUsed), events: decodeEvents(receipt.logs) };
      }),
    );
  }

  /** An empty block, so that views see this time. */
  async mine(at: number): Promise<void> {
    await this.anvil.mineAt(at);
    this.#now = at;
  }

  /** The transaction is mined and reverts; tells the custom error, as `Name(arg, ...)`. */
  async refused(
    from: Wallet,
    to: ContractName,
    method: string,
    args: readonly unknown[] = [],
    at = this.#now + 1,
  ): Promise<string> {
    const sent = { from, to, method, args, gasLimit: MOST_GAS };
    const why = await this.#why(sent, at);
    const hash = await this.#submit(sent);
    await this.mine(at);
    const receipt = await this.#receipt(hash);
    if (receipt.status !== '0x0') throw new Error(`${to}.${method} was not refused`);
    return why;
  }

  /** A view, at the newest block; one value bare, several as a list. */
  async read(to: ContractName, method: string, args: readonly unknown[] = []): Promise<Result> {
    const data = INTERFACES[to].encodeFunctionData(method, [...args]);
    const answer = await this.anvil.call('eth_call', [{ to: this.address[to], data }, 'latest']);
    const result = INTERFACES[to].decodeFunctionResult(method, answer as string);
    return result.length === 1 ? (result[0] as Result) : result;
  }

  async close(): Promise<void> {
    await this.anvil.stop();
  }

  async #submit(sent: Transaction): Promise<string> {
    const nonce = this.#nonces.get(sent.from.address) ?? 0;
    const raw = await sent.from.signTransaction({
      type: 2,
      chainId: 31337,
      nonce,
      to: this.address[sent.to],
      data: INTERFACES[sent.to].encodeFunctionData(sent.method, [...sent.args]),
      gasLimit: sent.gasLimit ?? CALL_GAS,
      maxFeePerGas: 0,
      maxPriorityFeePerGas: 0,
    });
    const hash = (await this.anvil.call('eth_sendRawTransaction', [raw])) as string;
    this.#nonces.set(sent.from.address, nonce + 1);
    return hash;
  }

  async #receipt(hash: string): Promise<RawReceipt> {
    const receipt = await this.anvil.call('eth_getTransactionReceipt', [hash]);
    if (receipt === null) throw new Error(`no receipt of ${hash}: the block was full`);
    return receipt as RawReceipt;
  }

  /** What the transaction would revert with at that time; `nothing` when it would not. */
  async #why(sent: Transaction, at: number): Promise<string> {
    const data = INTERFACES[sent.to].encodeFunctionData(sent.method, [...sent.args]);
    const call = { from: sent.from.address, to: this.address[sent.to], data, gas: '0x1000000' };
    const time = { time: `0x${at.toString(16)}` };
    const trace = (await this.anvil.call('debug_traceCall', [
      call,
      'latest',
      { tracer: 'callTracer', blockOverrides: time },
    ])) as { error?: string; output?: string };
    return trace.error === undefined ? 'nothing' : nameError(trace.output ?? '0x');
  }
}

interface RawLog {
  address: string;
  topics: string[];
  data: string;
}

interface RawReceipt {
  status: string;
  gasUsed: string;
  logs: RawLog[];
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  await compileContracts();
  const anvil = await startAnvil({ noMining: true, timestamp: START - 900 });
  try {
    const owner = keyOf('owner');
    const plan = deployAll(owner.address, keyOf('granter').address, options, readArtifact);
    for (const [nonce, { to, data, gasLimit }] of plan.transactions.entries()) {
      const fees = { type: 2, chainId: 31337, maxFeePerGas: 0, maxPriorityFeePerGas: 0 };
      const raw = await owner.signTransaction({ ...fees, nonce, gasLimit, data, to });
      await anvil.call('eth_sendRawTransaction', [raw]);
    }
    // Two blocks: all of it is more gas than one block takes.
    for (let at = START - 2; at <= START; at++) await anvil.mineAt(at);
    const done = await anvil.call('eth_getTransactionCount', [owner.address, 'latest']);
    if (Number(done) !== plan.transactions.length) {
      throw new Error('the set-up did not fit its blocks');
    }
    return new World(anvil, options, plan.address, Number(done));
  } catch (error) {
    await anvil.stop();
    throw error;
  }
}

/** A world for one test, closed whatever happens. */
export async function inWorld(
  options: WorldOptions,
  work: (world: World) => Promise<void>,
): Promise<void> {
  const world = await openWorld(options);
  try {
    await work(world);
  } finally {
    await world.close();
  }
}

export function keyOf(name: string): Wallet {
  return new Wallet(keccak256(toUtf8Bytes(`transax test key ${name}`)));
}

function decodeEvents(logs: readonly RawLog[]): Receipt['events'] {
  return logs.map((log) => {
    for (const contract of Object.values(INTERFACES)) {
      const parsed = contract.parseLog(log);
      if (parsed !== null) return { name: parsed.name, args: parsed.args };
    }
    throw new Error(`unknown event ${log.topics[0]}`);
  });
}

function nameError(data: string): string {
  if (data.length < 10) return 'no reason (out of gas?)';
  for (const contract of Object.values(INTERFACES)) {
    const parsed = contract.parseError(data);
    if (parsed !== null) return `${parsed.name}(${parsed.args.map(say).join(', ')})`;
  }
  return data;
}

function say(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(say).join(', ')}]` : String(value);
}
