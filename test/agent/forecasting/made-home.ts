/** A home from a seed: a course of the day, weekends, and chance. Whole W: they come back so. */
import type { Journal } from '../../../agent/journal/journal.ts';
import { LoadHistory } from '../../../agent/strategy/forecast/load-history.ts';
import type { Interval } from '../../../market/intervals.ts';
import { Seeded } from '../../../testbed/homes/seeded.ts';

export const DAY = 96;
/** 2024-10-04, 10:00 UTC. */
export const NOW: Interval = 20_000 * DAY + 40;

/** Mean power of each interval of so many days before `NOW`, W. */
export function madeLoadW(days: number, seed = 1): { interval: Interval; powerW: number }[] {
  const chance = new Seeded(seed);
  let level = 0;
  return Array.from({ length: days * DAY }, (_, place) => {
    const interval = NOW - days * DAY + place;
    const slot = interval % DAY;
    const isWeekend = Math.floor(interval / DAY + 4) % 7 >= 5;
    const morning = slot > 24 && slot < 36 ? 600 : 0;
    const evening = slot > 66 && slot < 88 ? 900 : 0;
    level = 0.8 * level + 250 * (chance.uniform() - 0.4);
    const usual = 200 + (isWeekend ? 150 : 0) + morning + evening;
    return { interval, powerW: Math.max(50, Math.round(usual + level)) };
  });
}

export function madeHistory(days: number): LoadHistory {
  const history = new LoadHistory(900);
  for (const { interval, powerW } of madeLoadW(days)) history.observe(interval, powerW);
  return history;
}

export function recordLoad(
  journal: Journal,
  load: readonly { interval: Interval; powerW: number }[],
): void {
  const rows = load.map(({ interval, powerW }) => ({
    interval,
    importedWs: Math.max(0, powerW * 900),
    exportedWs: Math.max(0, -powerW * 900),
    quality: 'measured' as const,
    isAcknowledged: false,
  }));
  journal.recordReadings(rows, null);
}
