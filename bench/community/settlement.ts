/**
 * What an interval costs each home: trades at their price, and what the meter showed beside them.
 * Singly: each home's deviation at the supplier's prices (NEC II.C). Netted: deviations of opposite
 * sign meet in the community at the middle of these prices, in equal shares of what each has, and
 * only the rest is the supplier's.
 */
import type { BatteryModel } from '../../agent/strategy/battery.ts';

export type Settling = 'single' | 'netted';

export interface SettledInterval {
  useMicroPerKwh: number;
  feedInMicroPerKwh: number;
  /** By home: what the meter showed, and what was bought (positive) or sold, Ws. */
  meteredWs: readonly number[];
  tradedWs: readonly number[];
}

const WS_PER_KWH = 3_600_000;

/** What was missing, and left over, of all homes, Ws. */
export function deviationsWs({
  meteredWs,
  tradedWs,
}: Pick<SettledInterval, 'meteredWs' | 'tradedWs'>): { needWs: number; surplusWs: number } {
  let [needWs, surplusWs] = [0, 0];
  for (const [home, metered] of meteredWs.entries()) {
    const shortWs = metered - (tradedWs[home] ?? 0);
    if (shortWs > 0) needWs += shortWs;
    else surplusWs -= shortWs;
  }
  return { needWs, surplusWs };
}

/** @returns what each home pays for its deviation, micro; negative when it is paid */
export function deviationsMicro(settled: SettledInterval, rule: Settling): number[] {
  const { useMicroPerKwh: use, feedInMicroPerKwh: feedIn, meteredWs, tradedWs } = settled;
  const shortWs = meteredWs.map((metered, home) => metered - (tradedWs[home] ?? 0));
  const { needWs, surplusWs } = deviationsWs({ meteredWs, tradedWs });
  const metWs = rule === 'netted' ? Math.min(needWs, surplusWs) : 0;
  const middle = (use + feedIn) / 2;
  const mix = (metShare: number, price: number) => metShare * middle + (1 - metShare) * price;
  const usePrice = mix(needWs > 0 ? metWs / needWs : 0, use);
  const feedInPrice = mix(surplusWs > 0 ? metWs / surplusWs : 0, feedIn);
  return shortWs.map((each) => (each * (each > 0 ? usePrice : feedInPrice)) / WS_PER_KWH);
}

/** What so much into or out of a battery wears off it, micro; half of a cycle each way. */
export function wearMicro(
  { efficiency }: BatteryModel,
  batteryWs: number,
  wearMicroPerKwh: number,
): number {
  const oneWay = Math.sqrt(efficiency);
  const cellsWs = batteryWs > 0 ? batteryWs * oneWay : -batteryWs / oneWay;
  return (cellsWs * wearMicroPerKwh) / 2 / WS_PER_KWH;
}
