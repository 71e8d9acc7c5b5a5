/** Which method is used: laws of the choice. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SIMPLE_METHODS } from '../../../../agent/strategy/forecast/simple-methods.ts';
import {
  chooseMethod,
  type ForecastMethod,
  LEAST_SCORES,
  type Score,
} from '../../../../agent/strategy/forecast/skill.ts';

const test = suite('forecast skill');

/** Scores with these mean errors, W. */
function scores(
  errors: Partial<Record<ForecastMethod, number>>,
  count = 500,
): Map<ForecastMethod, Score> {
  const found = new Map<ForecastMethod, Score>();
  for (const method of ['trained', 'first-weeks', ...SIMPLE_METHODS] as const) {
    const errorW = errors[method];
    if (errorW === undefined) continue;
    found.set(method, { count, errorW: errorW * count, loadW: 400 * count, covered: null });
  }
  return found;
}

test('its own method stays until a simple one is better by the margin', () => {
  const own = { trained: 100, yesterday: 98, median28: 99 };
  assert.is(chooseMethod(scores(own), 'trained', 'trained'), 'trained');
  const worse = { trained: 100, yesterday: 96, median28: 90 };
  assert.is(chooseMethod(scores(worse), 'trained', 'trained'), 'median28');
});

test('of simple methods that are as good the simplest is taken', () => {
  const errors = { trained: 100, lastWeek: 80.5, mean28: 80, median28: 80.7 };
  assert.is(chooseMethod(scores(errors), 'trained', 'trained'), 'lastWeek');
});

test('it is back as soon as it is no worse, and not before', () => {
  const almost = { trained: 90, median28: 89 };
  assert.is(chooseMethod(scores(almost), 'trained', 'median28'), 'median28');
  assert.is(chooseMethod(scores({ trained: 89, median28: 89 }), 'trained', 'median28'), 'trained');
});

test('two days must have been scored, by both', () => {
  const errors = { trained: 100, median28: 50 };
  assert.is(chooseMethod(scores(errors, LEAST_SCORES - 1), 'trained', 'trained'), 'trained');
  assert.is(chooseMethod(scores(errors, LEAST_SCORES), 'trained', 'trained'), 'median28');
  const uneven = scores(errors);
  uneven.set('median28', { count: 300, errorW: 300, loadW: 1, covered: null });
  assert.is(chooseMethod(uneven, 'trained', 'trained'), 'trained', 'it knew too little');
});

test('a method that has no scores any more is left', () => {
  assert.is(chooseMethod(scores({ trained: 100 }), 'trained', 'median28'), 'trained');
  const others = { trained: 100, yesterday: 120 };
  assert.is(chooseMethod(scores(others), 'trained', 'median28'), 'trained');
});

const ERROR = fc.integer({ min: 1, max: 1000 });
const ERRORS = fc.record({ trained: ERROR, persistence: ERROR, yesterday: ERROR, median28: ERROR });
const CURRENT = fc.constantFrom<ForecastMethod>('trained', 'persistence', 'yesterday', 'median28');

test('what is chosen is never worse than its own method, and the choice is stable', () => {
  fc.assert(
    fc.property(ERRORS, CURRENT, (errors, current) => {
      const all = scores(errors);
      const method = chooseMethod(all, 'trained', current);
      const chosen = errors[method as keyof typeof errors];
      assert.ok(chosen <= errors.trained, `${method} ${JSON.stringify(errors)}`);
      assert.is(chooseMethod(all, 'trained', method), method, 'asked again it says the same');
      const best = Math.min(...Object.values(errors));
      // Margin, and of those as good the simplest.
      assert.ok(chosen * 0.97 <= best * 1.0101, `${method} ${JSON.stringify(errors)}`);
    }),
    { numRuns: 2_000 },
  );
});

test.run();
