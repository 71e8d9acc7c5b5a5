/** Classes of leads as texts: `1`, `2-4`. Journal and commands know them by these. */
import type { Interval } from '../../market/intervals.ts';
import { classOf, LEAD_CLASSES } from '../strategy/forecast/trained-model.ts';

/** Steps through the leads of a class from interval to interval; prime to their numbers. */
const LEAD_STEP = 37;

/** The nearest first. */
export const LEADS: readonly string[] = LEAD_CLASSES.map(({ least, most }) =>
  least === most ? `${least}` : `${least}-${most}`,
);

/** @param lead 1: the first interval of which nothing is known */
export function leadsOf(lead: number): string {
  return LEADS[classOf(lead)] ?? '';
}

/** One target of each class, of another lead in the next interval. */
export function targetsFrom(origin: Interval): { leads: string; target: Interval }[] {
  return LEAD_CLASSES.map(({ least, most }, place) => {
    const lead = least + ((origin * LEAD_STEP) % (most - least + 1));
    return { leads: LEADS[place] ?? '', target: origin + lead - 1 };
  });
}
