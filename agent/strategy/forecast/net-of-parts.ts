/**
 * Net load from forecasts of load and generation. How far both may be off is taken as independent:
 * distances from the middle add up by their squares. Pure.
 */
import type { NetLoadForecast } from '../plan.ts';

export function netOfParts(load: NetLoadForecast, generation: NetLoadForecast): NetLoadForecast {
  const p50W = load.p50W - generation.p50W;
  return {
    interval: load.interval,
    p10W: p50W - together(load.p50W - load.p10W, generation.p90W - generation.p50W),
    p50W,
    p90W: p50W + together(load.p90W - load.p50W, generation.p50W - generation.p10W),
    method: `load (${load.method}) less generation (${generation.method})`,
  };
}

function together(one: number, other: number): number {
  return Math.sqrt(one * one + other * other);
}
