/**
 * A market for solvers that compete: a real chain, deployed and funded by the operator's commands,
 * homes that post from prepared addresses, solvers as processes of their own, all in stepped time.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { computeAddress, hexlify, id, SigningKey, Transaction } from 'ethers';
import { compileContracts } from '../../build/contracts.ts';
import { type Call, grantCall, postOfferCall, stakeCall } from '../../chain/calls.ts';
import { LogFollower } from '../../chain/follower.ts';
import { MarketReads } from '../../chain/reads.ts';
import { JsonRpc } from '../../chain/rpc.ts';
import type { Receipt } from '../../chain/rpc-forms.ts';
import { clearTransport } from '../../host/http-transport.ts';
import { readKeyFile, writeKeyFile } from '../../host/key-file.ts';
import type { Transport } from '../../host/ports.ts';
import { systemClock } from '../../host/system-clock.ts';
import { startOf } from '../../market/intervals.ts';
import { paymentMicro, type Side } from '../../market/units.ts';
import { type Deployment, parseDeployment } from '../../operator/deployment.ts';
import { ChainHost } from '../../testbed/chain-host.ts';
import { Conductor } from '../../testbed/conductor.ts';
import type { Waiting } from '../../testbed/waiting.ts';
import { operatorToml } from '../operator/world.ts';
import { OPERATOR, run, Started } from './processes.ts';

const BLOCK_SECONDS = 5;
const STARTS_AT_MS = Date.UTC(2026, 5, 12, 10);
/** The interval that runs when the run begins. */
const BEGIN = STARTS_AT_MS / 900_000;

/** One who sends: a key and its next nonce. */
export class Hand {
  readonly key: SigningKey;
  readonly address: string;
  #nonce: number;

  constructor(key: SigningKey, nonce = 0) {
    this.key = key;
    this.address = computeAddress(key.publicKey).toLowerCase();
    this.#nonce = nonce;
  }

  static named(name: string): Hand {
    return new Hand(new SigningKey(id(`transax solvers ${name}`)));
  }

  sign({ to, data, gasLimit }: Call, chainId: number): string {
    const fees = { maxFeePerGas: 0, maxPriorityFeePerGas: 0 };
    const nonce = this.#nonce++;
    const transaction = Transaction.from({ type: 2, chainId, nonce, to, data, gasLimit, ...fees });
    transaction.signature = this.key.sign(transaction.unsignedHash);
    return transaction.serialized;
  }
}

/** What a home will offer, for one interval. */
export interface PlannedOffer {
  hand: Hand;
  side: Side;
  interval: number;
  powerW: number;
  priceMicroPerKwh: number;
  /** When it is posted, unix seconds. */
  postAt: number;
}

export class SolverMarket {
  readonly chain: ChainHost;
  readonly rpc: JsonRpc;
  readonly reads: MarketReads;
  readonly deployment: Deployment;
  readonly folder: string;
  readonly conductor: Conductor;
  readonly #transport: Transport;
  readonly #posts: { at: number; raw: string }[] = [];
  readonly #processes = new Set<Started>();

  private constructor(chain: ChainHost, folder: string, transport: Transport) {
    this.chain = chain;
    this.folder = folder;
    this.#transport = transport;
    const { url } = chain.anvil;
    const identity = 'test';
    this.rpc = new JsonRpc({ urls: [url], transport, identity, clock: systemClock() });
    const path = join(folder, 'deployment.json');
    this.deployment = parseDeployment(readFileSync(path, 'utf8'), path);
    this.reads = new MarketReads(this.rpc, this.deployment.contracts);
    this.conductor = new Conductor(STARTS_AT_MS, BLOCK_SECONDS, chain);
  }

  /**
   * Deploys. The first solver is that of the deployment.
   * @param solverToml settings of the first solver, lines of `[solver]`
   */
  static async open(solverToml: string): Promise<SolverMarket> {
    await compileContracts();
    const folder = mkdtempSync(join(tmpdir(), 'transax-solvers-'));
    const chain = await ChainHost.start(STARTS_AT_MS);
    const transport = clearTransport({ origins: [chain.anvil.url] });
    try {
      writeSettings(folder, chain.anvil.url, join(folder, 'time.sock'), solverToml);
      await commandIn(folder, chain, 'deploy');
      return new SolverMarket(chain, folder, transport);
    } catch (error) {
      transport.close();
      await chain.anvil.stop();
      rmSync(folder, { recursive: true });
      throw error;
    }
  }

  get now(): number {
    return this.conductor.now() / 1000;
  }

  /** The n-th interval from the one that runs when the run begins. */
  interval(n: number): number {
    return BEGIN + n;
  }

  startOf(interval: number): number {
    return startOf(this.deployment.calendar, interval);
  }

  /** A folder of settings, key and deployment for another solver. @returns it and the address */
  newSolver(name: string, solverToml: string): { folder: string; address: string } {
    const folder = join(this.folder, name);
    mkdirSync(folder);
    const socket = join(this.folder, 'time.sock');
    writeSettings(folder, this.chain.anvil.url, socket, solverToml);
    copyFileSync(join(this.folder, 'deployment.json'), join(folder, 'deployment.json'));
    const { key, address } = Hand.named(name);
    writeKeyFile(join(folder, 'solver.key'), Buffer.from(key.privateKey.slice(2), 'hex'));
    return { folder, address };
  }

  /** A command of the operator, to its end, while blocks are made. @returns what it printed */
  command(folder: string, ...args: string[]): Promise<string> {
    return commandIn(folder, this.chain, ...args);
  }

  startSolver(folder: string): Started {
    const started = new Started(OPERATOR, 'solver', '--config', join(folder, 'operator.toml'));
    this.#processes.add(started);
    return started;
  }

  /** @returns the hash */
  send(hand: Hand, call: Call): Promise<string> {
    return this.rpc.sendRaw(hand.sign(call, this.deployment.chainId));
  }

  /** What waits for the next block. */
  async pool(): Promise<Waiting[]> {
    const { pending } = (await this.chain.anvil.call('txpool_content')) as {
      pending: Record<string, Record<string, Waiting>>;
    };
    return Object.values(pending).flatMap((byNonce) => Object.values(byNonce));
  }

  /** Sends and mines at once, before the run and after it. */
  async carryOut(hand: Hand, call: Call): Promise<Receipt> {
    const hash = await this.send(hand, call);
    return await this.chain.whileMining(async () => {
      for (;;) {
        const receipt = await this.rpc.receipt(hash);
        if (receipt !== null) return receipt;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    });
  }

  async stake(hand: Hand): Promise<void> {
    const { contracts, stakeMicro } = this.deployment;
    const { isSuccess } = await this.carryOut(hand, stakeCall(contracts, BigInt(stakeMicro)));
    if (!isSuccess) throw new Error(`${hand.address} could not stake`);
  }

  /** Grants what will be offered; the offers go out when their time has come. */
  async plan(offers: readonly PlannedOffer[]): Promise<void> {
    const { contracts, chainId } = this.deployment;
    const dsoKey = new SigningKey(hexlify(readKeyFile(join(this.folder, 'dso.key'))));
    const dso = new Hand(dsoKey, await this.rpc.nonce(computeAddress(dsoKey.publicKey), 'latest'));
    const granted = await this.carryOut(
      dso,
      grantCall(
        contracts,
        offers.map(({ hand, side, interval, powerW, priceMicroPerKwh }) => ({
          ...{ to: hand.address, market: contracts.matching, feeder: 1, side },
          ...{ firstInterval: interval, lastInterval: interval },
          ...{ energyWs: powerW * 900, maxPowerW: powerW },
          amountMicro: side === 'buy' ? paymentMicro(priceMicroPerKwh, powerW * 900) : 0n,
        })),
      ),
    );
    if (!granted.isSuccess) throw new Error('the grants were refused');
    const { events } = await this.feed(granted.blockNumber).poll(new AbortController().signal);
    const assets = new Map(
      events.flatMap((event) =>
        event.kind === 'asset-added' ? [[event.owner, event.assetId] as const] : [],
      ),
    );
    for (const { hand, interval, powerW, priceMicroPerKwh, postAt } of offers) {
      const call = postOfferCall(contracts, {
        assetId: assets.get(hand.address) ?? 0,
        ...{ energyWs: powerW * 900, firstInterval: interval, lastInterval: interval },
        ...{ maxPowerW: powerW, priceMicroPerKwh },
      });
      this.#posts.push({ at: postAt, raw: hand.sign(call, chainId) });
    }
  }

  feed(fromBlock = this.deployment.deployedAtBlock): LogFollower {
    const { chainId, contracts } = this.deployment;
    const finality = { kind: 'instant' } as const;
    return new LogFollower({ rpc: this.rpc, chainId, contracts, fromBlock, finality });
  }

  /** Opens market time to the solvers that are started, and waits until so many are there. */
  async gather(solvers: readonly string[]): Promise<Started[]> {
    await this.conductor.listen(join(this.folder, 'time.sock'));
    const started = solvers.map((folder) => this.startSolver(folder));
    await this.conductor.gather(started.length, AbortSignal.timeout(60_000));
    return started;
  }

  /** @param onStep called after each step of market time, while everybody stands still */
  async runTo(seconds: number, onStep: () => Promise<void>): Promise<void> {
    await this.conductor.runTo(seconds * 1000, new AbortController().signal, async () => {
      const due = this.#posts.filter(({ at }) => at <= this.now);
      for (const post of due) {
        this.#posts.splice(this.#posts.indexOf(post), 1);
        await this.rpc.sendRaw(post.raw);
      }
      await onStep();
    });
  }

  async close(): Promise<void> {
    for (const each of this.#processes) each.kill('SIGKILL');
    await Promise.all([...this.#processes].map(({ ended }) => ended));
    await this.conductor.close();
    this.#transport.close();
    await this.chain.anvil.stop();
    rmSync(this.folder, { recursive: true });
  }
}

function writeSettings(folder: string, rpcUrl: string, socket: string, solverToml: string): void {
  const rules = `[solver]\nstake = "5"\nreward = "1 /kWh"\n${solverToml}\n`;
  const toml = operatorToml(rpcUrl, 8800, `clock = "stepped:${socket}"\n`);
  writeFileSync(join(folder, 'operator.toml'), toml.replace('[solver]\npoll = "200 ms"\n', rules));
}

async function commandIn(folder: string, chain: ChainHost, ...args: string[]): Promise<string> {
  const config = join(folder, 'operator.toml');
  const ended = await chain.whileMining(() => run(OPERATOR, ...args, '--config', config));
  if (ended.code !== 0) throw new Error(`${args.join(' ')}: ${ended.err}`);
  return ended.out.trim();
}
