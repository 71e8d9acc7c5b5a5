/**
 * The sizes in which everybody offers, and the grid of prices: an offer that looks like all others
 * says nothing about who made it (design: wallet, privacy, borders). Every agent must use the same,
 * or it stands out; so they are constants of the market and no setting.
 *
 * - An offer is for one interval alone, at one of the common powers. More is several offers from
 *   several addresses; what is left below the smallest is not offered.
 * - Two sizes, because a household's need (a few hundred W) and a roof at noon (5 kW) lie far
 *   apart: with one size either the need is lost or a roof takes twenty addresses. 250 W loses
 *   9 % of the energy that exact sizes would trade, 500 W alone 20 %, 1 kW alone 35 %. More
 *   sizes save transactions, but each splits the crowd (docs/decisions.md, docs/privacy.md).
 * - Battery energy is offered interval by interval in the same sizes, not over a range: how long a
 *   range is would tell whose battery it is.
 */

/** In W, the largest first, each a multiple of the next. */
export const COMMON_POWERS_W: readonly number[] = [1_000, 250];

/** Prices stand on this grid, a cent. */
export const PRICE_GRID_MICRO = 10_000;

/**
 * The common powers that make up a power, the largest first: their sum is the most that does not
 * exceed it.
 * @param leastW a smaller offer is not taken by the market
 */
export function commonPowers(powerW: number, leastW = 0): number[] {
  const powers: number[] = [];
  let leftW = powerW;
  for (const size of COMMON_POWERS_W.filter((each) => each >= leastW)) {
    for (; leftW >= size; leftW -= size) powers.push(size);
  }
  return powers;
}
