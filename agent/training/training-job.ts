/**
 * What goes to the thread that trains, and what comes back: plain data both ways. Pure; the same
 * input gives the same model, in whichever thread.
 */
import type { Interval } from '../../market/intervals.ts';
import { HomeDays } from '../strategy/forecast/home-days.ts';
import { LoadHistory } from '../strategy/forecast/load-history.ts';
import type { Known } from '../strategy/forecast/simple-methods.ts';
import { LEAD_CLASSES, type TrainedModel, train } from '../strategy/forecast/trained-model.ts';

/** Of input and answer: both sides must be of one release. Raise it when either changes. */
const FORM = 1;

export interface TrainingInput {
  form: number;
  intervalSeconds: number;
  /** IANA zone of the home. */
  zone: string;
  /** The interval of the first value. */
  first: Interval;
  /** Mean power by interval, W; NaN where it is not known. */
  powersW: Float32Array<ArrayBuffer>;
}

export interface TrainingAnswer {
  form: number;
  /** Null: too little is known for one. */
  model: TrainedModel | null;
}

/** A copy of what is known, from `first` on. */
export function trainingInput(
  { history }: Pick<Known, 'history'>,
  zone: string,
  first: Interval,
): TrainingInput {
  const from = Math.max(first, history.first);
  const powersW = new Float32Array(Math.max(0, history.end - from));
  for (let place = 0; place < powersW.length; place += 1) powersW[place] = history.at(from + place);
  return { form: FORM, intervalSeconds: history.intervalSeconds, zone, first: from, powersW };
}

/** In the thread. @throws TypeError when the input is of another form */
export function trainFrom(input: unknown): TrainingAnswer {
  if (!hasForm(input)) throw new TypeError('the work is of another release than this program');
  const { intervalSeconds, zone, first, powersW } = input as TrainingInput;
  const history = new LoadHistory(intervalSeconds);
  for (let place = 0; place < powersW.length; place += 1) {
    history.observe(first + place, powersW[place] ?? Number.NaN);
  }
  const local = new HomeDays(zone, intervalSeconds);
  return { form: FORM, model: train({ history, local, origin: first + powersW.length }) };
}

/**
 * The model in an answer; null: too little is known for one.
 * @throws TypeError when the answer is of another form, as of an older release
 */
export function modelIn(answer: unknown): TrainedModel | null {
  if (!hasForm(answer)) throw new TypeError('its answer is of another release than this program');
  const { model } = answer as TrainingAnswer;
  if (model === null) return null;
  const numbers = [model?.origin, model?.days, model?.scaleW, model?.leastW, model?.mostW];
  const isWhole = numbers.every(Number.isFinite) && Array.isArray(model?.classes);
  if (!isWhole || model.classes.length !== LEAD_CLASSES.length) {
    throw new TypeError('its answer holds no model that can be used');
  }
  return model;
}

function hasForm(said: unknown): said is { form: number } {
  return typeof said === 'object' && said !== null && 'form' in said && said.form === FORM;
}
