/**
 * The law of the ledger (design: invariants): energy granted = held + in offers + traded +
 * deposited, per side; money granted = balances + in offers and stakes + deposited; to the last
 * unit. Sums over single records are compared with the contract's totals and with the log.
 */
import * as assert from 'uvu/assert';
import { decodeChunk } from '../../market/matching/chunk.ts';
import { INTERFACES } from './deployment.ts';
import { SIDE, type Side } from './trading.ts';
import type { World } from './world.ts';

/** @throws uvu's assertion when anything was created or lost. */
export async function assertConserved(world: World): Promise<void> {
  const logged = await sumLog(world);
  const assets = await readAll(world, 'assets', 'assetCount', 'assets');
  const offers = await readAll(world, 'matching', 'offerCount', 'offers');
  for (const side of ['sell', 'buy'] as const) {
    const ofSide = (list: Record<string, unknown>[]) =>
      sum(list.filter((item) => Number(item.side) === SIDE[side]).map((item) => item.energyWs));
    const totals = (await world.read('assets', 'energyTotals', [SIDE[side]])).toObject();
    assert.is(totals.grantedWs, logged.grantedWs[side], `${side}: granted`);
    assert.is(totals.inMarketsWs, ofSide(offers), `${side}: in offers`);
    assert.is(totals.tradedWs, logged.tradedWs, `${side}: traded`);
    assert.is(totals.depositedWs, logged.depositedWs[side], `${side}: deposited`);
    const elsewhere = totals.inMarketsWs + totals.tradedWs + totals.depositedWs;
    assert.is(totals.grantedWs, ofSide(assets) + elsewhere, `${side}: held`);
  }
  const money = (await world.read('assets', 'moneyTotals')).toObject();
  const stakes = (await world.read('matching', 'stakeOf', [world.solver.address])) as unknown;
  const inOffers = sum(offers.map((offer) => offer.moneyMicro)) + BigInt(stakes as bigint);
  const balances: unknown[] = [];
  for (const holder of logged.holders) {
    balances.push(await world.read('assets', 'balanceMicro', [holder]));
  }
  assert.is(money.grantedMicro, logged.grantedMicro, 'money granted');
  assert.is(money.depositedMicro, logged.depositedMicro, 'money deposited');
  assert.is(money.inMarketsMicro, inOffers, 'money in offers and stakes');
  assert.is(money.grantedMicro, sum(balances) + inOffers + money.depositedMicro, 'balances');
}

interface LogSums {
  grantedWs: Record<Side, bigint>;
  depositedWs: Record<Side, bigint>;
  tradedWs: bigint;
  grantedMicro: bigint;
  depositedMicro: bigint;
  holders: Set<string>;
}

async function sumLog(world: World): Promise<LogSums> {
  const sums: LogSums = {
    grantedWs: { sell: 0n, buy: 0n },
    depositedWs: { sell: 0n, buy: 0n },
    tradedWs: 0n,
    grantedMicro: 0n,
    depositedMicro: 0n,
    holders: new Set(),
  };
  const sideOf = new Map<bigint, Side>();
  const voided = new Map<bigint, Set<number>>();
  for (const { name, args } of await readLog(world)) {
    if (name === 'AssetAdded') {
      const side = args.side === 0n ? 'sell' : 'buy';
      sideOf.set(args.assetId, side);
      sums.grantedWs[side] += args.energyWs;
      sums.holders.add(args.owner);
    } else if (name === 'EnergyDeposited') {
      sums.depositedWs[sideOf.get(args.assetId) ?? 'sell'] += args.energyWs;
    } else if (name === 'FinancialAdded') {
      sums.grantedMicro += args.amountMicro;
      sums.holders.add(args.owner);
    } else if (name === 'FinancialDeposited') {
      sums.depositedMicro += args.amountMicro;
    } else if (name === 'TradesVoided') {
      voided.set(args.interval, new Set((args.positions as bigint[]).map(Number)));
    } else if (name === 'SolutionFinalized') {
      const gone = voided.get(args.interval);
      for (const [i, trade] of decodeChunk(withoutPrices(world, args.trades)).entries()) {
        if (!gone?.has(i)) sums.tradedWs += BigInt(trade.powerW) * 900n;
      }
    }
  }
  return sums;
}

/** The chunk as under the midpoint rule. */
function withoutPrices(world: World, trades: string): string {
  if (world.options.params?.priceRule !== 1) return trades;
  return trades
    .replace(/^0x/, '')
    .replace(/(.{24}).{8}/g, '$1')
    .replace(/^/, '0x');
}

// biome-ignore lint/suspicious/noExplicitAny: the arguments of any event
type Args = Record<string, any>;

async function readLog(world: World): Promise<{ name: string; args: Args }[]> {
  const filter = { fromBlock: '0x0', toBlock: 'latest', address: Object.values(world.address) };
  const logs = (await world.anvil.call('eth_getLogs', [filter])) as {
    topics: string[];
    data: string;
  }[];
  return logs.map((log) => {
    for (const contract of Object.values(INTERFACES)) {
      const parsed = contract.parseLog(log);
      if (parsed !== null) return { name: parsed.name, args: parsed.args as Args };
    }
    throw new Error(`unknown event ${log.topics[0]}`);
  });
}

async function readAll(
  world: World,
  contract: 'assets' | 'matching',
  count: string,
  item: string,
): Promise<Record<string, unknown>[]> {
  const list: Record<string, unknown>[] = [];
  const last = Number(await world.read(contract, count));
  for (let id = 1; id <= last; id++) {
    list.push((await world.read(contract, item, [id])).toObject());
  }
  return list;
}

function sum(values: readonly unknown[]): bigint {
  return values.reduce((total: bigint, value) => total + BigInt(value as bigint), 0n);
}
