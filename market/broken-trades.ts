/**
 * What of its trades a home did not keep: sold and not fed in, or bought and not taken in. Who
 * sells the supplier more, or draws more, than was traded has kept them.
 */

/**
 * Both in Ws, or both in mean W.
 * @param committed bought minus sold by final trades
 * @param metered imported minus exported
 */
export function brokenOf(committed: number, metered: number): number {
  const missing = committed < 0 ? metered - committed : committed - metered;
  return Math.min(Math.abs(committed), Math.max(0, missing));
}
