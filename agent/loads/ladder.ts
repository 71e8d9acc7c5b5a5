/**
 * Who decides over a load: safety, then the operator's limit, a person's word,
 * the comfort floor, the finalized schedule, surplus; and its safe state where nobody has a word.
 * One table, read from the top: the first rung that says something is obeyed. Pure.
 */
import type { Level, LoadModel } from './model.ts';

export type Rung = 'safety' | 'limit' | 'manual' | 'comfort' | 'schedule' | 'surplus' | 'rest';

export interface Decision {
  rung: Rung;
  level: Level;
  /** For people: `needs its energy in time`. */
  why: string;
}

/** Someone's wish, and why in words. */
export interface Wish {
  isOn: boolean;
  why: string;
}

/** All that matters to one load at a moment. */
export interface LoadFacts {
  safe: 'on' | 'off';
  /** Why the load must be let go (clock, disk, meter, end of the program); null: it need not. */
  letGo: string | null;
  /** Why it counts as broken; null: it works. */
  fault: string | null;
  /** It was on for as long as it may be. */
  isOnTooLong: boolean;
  /** The fuse of one of its groups is overloaded, by the group's name; null: none. */
  overload: string | null;
  /** The operator's limit wants it to draw as little as it can. */
  isShed: boolean;
  /** A person's word that is in force. */
  order: 'off' | 'on' | null;
  /** Why it must run for its need; null: it need not. */
  must: string | null;
  /** What the running interval's schedule wants; null: there is none, or not for this load. */
  scheduled: Wish | null;
  /** What is done of surplus where nothing is scheduled; null: nothing. */
  surplus: Wish | null;
}

/** A fact's level and reason; null: this rung says nothing. */
type Says = (facts: LoadFacts) => { level: Level; why: string } | null;

const LADDER: readonly (readonly [Rung, Says])[] = [
  ['safety', ({ overload }) => when(overload, (name) => off(`the fuse of ${name}`))],
  ['safety', ({ letGo, safe }) => when(letGo, (why) => ({ level: safe, why }))],
  ['safety', ({ fault, safe }) => when(fault, (why) => ({ level: safe, why }))],
  ['safety', (facts) => (facts.isOnTooLong ? off('was on for as long as it may be') : null)],
  ['limit', (facts) => (facts.isShed ? { level: 'block', why: "the operator's limit" } : null)],
  ['manual', ({ order }) => when(order, (level) => ({ level, why: `set to ${level}` }))],
  ['comfort', ({ must }) => when(must, (why) => ({ level: 'on', why }))],
  ['schedule', ({ scheduled }) => when(scheduled, levelOf)],
  ['surplus', ({ surplus }) => when(surplus, levelOf)],
  ['rest', ({ safe }) => ({ level: safe, why: 'nothing is scheduled' })],
];

export function decide(facts: LoadFacts): Decision {
  for (const [rung, says] of LADDER) {
    const said = says(facts);
    if (said !== null) return { rung, ...said };
  }
  throw new Error('the last rung says something always');
}

/** Lower is stronger. */
export function rankOf(rung: Rung): number {
  return LADDER.findIndex(([each]) => each === rung);
}

function when<T, R>(value: T | null, say: (value: T) => R): R | null {
  return value === null ? null : say(value);
}

function off(why: string): { level: Level; why: string } {
  return { level: 'off', why };
}

function levelOf({ isOn, why }: Wish): { level: Level; why: string } {
  return { level: isOn ? 'on' : 'off', why };
}

/** Facts of a load of which nothing is known but its safe state. */
export function plainFacts(load: Pick<LoadModel, 'safe'>): LoadFacts {
  return {
    ...{ safe: load.safe, letGo: null, fault: null, isOnTooLong: false, overload: null },
    ...{ isShed: false, order: null, must: null, scheduled: null, surplus: null },
  };
}
