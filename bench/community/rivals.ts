/** What homes pay without agents: no battery, self-consumption, sharing afterwards. */
import { BenchBattery } from './batteries.ts';
import type { Community } from './data.ts';
import { deviationsMicro, type Settling, wearMicro } from './settlement.ts';

export interface Bills {
  /** By home, over the counted intervals, micro; the wear of its battery is in it. */
  costMicro: number[];
  wearMicro: number[];
  /** What the community drew and fed in together, interval by interval netted, Ws. */
  drawnWs: number;
  fedInWs: number;
}

export interface Counted {
  /** Intervals before it are run but not counted. */
  from: number;
  wearMicroPerKwh: number;
}

/** Batteries store own surplus and cover own need at once, or are not there. */
export function withoutAgents(
  community: Community,
  { from, wearMicroPerKwh }: Counted,
  how: { hasBatteries: boolean; settling: Settling },
): Bills {
  const seconds = community.intervalSeconds;
  const bills = newBills(community);
  const batteries = community.homes.map(({ battery }) =>
    battery === null || !how.hasBatteries ? null : new BenchBattery(battery),
  );
  for (let at = 0; at < community.useMicroPerKwh.length; at += 1) {
    const meteredWs = community.homes.map(({ netW }, home) => {
      const netWs = (netW[at] ?? 0) * seconds;
      const battery = batteries[home] ?? null;
      const movedWs = battery?.move(-netWs, seconds) ?? 0;
      if (battery !== null && at >= from) {
        addWear(bills, home, wearMicro(battery.model, movedWs, wearMicroPerKwh));
      }
      return netWs + movedWs;
    });
    if (at >= from) addInterval(bills, community, at, meteredWs, how.settling);
  }
  return bills;
}

export function newBills({ homes }: Community): Bills {
  const zeros = () => homes.map(() => 0);
  return { costMicro: zeros(), wearMicro: zeros(), drawnWs: 0, fedInWs: 0 };
}

export function addWear(bills: Bills, home: number, micro: number): void {
  bills.costMicro[home] = (bills.costMicro[home] ?? 0) + micro;
  bills.wearMicro[home] = (bills.wearMicro[home] ?? 0) + micro;
}

/** @param tradedWs by home; nobody trades if absent */
export function addInterval(
  bills: Bills,
  community: Community,
  at: number,
  meteredWs: readonly number[],
  settling: Settling,
  tradedWs: readonly number[] = [],
): void {
  const prices = pricesOf(community, at);
  const costs = deviationsMicro({ ...prices, meteredWs, tradedWs }, settling);
  for (const [home, micro] of costs.entries()) {
    bills.costMicro[home] = (bills.costMicro[home] ?? 0) + micro;
  }
  const netWs = meteredWs.reduce((sum, each) => sum + each, 0);
  bills.drawnWs += Math.max(0, netWs);
  bills.fedInWs += Math.max(0, -netWs);
}

export function pricesOf(community: Community, at: number) {
  return {
    useMicroPerKwh: community.useMicroPerKwh[at] ?? 0,
    feedInMicroPerKwh: community.feedInMicroPerKwh[at] ?? 0,
  };
}

export function sumOf(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0);
}
