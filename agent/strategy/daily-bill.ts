/**
 * What a day cost the home, and what it would have cost without the market: the same load and sun,
 * the battery on self-consumption, everything at the supplier's prices. Pure.
 *
 * Trades count at the middle of the common prices, which is what they are made at; what the meter
 * showed beside them at the supplier's prices (NEC II.C). The wear of the battery is in neither.
 */
import type { Interval } from '../../market/intervals.ts';
import { type BatteryModel, planningLimits } from './battery.ts';
import { offerPrices, tradePrice } from './counted-prices.ts';
import type { Prices } from './tariff.ts';

export interface BilledInterval {
  interval: Interval;
  importedWs: number;
  exportedWs: number;
  /** Bought minus sold by final trades. */
  tradedWs: number;
  /** Into the battery; 0 without one. */
  batteryWs: number;
  prices: Prices;
}

export interface Bill {
  importedWs: number;
  exportedWs: number;
  boughtWs: number;
  soldWs: number;
  /** Trades, and the rest from and to the supplier, micro; negative where the home was paid. */
  paidMicro: number;
  /** All that the meter showed from and to the supplier. */
  supplierMicro: number;
  /** Without the market. */
  aloneMicro: number;
  /** In the battery at the end without the market, Ws; null without a battery. */
  aloneStoredWs: number | null;
}

const WS_PER_KWH = 3_600_000;

/**
 * @param known intervals of the day, in order
 * @param aloneStoredWs in the battery at the start without the market
 */
export function billOf(
  known: readonly BilledInterval[],
  seconds: number,
  battery: BatteryModel | null,
  aloneStoredWs: number,
): Bill {
  const bill: Bill = {
    ...{ importedWs: 0, exportedWs: 0, boughtWs: 0, soldWs: 0 },
    ...{ paidMicro: 0, supplierMicro: 0, aloneMicro: 0 },
    aloneStoredWs: null,
  };
  const alone = battery === null ? null : new SelfConsumption(battery, aloneStoredWs);
  for (const each of known) {
    const netWs = each.importedWs - each.exportedWs;
    bill.importedWs += each.importedWs;
    bill.exportedWs += each.exportedWs;
    bill.boughtWs += Math.max(0, each.tradedWs);
    bill.soldWs += Math.max(0, -each.tradedWs);
    const price = tradePrice(offerPrices(each.prices, null));
    const tradeMicro = (each.tradedWs * price) / WS_PER_KWH;
    bill.paidMicro += tradeMicro + costMicro(netWs - each.tradedWs, each.prices);
    bill.supplierMicro += costMicro(netWs, each.prices);
    const freeWs = netWs - each.batteryWs;
    bill.aloneMicro += costMicro(freeWs + (alone?.answer(freeWs, seconds) ?? 0), each.prices);
  }
  return { ...bill, aloneStoredWs: alone?.storedWs ?? null };
}

/** Each interval counts with what it was on balance, as markets settle it. */
function costMicro(netWs: number, { useMicroPerKwh, feedInMicroPerKwh }: Prices): number {
  return (netWs * (netWs > 0 ? useMicroPerKwh : feedInMicroPerKwh)) / WS_PER_KWH;
}

/** A battery that stores the home's surplus and covers its need, and knows no prices. */
class SelfConsumption {
  storedWs: number;
  readonly #limits: ReturnType<typeof planningLimits>;

  constructor(battery: BatteryModel, storedWs: number) {
    this.#limits = planningLimits(battery);
    this.storedWs = storedWs;
  }

  /** @returns what it takes of what the home would draw, Ws, charge positive */
  answer(netWs: number, seconds: number): number {
    const { lowWs, highWs, chargeW, dischargeW, oneWay } = this.#limits;
    const roomWs = Math.max(0, highWs - this.storedWs) / oneWay;
    const stockWs = Math.max(0, this.storedWs - lowWs) * oneWay;
    const takenWs =
      netWs < 0
        ? Math.min(-netWs, chargeW * seconds, roomWs)
        : -Math.min(netWs, dischargeW * seconds, stockWs);
    this.storedWs += takenWs > 0 ? takenWs * oneWay : takenWs / oneWay;
    return takenWs;
  }
}
