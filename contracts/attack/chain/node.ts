/**
 * A chain under attack: anyone may call from any address, blocks are mined by command, and many
 * views go in one request.
 */
import { Agent, request } from 'node:http';
import { INTERFACES, type WorldOptions } from '../../test/deployment.ts';
import { openWorld, type World } from '../../test/world.ts';

export type ContractName = keyof typeof INTERFACES;

/** A call as the contract gets it. */
export interface Call {
  from: string;
  to: ContractName;
  data: string;
}

export interface View {
  to: ContractName;
  method: string;
  args: readonly unknown[];
}

/** What a call came to: null when it goes through, else the name of the error. */
export type Answer = string | null;

const GAS = '0xf42400';
/** So that a dozen fit into a block. */
const GAS_OF_MANY = '0x25b7f0';
const BATCH = 100;
const PANIC = '0x4e487b71';

interface Reply {
  id: number;
  result?: unknown;
  error?: { message: string; data?: string };
}

export class AttackedNode {
  readonly world: World;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #url: URL;

  private constructor(world: World) {
    this.world = world;
    this.#url = new URL(world.anvil.url);
  }

  static async open(options: WorldOptions): Promise<AttackedNode> {
    const node = new AttackedNode(await openWorld(options));
    await node.#ask('anvil_autoImpersonateAccount', [true]);
    return node;
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    await this.world.close();
  }

  /** What each call would come to at that time, in the newest state. */
  async tryAll(calls: readonly Call[], at: number): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (let i = 0; i < calls.length; i += BATCH) {
      const batch = calls
        .slice(i, i + BATCH)
        .map((call): [string, unknown[]] => [
          'eth_call',
          [this.#fields(call, GAS), 'latest', {}, { time: hex(at) }],
        ]);
      for (const reply of await this.#send(batch)) answers.push(answerOf(reply));
    }
    return answers;
  }

  /** Real transactions in one block of that time. @returns whether each went through. */
  async mine(calls: readonly Call[], at: number): Promise<boolean[]> {
    const hashes: unknown[] = [];
    const gas = calls.length > 1 ? GAS_OF_MANY : GAS;
    for (const call of calls) {
      const fields = { ...this.#fields(call, gas), gasPrice: '0x0' };
      hashes.push(await this.#ask('eth_sendTransaction', [fields]));
    }
    await this.#ask('anvil_setNextBlockBaseFeePerGas', ['0x0']);
    await this.#ask('evm_mine', [{ timestamp: at, blocks: 1 }]);
    const asked = hashes.map((hash): [string, unknown[]] => ['eth_getTransactionReceipt', [hash]]);
    return (await this.#send(asked)).map(({ result }) => {
      if (!result) throw new Error('a transaction was not mined: the block was full');
      return (result as { status: string }).status === '0x1';
    });
  }

  async read(views: readonly View[]): Promise<unknown[]> {
    const found: unknown[] = [];
    for (let i = 0; i < views.length; i += BATCH) {
      const some = views.slice(i, i + BATCH);
      const asked = some.map(({ to, method, args }): [string, unknown[]] => [
        'eth_call',
        [{ to: this.world.address[to], data: encodeCall(to, method, args) }, 'latest'],
      ]);
      for (const [k, { result, error }] of (await this.#send(asked)).entries()) {
        const view = some[k];
        if (view === undefined || error) throw new Error(`${view?.method}: ${error?.message}`);
        const values = INTERFACES[view.to].decodeFunctionResult(view.method, result as string);
        found.push(values.length === 1 ? values[0] : values);
      }
    }
    return found;
  }

  async snapshot(): Promise<unknown> {
    return this.#ask('evm_snapshot', []);
  }

  async goBack(snapshot: unknown): Promise<void> {
    const isDone = await this.#ask('evm_revert', [snapshot]);
    if (isDone !== true) throw new Error('the chain did not go back');
  }

  #fields({ from, to, data }: Call, gas: string) {
    return { from, to: this.world.address[to], data, gas };
  }

  async #ask(method: string, params: unknown[]): Promise<unknown> {
    const [reply] = await this.#send([[method, params]]);
    if (reply?.error) throw new Error(`${method}: ${reply.error.message}`);
    return reply?.result;
  }

  /** In the order asked. */
  async #send(asked: readonly (readonly [string, unknown[]])[]): Promise<Reply[]> {
    if (asked.length === 0) return [];
    const body = asked.map(([method, params], id) => ({ jsonrpc: '2.0', id, method, params }));
    const replies = JSON.parse(await this.#post(JSON.stringify(body))) as Reply[];
    return replies.sort((a, b) => a.id - b.id);
  }

  #post(body: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const { hostname: host, port } = this.#url;
      const headers = { 'content-type': 'application/json' };
      const options = { host, port, method: 'POST', agent: this.#agent, headers };
      const sent = request(options, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => resolve(Buffer.concat(parts).toString('utf8')));
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }
}

export function encodeCall(to: ContractName, method: string, args: readonly unknown[]): string {
  return INTERFACES[to].encodeFunctionData(method, [...args]);
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** `nothing` when the contract gave no reason, as the decoder of calldata does. */
function answerOf({ result, error }: Reply): Answer {
  if (error === undefined) {
    if (typeof result !== 'string') throw new Error('a call without an answer');
    return null;
  }
  const data = typeof error.data === 'string' ? error.data : '0x';
  if (!/revert/i.test(error.message)) return `(${error.message})`;
  if (data === '0x') return 'nothing';
  if (data.startsWith(PANIC)) return `Panic(0x${BigInt(`0x${data.slice(10)}`).toString(16)})`;
  for (const contract of Object.values(INTERFACES)) {
    const parsed = contract.parseError(data);
    if (parsed !== null) return parsed.name;
  }
  return data;
}
