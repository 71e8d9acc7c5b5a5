/** A chain on which each transaction tells its gas: anvil mined by command, keys by the hundred. */
import { Wallet } from 'ethers';
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
import type { MarketCalendar } from '../../market/intervals.ts';
import { type Anvil, startAnvil } from '../../testbed/anvil.ts';
import { Seeded } from '../../testbed/homes/seeded.ts';

const CHAIN_ID = 31337;
const MOST = (1n << 63n) - 1n;
const LIMITS = { internalLimitW: 10_000_000, externalLimitW: 10_000_000 };

/** What sends: a key and its next nonce. */
export interface Sender {
  wallet: Wallet;
  nonce: number;
}

export interface Sent {
  from: Sender;
  call: Call;
}

export class GasChain {
  readonly contracts: MarketContracts;
  readonly owner: Sender;
  readonly #anvil: Anvil;
  readonly #keys = new Seeded(1);
  #now: number;

  private constructor(anvil: Anvil, now: number) {
    this.#anvil = anvil;
    this.#now = now;
    this.owner = this.sender();
    this.contracts = marketContractsFrom(this.owner.wallet.address, 0);
  }

  /** Deploys a sealed market. @param startsAt unix seconds of the first block */
  static async open(calendar: MarketCalendar, feeders: number, startsAt: number) {
    await compileContracts();
    const anvil = await startAnvil({ noMining: true, timestamp: startsAt - 1 });
    const chain = new GasChain(anvil, startsAt);
    const { owner, contracts } = chain;
    const { microgrid, matching } = contracts;
    const address = owner.wallet.address;
    const market = {
      ...{ owner: address, calendar, marketDelaySeconds: 86_400 },
      caps: { moneyMicroPerDay: MOST, powerW: MOST },
      params: {
        ...{ minOfferWs: 900, minTradeWs: 900, offersPerAsset: 4, minStakeMicro: 1n },
        ...{ priceRule: 0, minGainWs: 900, rewardMicroPerKwh: 0 },
      },
    };
    const tariff = { useMicroPerKwh: [300_000], feedInMicroPerKwh: [80_000] };
    const calls = [
      ...deployMarketCalls(readArtifact, address, 0, market),
      ...Array.from({ length: feeders }, () => addFeederCall(microgrid, LIMITS)),
      setTariffCall(microgrid, tariff),
      setGranterCall(microgrid, address, true),
      proposeMarketCall(microgrid, matching),
      admitMarketCall(microgrid, matching),
      sealCall(microgrid),
    ];
    for (const call of calls) await chain.send([{ from: owner, call }]);
    return chain;
  }

  /** A new key. */
  sender(): Sender {
    const digits = Array.from({ length: 8 }, () => Math.floor(this.#keys.between(1, 2 ** 32)));
    const key = digits.map((digit) => digit.toString(16).padStart(8, '0')).join('');
    return { wallet: new Wallet(`0x0${key.slice(1)}`), nonce: 0 };
  }

  /** Blocks from here on are later. */
  advanceTo(seconds: number): void {
    this.#now = Math.max(this.#now, seconds);
  }

  get now(): number {
    return this.#now;
  }

  /** Mines them in their order. @returns the gas of each @throws Error when one reverts */
  async send(list: readonly Sent[]): Promise<number[]> {
    const hashes: string[] = [];
    for (const { from, call } of list) {
      const raw = await from.wallet.signTransaction({
        ...{ type: 2, chainId: CHAIN_ID, nonce: from.nonce++, to: call.to, data: call.data },
        ...{ gasLimit: call.gasLimit, maxFeePerGas: 0, maxPriorityFeePerGas: 0 },
      });
      hashes.push((await this.#anvil.call('eth_sendRawTransaction', [raw])) as string);
    }
    while ((await this.#anvil.pending()) > 0) await this.#anvil.mineAt(++this.#now);
    return Promise.all(hashes.map((hash, place) => this.#gasOf(hash, list[place]?.call)));
  }

  async close(): Promise<void> {
    await this.#anvil.stop();
  }

  async #gasOf(hash: string, call: Call | undefined): Promise<number> {
    const receipt = (await this.#anvil.call('eth_getTransactionReceipt', [hash])) as {
      status: string;
      gasUsed: string;
    } | null;
    if (receipt?.status !== '0x1') throw new Error(`${call?.kind} was refused`);
    return Number(receipt.gasUsed);
  }
}
