/**
 * When loads that want a daily energy (a boiler) are planned to run: in the cheapest intervals
 * until the end of the home's day, surplus counted at the feed-in price. Pure.
 */
import type { Interval } from '../../market/intervals.ts';
import type { Prices } from './tariff.ts';

export interface SwitchedLoad {
  name: string;
  powerW: number;
  /** Energy still wanted today, Ws. */
  neededTodayWs: number;
  /** It never runs shorter than this. */
  minimumOnSeconds: number;
}

export interface LoadSlot {
  interval: Interval;
  /** Expected net load without battery and switched loads. */
  netW: number;
  prices: Prices;
  /** Whether the slot is still of the home's present day. */
  isToday: boolean;
}

/** Breaks ties between equal prices towards the quieter interval: micro per kWh for each W. */
const TIE_MICRO_PER_W = 0.001;

/** @returns planned mean power of all switched loads together, by slot, W */
export function planSwitchedLoads(
  loads: readonly SwitchedLoad[],
  slots: readonly LoadSlot[],
  intervalSeconds: number,
): number[] {
  const plannedW = slots.map(() => 0);
  for (const load of loads) {
    let neededWs = load.neededTodayWs;
    const full = load.powerW * intervalSeconds;
    const order = slots
      .map((slot, index) => ({ index, cost: costOf(load, slot, plannedW[index] ?? 0) }))
      .filter(({ index }) => slots[index]?.isToday === true)
      .sort((a, b) => a.cost - b.cost || a.index - b.index);
    for (const { index } of order) {
      if (neededWs <= 0) break;
      const share = Math.min(1, Math.max(neededWs / full, load.minimumOnSeconds / intervalSeconds));
      plannedW[index] = (plannedW[index] ?? 0) + Math.round(load.powerW * share);
      neededWs -= full * share;
    }
  }
  return plannedW;
}

/** What running the load through one slot costs, per kWh of it. */
function costOf(load: SwitchedLoad, slot: LoadSlot, alreadyW: number): number {
  const netW = slot.netW + alreadyW;
  const fromSurplus = Math.min(load.powerW, Math.max(0, -netW)) / load.powerW;
  const { useMicroPerKwh, feedInMicroPerKwh } = slot.prices;
  const price = fromSurplus * feedInMicroPerKwh + (1 - fromSurplus) * useMicroPerKwh;
  return price + netW * TIE_MICRO_PER_W;
}
