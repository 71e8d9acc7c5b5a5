/**
 * Power, energy, price and money, as integers (design: words and units).
 *
 * On the ledger everything is an integer: power in W, energy in watt-seconds (exact for every
 * interval length), prices in millionths of the currency per kWh, amounts in millionths. Energy and
 * power fit a double exactly; money is a bigint. Wh and kWh appear only at the edges.
 */

/** Watt-seconds in a kilowatt-hour. */
export const WS_PER_KWH = 3_600_000;

export const MAX_UINT32 = 0xffff_ffff;
export const MAX_UINT48 = 0xffff_ffff_ffff;

/** Which way an asset or an offer goes; the numbers are those of the contracts' enum. */
export type Side = 'sell' | 'buy';
export const SIDE_CODE: Readonly<Record<Side, number>> = { sell: 0, buy: 1 };
export function sideFromCode(code: number): Side {
  if (code === 0) return 'sell';
  if (code === 1) return 'buy';
  throw new RangeError(`side code ${code} is neither 0 (sell) nor 1 (buy)`);
}

/**
 * What `energyWs` cost at a price, in millionths, rounded down: what one pays the other gets.
 * @param priceMicroPerKwh integer, millionths of the currency per kWh
 * @param energyWs integer watt-seconds
 */
export function paymentMicro(priceMicroPerKwh: number, energyWs: number): bigint {
  return (BigInt(priceMicroPerKwh) * BigInt(energyWs)) / BigInt(WS_PER_KWH);
}

/** The price of a trade: the middle of both reservation prices, rounded down. */
export function midpointPrice(askMicroPerKwh: number, bidMicroPerKwh: number): number {
  return Math.floor((askMicroPerKwh + bidMicroPerKwh) / 2);
}

/** For printing: kWh of an energy in watt-seconds. */
export function kwhOf(energyWs: number): number {
  return energyWs / WS_PER_KWH;
}
