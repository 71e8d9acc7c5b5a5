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
  values: Float64Array,
  weights: Float64Array,
  order: readonly number[],
): number {
  let half = 0;
  for (const place of order) half += (weights[place] ?? 0) / 2;
  let reached = 0;
  for (const place of order) {
    reached += weights[place] ?? 0;
    if (reached >= half) return values[place] ?? 0;
  }
  return values[order.at(-1) ?? 0] ?? 0;
}
