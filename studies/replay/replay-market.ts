/**
 * The chain of a replay: anvil, the three contracts, and addresses by the thousand. Transactions
 * are signed here and sent in batches; blocks are mined by command and carry the day's time.
 */
import { computeAddress, id, SigningKey, Transaction } from 'ethers';
import { compileContracts, readArtifact } from '../../build/contracts.ts';
import {
  addFeederCall,
  admitMarketCall,
  type Call,
  proposeMarketCall,
  sealCall,
  setGranterCall,
  setTariffCall,
} from '../../chain/calls.ts';
import type { MarketContracts } from '../../chain/decode.ts';
import { deployMarketCalls, marketContractsFrom } from '../../chain/market-deployment.ts';
import { JsonRpc } from '../../chain/rpc.ts';
import { RpcError } from '../../chain/rpc-forms.ts';
import type { Clock, Transport } from '../../host/ports.ts';
import type { MarketCalendar } from '../../market/intervals.ts';
import type { FeederLimits } from '../../market/offers.ts';
import { type Anvil, startAnvil } from '../../testbed/anvil.ts';

export const CHAIN_ID = 31337;

/** Gas of the set-up, of grants and so on, told apart in the report. */
export type GasPurpose = 'set-up' | 'grants' | 'offers' | 'solutions' | 'settlement';

export interface ReplayMarketOptions {
  calendar: MarketCalendar;
  feeders: number;
  limits: FeederLimits;
  /** Of solvers, where the market pays them. */
  rewardMicroPerKwh?: number;
  /** Unix seconds at which the set-up begins. */
  startsAt: number;
  openTransport: (origin: string) => Transport;
}

export class ReplayError extends Error {
  /** A transaction that must succeed did not. */
  readonly code = 'reverted';
  constructor(message: string) {
    super(message);
    this.name = 'ReplayError';
  }
}

/** One who sends: a key and the next nonce. */
export class Sender {
  readonly key: SigningKey;
  readonly address: string;
  nonce = 0;

  /** @param name makes the key, so that a replay is the same each time */
  constructor(name: string) {
    this.key = new SigningKey(id(`transax replay ${name}`));
    this.address = computeAddress(this.key.publicKey).toLowerCase();
  }
}

export class ReplayMarket {
  readonly anvil: Anvil;
  readonly rpc: JsonRpc;
  readonly contracts: MarketContracts;
  readonly granter: Sender;
  readonly clock: Clock;
  readonly gas: Record<GasPurpose, number> = {
    'set-up': 0,
    grants: 0,
    offers: 0,
    solutions: 0,
    settlement: 0,
  };
  readonly #transport: Transport;
  #now: number;

  private constructor(anvil: Anvil, options: ReplayMarketOptions) {
    this.anvil = anvil;
    this.#transport = options.openTransport(anvil.url);
    this.#now = options.startsAt;
    this.clock = dayClock(() => this.#now);
    this.granter = new Sender('granter');
    const urls = [anvil.url];
    const { clock } = this;
    this.rpc = new JsonRpc({ urls, transport: this.#transport, identity: 'replay', clock });
    this.contracts = marketContractsFrom(this.granter.address, 0);
  }

  static async open(options: ReplayMarketOptions): Promise<ReplayMarket> {
    await compileContracts();
    const anvil = await startAnvil({ noMining: true, timestamp: options.startsAt - 1 });
    const market = new ReplayMarket(anvil, options);
    try {
      await market.#deploy(options);
      return market;
    } catch (error) {
      await market.close();
      throw error;
    }
  }

  /** The day's time, unix seconds: that of the newest block. */
  get now(): number {
    return this.#now;
  }

  /** Lets the day's time pass without a block. */
  advanceTo(seconds: number): void {
    this.#now = Math.max(this.#now, seconds);
  }

  /** Signs and sends; `settle` mines. */
  async send(calls: readonly { from: Sender; call: Call }[]): Promise<void> {
    const requests = calls.map(({ from, call }) => ({
      method: 'eth_sendRawTransaction',
      params: [signed(from, call)],
    }));
    for (const [at, answer] of (await this.rpc.batch(requests)).entries()) {
      if (answer instanceof RpcError) {
        throw new ReplayError(`${calls[at]?.call.kind} was not taken: ${answer.message}`);
      }
    }
  }

  /** Mines until nothing waits, a second for each block. @returns how many blocks */
  async settle(purpose: GasPurpose): Promise<number> {
    let blocks = 0;
    while ((await this.anvil.pending()) > 0) {
      const block = await this.anvil.mineAt(++this.#now);
      this.gas[purpose] += block.gasUsed;
      blocks++;
    }
    return blocks;
  }

  async close(): Promise<void> {
    this.#transport.close();
    await this.anvil.stop();
  }

  async #deploy(options: ReplayMarketOptions): Promise<void> {
    const { calendar, feeders, limits, rewardMicroPerKwh = 0 } = options;
    const { microgrid, matching } = this.contracts;
    const owner = this.granter.address;
    const most = (1n << 64n) - 1n;
    const creations = deployMarketCalls(readArtifact, owner, 0, {
      ...{ owner, calendar, marketDelaySeconds: 86_400 },
      caps: { moneyMicroPerDay: most, powerW: most >> 16n },
      params: {
        ...{ minOfferWs: 1, minTradeWs: 1, offersPerAsset: 4, minStakeMicro: 1n, priceRule: 0 },
        ...{ minGainWs: 0, rewardMicroPerKwh },
      },
    });
    const calls = [
      ...Array.from({ length: feeders }, () => addFeederCall(microgrid, limits)),
      setTariffCall(microgrid, { useMicroPerKwh: [300_000], feedInMicroPerKwh: [80_000] }),
      setGranterCall(microgrid, owner, true),
      proposeMarketCall(microgrid, matching),
      admitMarketCall(microgrid, matching),
      sealCall(microgrid),
    ];
    // In blocks of their own: where one is full, anvil drops the later nonces that wait.
    for (const part of [creations, calls]) {
      for (const call of part) await this.send([{ from: this.granter, call }]);
      await this.settle('set-up');
    }
    if ((await this.rpc.code(matching)) === '0x') throw new ReplayError('the set-up failed');
  }
}

function signed(from: Sender, call: Call): string {
  const transaction = Transaction.from({
    type: 2,
    chainId: CHAIN_ID,
    nonce: from.nonce++,
    to: call.to,
    data: call.data,
    gasLimit: call.gasLimit,
    maxFeePerGas: 0,
    maxPriorityFeePerGas: 0,
  });
  transaction.signature = from.key.sign(transaction.unsignedHash);
  return transaction.serialized;
}

/** Market time is the newest block's; nobody waits on it. */
function dayClock(nowSeconds: () => number): Clock {
  return {
    now: () => nowSeconds() * 1000,
    monotonicMs: () => performance.now(),
    isProven: () => true,
    pacer: () => ({ until: async () => {}, close: () => {} }),
    delay: async () => {},
  };
}
