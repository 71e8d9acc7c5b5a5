/**
 * The forecast of one series (net load, say) that scores itself: its own method is the trained
 * model, or what the first weeks allow; where a simple method was better over the last days, for a
 * class of leads, that one is used until the own one is as good again.
 */
import type { UnixMs } from '../../host/ports.ts';
import type { Interval } from '../../market/intervals.ts';
import type { ChoiceRow, ForecastRecords } from '../journal/forecast-records.ts';
import { Forecaster, type ForecasterOptions } from '../strategy/forecast/forecaster.ts';
import { SIMPLE_METHODS, simpleForecast } from '../strategy/forecast/simple-methods.ts';
import {
  chooseMethod,
  type ForecastMethod,
  isOwn,
  OTHER_METHODS,
  type OwnMethod,
  type Score,
} from '../strategy/forecast/skill.ts';
import type { NetLoadForecast } from '../strategy/plan.ts';
import { LEADS, leadsOf, targetsFrom } from './lead-classes.ts';
import { type Said, SkillBook, USED } from './skill-book.ts';

type OtherForecast = (interval: Interval, own: NetLoadForecast) => NetLoadForecast | null;

export interface SeriesOptions extends ForecasterOptions {
  /** More methods, each given what its own method says; null where it knows nothing. */
  others?: ReadonlyMap<'irradiance' | 'parts', OtherForecast>;
  /** It cannot be less than that, W. */
  leastW?: number;
}

export class SeriesForecast {
  readonly name: string;
  readonly forecaster: Forecaster;
  readonly #book: SkillBook;
  readonly #others: ReadonlyMap<string, OtherForecast>;
  readonly #leastW: number;
  readonly #choices = new Map<string, ChoiceRow>();
  readonly #unwritten = new Set<string>();

  constructor(name: string, options: SeriesOptions) {
    this.name = name;
    this.forecaster = new Forecaster(options);
    this.#others = options.others ?? new Map();
    this.#leastW = options.leastW ?? Number.NEGATIVE_INFINITY;
    this.#book = new SkillBook(name, options.intervalSeconds);
  }

  /** Takes up scores and choices of the last days. @throws SqlError */
  load(records: ForecastRecords, now: Interval): void {
    this.#book.load(records, now);
    for (const row of records.choices(this.name)) {
      if (methodOf(row.method) !== null) this.#choices.set(row.leads, row);
    }
  }

  /**
   * What came in an interval, W; null where it is not known. Scores what was expected of it.
   * @returns false where the value is impossible: it was refused
   */
  observe(interval: Interval, powerW: number | null, atMs: UnixMs): boolean {
    const isTaken = powerW !== null && this.forecaster.observe(interval, powerW);
    if (this.#book.settle(interval, isTaken ? powerW : null)) {
      for (const leads of LEADS) this.#choose(leads, atMs);
    }
    return isTaken || powerW === null;
  }

  /** @returns null while nothing at all is known of this series */
  forecast(interval: Interval): NetLoadForecast | null {
    const own = this.#ownForecast(interval);
    const { known } = this.forecaster;
    const method = this.choice(leadsOf(interval - known.origin + 1));
    if (own === null || isOwn(method) || interval < known.origin) return own;
    if (method === 'parts' || method === 'irradiance') return this.#other(method, own) ?? own;
    const expectedW = simpleForecast(method, known, interval);
    if (Number.isNaN(expectedW)) return own;
    return this.#within(movedTo(expectedW, own, `${method}, lately better than ${own.method}`));
  }

  /** Keeps what every method says now of one interval of each class, to be scored. */
  expect(): void {
    const { known } = this.forecaster;
    const { origin } = known;
    for (const { leads, target } of targetsFrom(origin)) {
      const own = this.#ownForecast(target);
      const used = this.forecast(target);
      if (own === null || used === null) continue;
      const simple = SIMPLE_METHODS.map((method) => {
        return { method, expectedW: simpleForecast(method, known, target), rangeW: null };
      });
      const said = [saidBy(USED, used), saidBy(this.#own, own), ...simple];
      for (const method of this.#others.keys()) {
        const other = this.#other(method, own);
        if (other !== null) said.push(saidBy(method, other));
      }
      this.#book.expect(target, leads, origin, said);
    }
  }

  /** What is in use for a class of leads. */
  choice(leads: string): ForecastMethod {
    return methodOf(this.#choices.get(leads)?.method ?? '') ?? this.#own;
  }

  /** Within a transaction of the journal; `written` when that was durable. @throws SqlError */
  write(records: ForecastRecords): void {
    this.#book.write(records);
    const leads = [...this.#unwritten];
    records.putChoices(leads.flatMap((each) => this.#choices.get(each) ?? []));
  }

  written(): void {
    this.#book.written();
    this.#unwritten.clear();
  }

  #other(method: string, own: NetLoadForecast): NetLoadForecast | null {
    const other = this.#others.get(method)?.(own.interval, own) ?? null;
    return other === null ? null : this.#within(other);
  }

  #ownForecast(interval: Interval): NetLoadForecast | null {
    const own = this.forecaster.forecast(interval);
    return own === null ? null : this.#within(own);
  }

  #within(forecast: NetLoadForecast): NetLoadForecast {
    const { p10W, p50W, p90W } = forecast;
    const least = (powerW: number) => Math.max(this.#leastW, powerW);
    return { ...forecast, p10W: least(p10W), p50W: least(p50W), p90W: least(p90W) };
  }

  get #own(): OwnMethod {
    return this.forecaster.model === null ? 'first-weeks' : 'trained';
  }

  #choose(leads: string, atMs: UnixMs): void {
    const scores = new Map<ForecastMethod, Score>();
    for (const [name, score] of this.#book.scores(leads)) {
      const method = methodOf(name);
      if (method !== null) scores.set(method, score);
    }
    const method = chooseMethod(scores, this.#own, this.choice(leads));
    if (this.#choices.get(leads)?.method === method) return;
    this.#choices.set(leads, { series: this.name, leads, method, sinceMs: atMs });
    this.#unwritten.add(leads);
  }
}

/** Another middle with the same range around it. */
export function movedTo(expectedW: number, own: NetLoadForecast, method: string): NetLoadForecast {
  const byW = expectedW - own.p50W;
  const { interval } = own;
  return { interval, p10W: own.p10W + byW, p50W: expectedW, p90W: own.p90W + byW, method };
}

function saidBy(method: string, { p10W, p50W, p90W }: NetLoadForecast): Said {
  return { method, expectedW: p50W, rangeW: [p10W, p90W] };
}

/** Null for what this release does not know. */
function methodOf(name: string): ForecastMethod | null {
  if (name === 'trained' || name === 'first-weeks') return name;
  return OTHER_METHODS.find((method) => method === name) ?? null;
}
