/**
 * The market's books, computed anew from the log alone: who holds what, where the energy of each
 * asset is, and what each offer took and was paid. Nothing the contracts add up is used.
 */
import * as assert from 'uvu/assert';
import { CALENDAR, INTERFACES } from './deployment.ts';
import { payment } from './trading.ts';
import type { World } from './world.ts';

export interface AssetBook {
  grantedWs: bigint;
  depositedWs: bigint;
  tradedWs: bigint;
  side: number;
  maxPowerW: number;
}

export interface OfferRecord {
  id: number;
  owner: string;
  assetId: number;
  side: number;
  firstInterval: number;
  lastInterval: number;
  isSingle: boolean;
  price: number;
  powerW: number;
  energyWs: bigint;
  takenWs: bigint;
  /** A bid's escrow left, an ask's proceeds, by all final trades. */
  moneyMicro: bigint;
  /** Of that, what intervals changed that are not settled yet. */
  pending: Map<number, bigint>;
  isClosed: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: the arguments of any event
type Args = Record<string, any>;

export class Ledger {
  readonly balances = new Map<string, bigint>();
  readonly stakes = new Map<string, bigint>();
  readonly assets = new Map<number, AssetBook>();
  readonly offers = new Map<number, OfferRecord>();
  /** Trades of final intervals, and the positions voided. */
  readonly finals = new Map<number, { trades: string; voided: ReadonlySet<number> }>();
  readonly unsettled = new Set<number>();
  grantedMicro = 0n;
  depositedMicro = 0n;
  fundedMicro = 0n;
  rewardedMicro = 0n;
  readonly #voided = new Map<number, ReadonlySet<number>>();
  readonly #isPriced: boolean;
  readonly #intervalSeconds: number;

  constructor(world: World) {
    this.#isPriced = world.options.params?.priceRule === 1;
    const { intervalSeconds } = { ...CALENDAR, ...world.options.calendar };
    this.#intervalSeconds = intervalSeconds;
  }

  take(name: string, args: Args): void {
    const step = this.#steps[name];
    if (step !== undefined) step(args);
  }

  #move(holder: string, micro: bigint): void {
    const balance = (this.balances.get(holder) ?? 0n) + micro;
    assert.ok(balance >= 0n, `${holder} spent what it has not`);
    this.balances.set(holder, balance);
  }

  #stake(solver: string, micro: bigint): void {
    this.stakes.set(solver, (this.stakes.get(solver) ?? 0n) + micro);
    this.#move(solver, -micro);
  }

  readonly #steps: Record<string, (args: Args) => void> = {
    AssetAdded: ({ assetId, owner, energyWs, side, maxPowerW }) => {
      const numbers = { side: Number(side), maxPowerW: Number(maxPowerW) };
      const asset = { grantedWs: energyWs, depositedWs: 0n, tradedWs: 0n, ...numbers };
      this.assets.set(Number(assetId), asset);
      this.#move(owner, 0n);
    },
    EnergyDeposited: ({ assetId, energyWs }) => {
      this.#asset(assetId).depositedWs += energyWs;
    },
    FinancialAdded: ({ owner, amountMicro }) => {
      this.grantedMicro += amountMicro;
      this.#move(owner, amountMicro);
    },
    FinancialDeposited: ({ owner, amountMicro }) => {
      this.depositedMicro += amountMicro;
      this.#move(owner, 0n - amountMicro);
    },
    Staked: ({ solver, amountMicro }) => this.#stake(solver, amountMicro),
    Unstaked: ({ solver, amountMicro }) => this.#stake(solver, 0n - amountMicro),
    RewardsFunded: ({ from, amountMicro }) => {
      this.fundedMicro += amountMicro;
      this.#move(from, 0n - amountMicro);
    },
    RewardPaid: ({ to, amountMicro }) => {
      this.rewardedMicro += amountMicro;
      this.#move(to, amountMicro);
    },
    OfferPosted: (args) => this.#post(args),
    TradesVoided: ({ interval, positions }) => {
      this.#voided.set(Number(interval), new Set((positions as bigint[]).map(Number)));
    },
    SolutionFinalized: ({ interval, trades }) => this.#finalize(Number(interval), trades),
    OfferClosed: (args) => this.#close(args),
    IntervalSettled: ({ interval }) => this.#settle(Number(interval)),
  };

  #post(args: Args): void {
    const id = Number(args.offerId);
    const price = Number(args.priceMicroPerKwh);
    const side = Number(args.side);
    const escrow = side === 1 ? payment(price, Number(args.energyWs)) : 0n;
    this.#move(args.owner, -escrow);
    this.offers.set(id, {
      id,
      owner: args.owner,
      assetId: Number(args.assetId),
      side,
      firstInterval: Number(args.firstInterval),
      lastInterval: Number(args.lastInterval),
      isSingle: args.firstInterval === args.lastInterval,
      price,
      powerW: Number(args.maxPowerW),
      energyWs: args.energyWs,
      takenWs: 0n,
      moneyMicro: escrow,
      pending: new Map(),
      isClosed: false,
    });
  }

  #finalize(interval: number, trades: string): void {
    assert.not.ok(this.finals.has(interval), `${interval} is final twice`);
    const gone = this.#voided.get(interval) ?? new Set();
    this.finals.set(interval, { trades, voided: gone });
    if (trades.length > 2) this.unsettled.add(interval);
    for (const [i, { askId, bidId, powerW, said }] of this.#read(trades).entries()) {
      if (gone.has(i)) continue;
      const [ask, bid] = [this.#offer(askId), this.#offer(bidId)];
      const energyWs = powerW * this.#intervalSeconds;
      const price = this.#isPriced ? said : Math.floor((ask.price + bid.price) / 2);
      const paid = payment(price, energyWs);
      for (const [offer, micro] of [
        [ask, paid],
        [bid, -paid],
      ] as const) {
        offer.moneyMicro += micro;
        offer.pending.set(interval, (offer.pending.get(interval) ?? 0n) + micro);
      }
      for (const offer of [ask, bid]) {
        assert.not.ok(offer.isClosed, `offer ${offer.id} trades after its end`);
        offer.takenWs += BigInt(energyWs);
        this.#asset(offer.assetId).tradedWs += BigInt(energyWs);
        assert.ok(offer.takenWs <= offer.energyWs && offer.moneyMicro >= 0n, `offer ${offer.id}`);
      }
    }
  }

  #settle(interval: number): void {
    assert.ok(this.unsettled.delete(interval), `${interval} is settled twice`);
    for (const offer of this.offers.values()) {
      const traded = offer.pending.delete(interval);
      const isOver = offer.isClosed || !offer.isSingle;
      assert.ok(isOver || !traded, `single offer ${offer.id} stays open`);
    }
  }

  #close({ offerId, owner, energyWs, moneyMicro }: Args): void {
    const offer = this.#offer(Number(offerId));
    assert.not.ok(offer.isClosed, `offer ${offer.id} closed twice`);
    assert.ok(offer.isSingle || offer.pending.size === 0, `offer ${offer.id} closed too early`);
    assert.is(owner, offer.owner, `owner of offer ${offer.id}`);
    assert.is(energyWs, offer.energyWs - offer.takenWs, `energy back from offer ${offer.id}`);
    assert.is(moneyMicro, offer.moneyMicro, `money back from offer ${offer.id}`);
    offer.isClosed = true;
    this.#move(owner, moneyMicro);
  }

  /** `said`: the price that the solver says, under its rule. */
  #read(trades: string): { askId: number; bidId: number; powerW: number; said: number }[] {
    const digits = this.#isPriced ? 32 : 24;
    const list = trades.slice(2).match(new RegExp(`.{${digits}}`, 'g')) ?? [];
    return list.map((trade) => {
      const word = (place: number) => Number.parseInt(trade.slice(8 * place, 8 * place + 8), 16);
      return { askId: word(0), bidId: word(1), powerW: word(2), said: word(3) };
    });
  }

  #offer(id: number): OfferRecord {
    const offer = this.offers.get(id);
    if (offer === undefined) throw new Error(`the log knows no offer ${id}`);
    return offer;
  }

  #asset(id: bigint | number): AssetBook {
    const asset = this.assets.get(Number(id));
    if (asset === undefined) throw new Error(`the log knows no asset ${id}`);
    return asset;
  }
}

/** The books of all that the chain's log tells, from its beginning. */
export async function readLedger(world: World): Promise<Ledger> {
  const ledger = new Ledger(world);
  const filter = { fromBlock: '0x0', toBlock: 'latest', address: Object.values(world.address) };
  const logs = (await world.anvil.call('eth_getLogs', [filter])) as {
    topics: string[];
    data: string;
  }[];
  for (const log of logs) {
    const contracts = Object.values(INTERFACES);
    const parsed = contracts.map((contract) => contract.parseLog(log)).find((one) => one !== null);
    if (!parsed) throw new Error(`unknown event ${log.topics[0]}`);
    ledger.take(parsed.name, parsed.args);
  }
  return ledger;
}
