import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  decide,
  type LoadFacts,
  plainFacts,
  type Rung,
  rankOf,
} from '../../../agent/loads/ladder.ts';
import type { Level } from '../../../agent/loads/model.ts';

const test = suite('ladder');

/** From the strongest on: what makes each rung speak, both ways where it can. */
const VOICES: readonly (readonly [Rung, string, Partial<LoadFacts>, Level])[] = [
  ['safety', 'the fuse of a group', { overload: 'cellar' }, 'off'],
  ['safety', 'must be let go', { letGo: 'the clock is not proven' }, 'off'],
  ['safety', 'broken', { fault: 'the meter saw 0 W' }, 'off'],
  ['safety', 'on for too long', { isOnTooLong: true }, 'off'],
  ['limit', 'shed', { isShed: true }, 'block'],
  ['manual', 'ordered on', { order: 'on' }, 'on'],
  ['manual', 'ordered off', { order: 'off' }, 'off'],
  ['comfort', 'must run', { must: 'needs its energy in time' }, 'on'],
  ['schedule', 'scheduled on', { scheduled: { isOn: true, why: 'planned' } }, 'on'],
  ['schedule', 'scheduled off', { scheduled: { isOn: false, why: 'planned' } }, 'off'],
  ['surplus', 'takes surplus', { surplus: { isOn: true, why: 'takes surplus' } }, 'on'],
  ['surplus', 'has none', { surplus: { isOn: false, why: 'takes surplus' } }, 'off'],
  ['rest', 'nothing', {}, 'off'],
];

test('each rung speaks by itself, and says why', () => {
  for (const [rung, name, facts, level] of VOICES) {
    const decision = decide({ ...plainFacts({ safe: 'off' }), ...facts });
    assert.is(decision.rung, rung, name);
    assert.is(decision.level, level, name);
    assert.ok(decision.why.length > 3, name);
  }
});

test('of any two, the stronger is obeyed, whatever the weaker wants', () => {
  for (const [upper, strong, strongFacts, level] of VOICES) {
    for (const [lower, weak, weakFacts] of VOICES) {
      if (rankOf(upper) >= rankOf(lower)) continue;
      const facts = { ...plainFacts({ safe: 'off' }), ...weakFacts, ...strongFacts };
      const decision = decide(facts);
      assert.is(decision.rung, upper, `${strong} against ${weak}`);
      assert.is(decision.level, level, `${strong} against ${weak}`);
    }
  }
});

test('all at once, with the rungs taken away from the top one by one', () => {
  const order: Rung[] = ['safety', 'limit', 'manual', 'comfort', 'schedule', 'surplus', 'rest'];
  for (const [index, rung] of order.entries()) {
    const speaks = VOICES.filter(([each]) => order.indexOf(each) >= index).map(
      ([, , facts]) => facts,
    );
    const all = Object.assign({}, plainFacts({ safe: 'off' }), ...speaks);
    assert.is(decide(all).rung, rung);
  }
});

test('what is let go, or broken, goes to its own safe state', () => {
  for (const safe of ['on', 'off'] as const) {
    for (const facts of [{ letGo: 'stopping' }, { fault: 'broken' }, {}]) {
      assert.is(decide({ ...plainFacts({ safe }), ...facts }).level, safe);
    }
    // But a fuse, and a longest time on, are off.
    assert.is(decide({ ...plainFacts({ safe }), overload: 'cellar' }).level, 'off');
    assert.is(decide({ ...plainFacts({ safe }), isOnTooLong: true }).level, 'off');
  }
});

test.run();
