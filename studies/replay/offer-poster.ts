/** Offers as prosumers post them: granted to a fresh address each, and posted from it. */
import {
  addEnergyCall,
  addFinancialBalanceCall,
  type Call,
  postOfferCall,
} from '../../chain/calls.ts';
import { LogFollower } from '../../chain/follower.ts';
import { paymentMicro } from '../../market/units.ts';
import type { DayOffer } from '../day-offers.ts';
import { CHAIN_ID, ReplayError, type ReplayMarket, Sender } from './replay-market.ts';

/** Signed and sent at a time. */
const BATCH = 400;

export class OfferPoster {
  readonly #market: ReplayMarket;
  readonly #offers = new Map<string, number>();
  readonly #signal = new AbortController().signal;

  constructor(market: ReplayMarket) {
    this.#market = market;
  }

  /** The offer that an address was made for; 0 for a stranger's. */
  offerOf(address: string): number {
    return this.#offers.get(address) ?? 0;
  }

  /**
   * @param onPosted told how many are posted, as it goes on
   * @throws ReplayError when one could not be granted
   */
  async post(offers: readonly DayOffer[], onPosted?: (count: number) => void): Promise<void> {
    for (let from = 0; from < offers.length; from += BATCH) {
      const batch = offers.slice(from, from + BATCH);
      await this.#postBatch(batch);
      onPosted?.(from + batch.length);
    }
  }

  async #postBatch(offers: readonly DayOffer[]): Promise<void> {
    const { contracts, granter, rpc } = this.#market;
    const market = contracts.matching;
    const senders = new Map<string, { sender: Sender; offer: DayOffer }>();
    const grants: Call[] = [];
    // The same for all: where a block is nearly full, anvil skips what does not fit, tries the next
    // of the same sender, and drops it for its nonce.
    let gasLimit = 0;
    for (const offer of offers) {
      const sender = new Sender(`offer ${offer.id}`);
      senders.set(sender.address, { sender, offer });
      this.#offers.set(sender.address, offer.id);
      const { feeder, side, firstInterval, lastInterval, energyWs, maxPowerW } = offer;
      const range = { firstInterval, lastInterval };
      const terms = { feeder, side, ...range, energyWs, maxPowerW };
      const grant = addEnergyCall(contracts, { to: sender.address, market, ...terms });
      gasLimit = Math.max(gasLimit, 250_000 + 30_000 * (lastInterval - firstInterval));
      grants.push(grant);
      if (side === 'sell') continue;
      const money = paymentMicro(offer.priceMicroPerKwh, energyWs);
      const credit = addFinancialBalanceCall(contracts, sender.address, market, money);
      grants.push(credit);
    }
    const before = await rpc.blockNumber();
    await this.#market.send(grants.map((call) => ({ from: granter, call: { ...call, gasLimit } })));
    await this.#market.settle('grants');
    const posts = (await this.#assetsAfter(before)).map(({ owner, assetId }) => {
      const known = senders.get(owner);
      if (known === undefined) throw new ReplayError(`an asset of a stranger, ${owner}`);
      const call = postOfferCall(contracts, { ...known.offer, assetId });
      return { from: known.sender, call: { ...call, gasLimit: 350_000 } };
    });
    if (posts.length !== offers.length) {
      throw new ReplayError(`${offers.length} assets were granted, the log has ${posts.length}`);
    }
    await this.#market.send(posts);
    await this.#market.settle('offers');
  }

  /** The assets that were granted after a block, from the log. */
  async #assetsAfter(block: number): Promise<{ owner: string; assetId: number }[]> {
    const { rpc, contracts } = this.#market;
    const follower = new LogFollower({
      rpc,
      chainId: CHAIN_ID,
      contracts,
      fromBlock: block + 1,
      finality: { kind: 'instant' },
    });
    const { events } = await follower.poll(this.#signal);
    return events.filter((event) => event.kind === 'asset-added');
  }
}
