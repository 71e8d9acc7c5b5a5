/**
 * Meets hostile endpoints with the real chain client, in a process of its own:
 * `client.ts`, with a task as JSON on its input; writes a line of JSON for each behaviour.
 */
import { computeAddress, hexlify, randomBytes, SigningKey } from 'ethers';
import { AgreedFeed } from '../../chain/agreed-feed.ts';
import { depositFinancialCall } from '../../chain/calls.ts';
import type { MarketContracts } from '../../chain/decode.ts';
import { LogFollower } from '../../chain/follower.ts';
import { Outbox } from '../../chain/outbox.ts';
import { OUTBOX_DAYS_SQL, OUTBOX_SQL, SqlOutboxStore } from '../../chain/outbox-store.ts';
import { JsonRpc } from '../../chain/rpc.ts';
import { SilentDelivery } from '../../chain/silent-delivery.ts';
import { writerLines } from '../../chain/writer-lines.ts';
import { clearTransport } from '../../host/http-transport.ts';
import type { Clock, Transport } from '../../host/ports.ts';
import { nodeRandom } from '../../host/random.ts';
import { openSql } from '../../host/sqlite.ts';
import { systemClock } from '../../host/system-clock.ts';
import { laxPolicy } from '../chain/lax-policy.ts';
import { never } from '../chain/scripted-transport.ts';
import { BELIEVED_ALONE } from './behaviours.ts';
import { Beliefs, Truth } from './beliefs.ts';
import { Watch, type Watched } from './watch.ts';

export interface Task {
  chainUrl: string;
  honestUrls: [string, string];
  hostileUrl: string;
  chainId: number;
  contracts: MarketContracts;
  /** May grant, without a signature. */
  granter: string;
  /** The call that grants a little money to somebody. */
  grant: { to: string; data: string };
  names: string[];
  times: number;
}

export interface Met extends Watched {
  name: string;
  times: number;
  /** What should not be, in words; empty when all is well. */
  faults: string[];
  /** Polls in which the two honest ones and this one brought the log on. */
  advanced: number;
  /** Polls that failed with a typed error, with one honest one and with none. */
  refused: number;
}

/** Clients at a time. */
const AT_ONCE = 2;
const DEADLINE_MS = 500;
/** The honest one answers in a hundredth of it, on a machine that does nothing else. */
const SEND_DEADLINE_MS = 1_000;
const GRACE_MS = 150;
const RESEND_MS = 60_000;
const BLOCKS_BEFORE = 4;
const ROUNDS = 3;

let growing: Promise<unknown> = Promise.resolve();

class Run {
  readonly #task: Task;
  readonly #truth: Truth;
  readonly met: Met;
  #client = 0;

  constructor(task: Task, met: Met) {
    this.#task = task;
    this.#truth = new Truth(task.chainUrl);
    this.met = met;
  }

  async once(): Promise<void> {
    this.#client += 1;
    const { honestUrls, hostileUrl } = this.#task;
    const name = encodeURIComponent(this.met.name);
    const at = (use: string) => `${hostileUrl}/${name}/${use}-${this.#client}`;
    const origins = [...honestUrls, hostileUrl];
    const transport = clearTransport({ origins });
    try {
      await this.#agree([...honestUrls, at('three')], transport, true);
      await this.#agree([honestUrls[0], at('two')], transport, false);
      await this.#alone(at('one'), transport);
      await this.#send([at('send'), honestUrls[0]], transport);
    } finally {
      transport.close();
    }
  }

  /** @param isMajority whether the honest ones among these are enough */
  async #agree(urls: string[], transport: Transport, isMajority: boolean): Promise<void> {
    const { fromBlock, ...market } = await this.#market();
    const feed = new AgreedFeed({
      ...{ ...market, fromBlock, urls, transport, identity: 'reader', clock: systemClock() },
      ...{ deadlineMs: DEADLINE_MS, graceMs: GRACE_MS },
    });
    const beliefs = new Beliefs(feed);
    let grown = fromBlock;
    for (let round = 0; round < ROUNDS; round += 1) {
      grown = await this.grow();
      await beliefs.poll();
      // A lie may cost one poll, in which the others are asked as well.
      if (isMajority && (beliefs.head ?? 0) < grown) await beliefs.poll();
      if (isMajority && (beliefs.head ?? 0) >= grown) this.met.advanced += 1;
    }
    if (isMajority && (beliefs.head ?? 0) < grown) {
      this.#fault(`two honest ones do not bring it on: ${beliefs.errors.join()}`);
    }
    if (!isMajority) this.met.refused += beliefs.errors.length;
    await this.#compare(beliefs, fromBlock, isMajority ? 'of three' : 'of two');
  }

  async #alone(url: string, transport: Transport): Promise<void> {
    const { fromBlock, ...market } = await this.#market();
    const rpc = this.#rpc([url], transport, systemClock());
    const beliefs = new Beliefs(new LogFollower({ ...market, fromBlock, rpc }));
    for (let round = 0; round < ROUNDS; round += 1) {
      await this.grow();
      await beliefs.poll();
    }
    this.met.refused += beliefs.errors.length;
    if (!BELIEVED_ALONE.has(this.met.name)) await this.#compare(beliefs, fromBlock, 'alone');
  }

  /** What is believed must be the truth up to the block it is believed to. */
  async #compare(beliefs: Beliefs, fromBlock: number, how: string): Promise<void> {
    if (beliefs.head === null) return;
    const { microgrid, assets, matching } = this.#task.contracts;
    const last = await this.#truth.headNumber();
    if (beliefs.head > last) return this.#fault(`${how}: it believes in block ${beliefs.head}`);
    const truth = await this.#truth.lines([microgrid, assets, matching], fromBlock, beliefs.head);
    const believed = beliefs.lines();
    if (believed.join('\n') === truth.join('\n')) return;
    const wrong = believed.find((line) => !truth.includes(line));
    const missing = truth.find((line) => !believed.includes(line));
    this.#fault(`${how}: it believes "${wrong}" and misses "${missing}"`);
  }

  /** A transaction gets into the chain once, past the hostile endpoint, as an agent sends it. */
  async #send(urls: string[], transport: Transport): Promise<void> {
    const clock = systemClock();
    let skewMs = 0;
    const hurried: Clock = { ...clock, now: () => clock.now() + skewMs };
    const sql = openSql(':memory:', { migrations: [OUTBOX_SQL, OUTBOX_DAYS_SQL] });
    try {
      const store = new SqlOutboxStore(sql);
      const outbox = this.#outbox(store, urls, transport, hurried);
      const key = new SigningKey(hexlify(randomBytes(32)));
      const address = computeAddress(key.publicKey).toLowerCase();
      store.seedNonce(address, 0);
      const { hash } = outbox.enqueue(key, depositFinancialCall(this.#task.contracts, 1n));
      for (let flushes = 0; flushes < 8; flushes += 1) {
        await outbox.flush(never);
        skewMs += 3 * RESEND_MS;
        if ((await this.#truth.call('eth_getTransactionByHash', [hash])) !== null) break;
      }
      // It is mined at once, unless the machine is busy.
      const used = Number(await this.#truth.call('eth_getTransactionCount', [address, 'pending']));
      if (used !== 1) this.#fault(`${used} transactions came through instead of one`);
    } finally {
      sql.close();
    }
  }

  #outbox(store: SqlOutboxStore, urls: string[], transport: Transport, clock: Clock): Outbox {
    const brief: Transport = {
      ...transport,
      post: (url, body, options) =>
        transport.post(url, body, { ...options, deadlineMs: SEND_DEADLINE_MS }),
    };
    const delivery = new SilentDelivery({
      ...{ store, clock, random: nodeRandom(), resendMs: RESEND_MS, spreadMs: 0 },
      openLine: writerLines({ urls, transport: brief, clock }),
    });
    return new Outbox({ store, delivery, chainId: this.#task.chainId, policy: laxPolicy, clock });
  }

  #rpc(urls: string[], transport: Transport, clock: Clock): JsonRpc {
    return new JsonRpc({ urls, transport, identity: 'reader', clock, deadlineMs: DEADLINE_MS });
  }

  async #market() {
    const { chainId, contracts } = this.#task;
    const fromBlock = Math.max(0, (await this.#truth.headNumber()) - BLOCKS_BEFORE);
    const finality = { kind: 'instant' } as const;
    return { chainId, contracts, fromBlock, finality, withTransactions: true };
  }

  /** Another block with a grant, one after the other. @returns a number that the chain has */
  grow(): Promise<number> {
    const { to, data } = this.#task.grant;
    const transaction = { from: this.#task.granter, to, data, gas: '0x7a120', gasPrice: '0x0' };
    const grown = growing.then(async () => {
      await this.#truth.call('eth_sendTransaction', [transaction]);
      return this.#truth.headNumber();
    });
    growing = grown;
    return grown;
  }

  #fault(text: string): void {
    if (this.met.faults.length < 5) this.met.faults.push(text);
  }
}

async function meet(task: Task, name: string, times: number): Promise<Met> {
  const met = { name, times, faults: [], advanced: 0, refused: 0 };
  const watch = new Watch();
  const run = new Run(task, { ...met, ...NOTHING });
  let left = times;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      await run.once();
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, times) }, worker));
  return { ...run.met, ...watch.end() };
}

/** All that is read lies after the deployment, whose events are of many kinds. */
async function growBeyond(task: Task): Promise<void> {
  const run = new Run(task, {
    name: '',
    times: 0,
    faults: [],
    advanced: 0,
    refused: 0,
    ...NOTHING,
  });
  for (let blocks = 0; blocks <= BLOCKS_BEFORE; blocks += 1) await run.grow();
}

const NOTHING: Watched = { heldMs: 0, delayMs: 0, grownMiB: 0, rssGrownMiB: 0, peakMiB: 0 };

async function main(): Promise<void> {
  let text = '';
  for await (const part of process.stdin) text += part;
  const task: Task = JSON.parse(text);
  await growBeyond(task);
  // Code is compiled and the heap finds its size before anything is measured.
  const warm = 3 + Math.min(25, Math.floor(task.times / 4));
  for (const name of ['late', 'one long string', 'a flood of logs']) await meet(task, name, warm);
  for (const name of task.names) {
    const met = await meet(task, name, task.times);
    process.stdout.write(`${JSON.stringify(met)}\n`);
  }
}

await main();
process.exit(0);
