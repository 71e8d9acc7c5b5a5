/** Trades of one interval as bytes, and what they are worth. */

export interface Trade {
  askId: number;
  bidId: number;
  powerW: number;
  /** Said by the solver under price rule 1, else 0 and not written. */
  price: number;
}

/** Compared in this order. */
export interface Objective {
  homeEnergyWs: bigint;
  utilityEnergyWs: bigint;
  /** Sum over trades of (bid price - ask price) * energy. */
  welfare: bigint;
}

/** A gain in welfare counts as one in energy at 0.01 per kWh. */
const WELFARE_PER_WS = 10_000n;

export function nothing(): Objective {
  return { homeEnergyWs: 0n, utilityEnergyWs: 0n, welfare: 0n };
}

export function sum(values: Iterable<Objective>): Objective {
  const total = nothing();
  for (const value of values) {
    total.homeEnergyWs += value.homeEnergyWs;
    total.utilityEnergyWs += value.utilityEnergyWs;
    total.welfare += value.welfare;
  }
  return total;
}

export function isSame(a: Objective, b: Objective): boolean {
  return (
    a.homeEnergyWs === b.homeEnergyWs &&
    a.utilityEnergyWs === b.utilityEnergyWs &&
    a.welfare === b.welfare
  );
}

export function energyOf(value: Objective): bigint {
  return value.homeEnergyWs + value.utilityEnergyWs;
}

/** Better by the first figure that differs, and there by no less than the least gain. */
export function isBetter(a: Objective, b: Objective, minGainWs: number): boolean {
  const gain = BigInt(minGainWs);
  const more = (difference: bigint, least: bigint) => difference > 0n && difference >= least;
  if (a.homeEnergyWs !== b.homeEnergyWs) return more(a.homeEnergyWs - b.homeEnergyWs, gain);
  if (a.utilityEnergyWs !== b.utilityEnergyWs) {
    return more(a.utilityEnergyWs - b.utilityEnergyWs, gain);
  }
  return more(a.welfare - b.welfare, gain * WELFARE_PER_WS);
}

/** Of trades between offers that exist; others count nothing. */
export function worthOf(
  trades: readonly Trade[],
  offer: (id: number) => { feeder: number; price: number } | undefined,
  intervalSeconds: number,
): Objective {
  const value = nothing();
  for (const { askId, bidId, powerW } of trades) {
    const [ask, bid] = [offer(askId), offer(bidId)];
    if (ask === undefined || bid === undefined) continue;
    const energyWs = BigInt(powerW) * BigInt(intervalSeconds);
    if (ask.feeder === 0 || bid.feeder === 0) value.utilityEnergyWs += energyWs;
    else value.homeEnergyWs += energyWs;
    value.welfare += BigInt(bid.price - ask.price) * energyWs;
  }
  return value;
}

/** Big endian words of 32 bits: ask, bid, W, and where the solver says it the price. */
export function encode(trades: readonly Trade[], isPriced: boolean): string {
  const word = (value: number) => value.toString(16).padStart(8, '0');
  const bytes = trades.map(
    ({ askId, bidId, powerW, price }) =>
      word(askId) + word(bidId) + word(powerW) + (isPriced ? word(price) : ''),
  );
  return `0x${bytes.join('')}`;
}

export function tradeBytes(isPriced: boolean): number {
  return isPriced ? 16 : 12;
}

export function byteLength(hex: string): number {
  return (hex.length - 2) / 2;
}

/** Whole trades; what is left over behind them is not read. */
export function decode(hex: string, isPriced: boolean): Trade[] {
  const size = 2 * tradeBytes(isPriced);
  const trades: Trade[] = [];
  for (let at = 2; at + size <= hex.length; at += size) {
    const word = (place: number) =>
      Number.parseInt(hex.slice(at + 8 * place, at + 8 * place + 8), 16);
    const price = isPriced ? word(3) : 0;
    trades.push({ askId: word(0), bidId: word(1), powerW: word(2), price });
  }
  return trades;
}

/** In millionths, rounded down. @param price per kWh */
export function payment(price: number, energyWs: bigint | number): bigint {
  return (BigInt(price) * BigInt(energyWs)) / 3_600_000n;
}
