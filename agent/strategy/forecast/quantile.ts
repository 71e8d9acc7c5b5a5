/** Quantiles of plain and of weighted values. */

/** The `share` quantile, between neighbours linearly. @param values at least one */
export function quantile(values: readonly number[] | Float64Array, share: number): number {
  return quantileOfSorted(Float64Array.from(values).sort(), share);
}

/** As `quantile`. @param sorted ascending, at least one */
export function quantileOfSorted(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  const below = sorted[low] ?? 0;
  const above = sorted[Math.min(low + 1, sorted.length - 1)] ?? below;
  return below + (above - below) * (place - low);
}

/**
 * The value at which half of the weight is reached.
 * @param order places in `values`, by ascending value, at least one
 */
export function weightedMedian(
  values: ArrayLike<number>,
  weights: ArrayLike<number>,
  order: ArrayLike<number>,
): number {
  let half = 0;
  for (let rank = 0; rank < order.length; rank += 1) half += (weights[order[rank] ?? 0] ?? 0) / 2;
  let reached = 0;
  for (let rank = 0; rank < order.length; rank += 1) {
    const place = order[rank] ?? 0;
    reached += weights[place] ?? 0;
    if (reached >= half) return values[place] ?? 0;
  }
  return values[order[order.length - 1] ?? 0] ?? 0;
}
