/**
 * Traded energy against the prediction window (TRANSAX figure 9), for two ways of choosing among
 * equally good solutions, beside what could have been traded in hindsight.
 */
import type { Chunk, FeederLimits } from '../../market/offers.ts';
import type { TieRule } from '../../solver/clearing/input.ts';
import type { DayOffer } from '../day-offers.ts';
import { hindsightKwSlots } from '../hindsight.ts';
import { rollDay, tradedKwSlots } from '../rolling-day.ts';
import type { Parameters } from './parameters.ts';

/** The two days of the figure. */
export interface Days {
  withoutBatteries: readonly DayOffer[];
  withBatteries: readonly DayOffer[];
}

export interface WindowRun {
  /** `L=05 batteries earliest-deadline`. */
  run: string;
  horizon: number;
  batteries: boolean;
  tieRule: TieRule;
  offers: readonly DayOffer[];
  finals: Chunk[];
  tradedKwSlots: number;
  optimumKwSlots: number;
}

export async function runWindows(
  days: Days,
  parameters: Parameters,
  onRun: (run: WindowRun) => void = () => {},
): Promise<WindowRun[]> {
  const limits = limitsOf(parameters);
  const rules: TieRule[] = [
    { kind: 'earliest-deadline' },
    ...parameters.arbitrary_seeds.map((seed): TieRule => ({ kind: 'arbitrary', seed })),
  ];
  const runs: WindowRun[] = [];
  for (const batteries of [false, true]) {
    const offers = batteries ? days.withBatteries : days.withoutBatteries;
    const optimumKwSlots = await hindsightKwSlots(offers, limits);
    for (const tieRule of rules) {
      for (const horizon of parameters.horizons) {
        const finals = await rollDay({ offers, limits, horizon, tieRule });
        const run = {
          run: nameOf(horizon, batteries, tieRule),
          ...{ horizon, batteries, tieRule, offers, finals, optimumKwSlots },
          tradedKwSlots: tradedKwSlots(finals),
        };
        runs.push(run);
        onRun(run);
      }
    }
  }
  return runs;
}

export function limitsOf(parameters: Parameters): FeederLimits {
  return {
    internalLimitW: parameters.internal_limit,
    externalLimitW: parameters.external_limit,
  };
}

function nameOf(horizon: number, batteries: boolean, rule: TieRule): string {
  const how = rule.kind === 'arbitrary' ? `arbitrary-${rule.seed}` : rule.kind;
  const what = batteries ? 'batteries' : 'no-batteries';
  return `L=${String(horizon).padStart(2, '0')} ${what} ${how}`;
}
