/**
 * Holds what was forecast until what came is known, and adds up by day, class of leads and method
 * how wrong each was. Each interval one forecast of every class is kept, of a lead that goes round
 * its class, by every method from the same knowledge; so the methods are scored on the same
 * outcomes. What was open at a restart is not scored.
 */

import type { Interval } from '../../market/intervals.ts';
import type { ForecastRecords, SkillRow } from '../journal/forecast-records.ts';
import type { Score } from '../strategy/forecast/skill.ts';

const SECONDS_PER_DAY = 86_400;
/** Method of what was said in fact, whichever made it. */
export const USED = 'used';
/** The days that decide, today among them. */
export const SKILL_DAYS = 7;
/** Older rows are of no use to anybody. */
const KEPT_DAYS = 60;

export interface Said {
  method: string;
  expectedW: number;
  /** Null: the method gives no range. */
  rangeW: [number, number] | null;
}

interface Open {
  leads: string;
  origin: Interval;
  said: readonly Said[];
}

export class SkillBook {
  readonly #series: string;
  readonly #seconds: number;
  readonly #open = new Map<Interval, Open[]>();
  /** Sums by `day class method`. */
  readonly #sums = new Map<string, SkillRow>();
  readonly #unwritten = new Set<string>();
  #day = Number.NEGATIVE_INFINITY;

  constructor(series: string, intervalSeconds: number) {
    this.#series = series;
    this.#seconds = intervalSeconds;
  }

  /** Takes up what the journal holds. @throws SqlError */
  load(records: ForecastRecords, now: Interval): void {
    this.#day = this.#dayOf(now);
    for (const row of records.skill(this.#series, this.#day - SKILL_DAYS + 1, this.#day)) {
      this.#sums.set(keyOf(row), row);
    }
  }

  /** What each method says of a target, from what was known before `origin`. */
  expect(target: Interval, leads: string, origin: Interval, said: readonly Said[]): void {
    const open = this.#open.get(target) ?? [];
    const others = open.filter((each) => each.leads !== leads || each.origin !== origin);
    this.#open.set(target, [...others, { leads, origin, said }]);
  }

  /**
   * What came, W; null: it is not known, and will not be.
   * @returns whether anything was scored by it
   */
  settle(interval: Interval, actualW: number | null): boolean {
    const open = this.#open.get(interval) ?? [];
    for (const target of this.#open.keys()) if (target <= interval) this.#open.delete(target);
    if (actualW === null || open.length === 0) return false;
    const day = this.#dayOf(interval);
    if (day > this.#day) this.#turnTo(day);
    for (const { leads, said } of open) {
      for (const each of said) {
        if (Number.isFinite(each.expectedW)) this.#add(day, leads, each, actualW);
      }
    }
    return true;
  }

  /** Sums of a class over the last days, by method. */
  scores(leads: string): Map<string, Score> {
    const scores = new Map<string, Score>();
    for (const row of this.#sums.values()) {
      if (row.leads !== leads || row.day <= this.#day - SKILL_DAYS) continue;
      scores.set(row.method, addScores(scores.get(row.method), row));
    }
    return scores;
  }

  /** Within a transaction of the journal; `written` when that was durable. @throws SqlError */
  write(records: ForecastRecords): void {
    if (this.#unwritten.size === 0) return;
    records.putSkill([...this.#unwritten].flatMap((key) => this.#sums.get(key) ?? []));
    records.forgetSkillBefore(this.#day - KEPT_DAYS);
  }

  written(): void {
    this.#unwritten.clear();
  }

  #add(day: number, leads: string, said: Said, actualW: number): void {
    const { method, expectedW, rangeW } = said;
    const row = { series: this.#series, day, leads, method };
    const key = keyOf(row);
    const isWithin = rangeW !== null && actualW >= rangeW[0] && actualW <= rangeW[1];
    const own: Score = {
      count: 1,
      errorW: Math.abs(actualW - expectedW),
      loadW: Math.abs(actualW),
      covered: rangeW === null ? null : Number(isWithin),
    };
    this.#sums.set(key, { ...row, ...addScores(this.#sums.get(key), own) });
    this.#unwritten.add(key);
  }

  #turnTo(day: number): void {
    this.#day = day;
    for (const [key, row] of this.#sums) {
      if (row.day <= day - SKILL_DAYS && !this.#unwritten.has(key)) this.#sums.delete(key);
    }
  }

  #dayOf(interval: Interval): number {
    return Math.floor((interval * this.#seconds) / SECONDS_PER_DAY);
  }
}

/** Both together. */
export function addScores(one: Score | undefined, other: Score): Score {
  const { count, errorW, loadW, covered } = other;
  if (one === undefined) return { count, errorW, loadW, covered };
  return {
    count: one.count + count,
    errorW: one.errorW + errorW,
    loadW: one.loadW + loadW,
    covered: one.covered === null || covered === null ? null : one.covered + covered,
  };
}

function keyOf({ day, leads, method }: Pick<SkillRow, 'day' | 'leads' | 'method'>): string {
  return `${day} ${leads} ${method}`;
}
