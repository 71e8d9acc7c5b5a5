/** Generation by expected irradiance: a roof that follows the sun is known after a few days. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { byIrradiance } from '../../../../agent/strategy/forecast/by-irradiance.ts';
import { HomeDays } from '../../../../agent/strategy/forecast/home-days.ts';
import { LoadHistory } from '../../../../agent/strategy/forecast/load-history.ts';

const test = suite('by irradiance');
const DAY = 96;
const NOON = 20_000 * DAY + 48;
const local = new HomeDays('Europe/Berlin', 900);

/** Days whose sky and roof are given, with the weather of each interval. */
function scene(skies: readonly number[], wattsPerWm2: number) {
  const history = new LoadHistory(900);
  const first = NOON - 48 - skies.length * DAY;
  const skyOf = (interval: number) => skies[Math.floor((interval - first) / DAY)] ?? 500;
  const at = (interval: number) => {
    const slot = interval % DAY;
    const irradianceWm2 = slot < 24 || slot >= 72 ? 0 : skyOf(interval);
    return { irradianceWm2, temperatureC: null };
  };
  for (let interval = first; interval < first + skies.length * DAY; interval += 1) {
    history.observe(interval, wattsPerWm2 * at(interval).irradianceWm2);
  }
  return { known: { history, local, origin: first + skies.length * DAY }, at };
}

test('it is what the roof gives for the expected sun, whatever the days before were', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 30, max: 900 }), { minLength: 3, maxLength: 20 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 1000 }),
      (skies, wattsPerWm2, expected) => {
        const { known, at } = scene(skies, wattsPerWm2);
        const weather = (interval: number) =>
          interval === NOON ? { irradianceWm2: expected, temperatureC: null } : at(interval);
        const expectedW = byIrradiance(known, weather, NOON);
        assert.ok(Math.abs(expectedW - wattsPerWm2 * expected) < 0.01 * (1 + expectedW));
      },
    ),
    { numRuns: 60 },
  );
});

test('nothing of the target itself, or of later, is looked at', () => {
  const { known, at } = scene([500, 500, 500, 500], 4);
  const early = { ...known, origin: known.origin - DAY };
  const before = byIrradiance(early, at, NOON - DAY);
  const { history } = known;
  for (let interval = early.origin; interval < known.origin; interval += 1) {
    history.observe(interval, 9_000);
  }
  assert.is(byIrradiance(early, at, NOON - DAY), before);
});

test('without weather, or without days that say anything, it knows nothing', () => {
  const { known, at } = scene([500, 500, 500], 4);
  assert.ok(Number.isNaN(byIrradiance(known, () => null, NOON)));
  const dark = { irradianceWm2: 0, temperatureC: 3 };
  assert.is(
    byIrradiance(known, () => dark, NOON),
    0,
  );
  const empty = { ...known, history: new LoadHistory(900) };
  assert.ok(Number.isNaN(byIrradiance(empty, at, NOON)));
});

test.run();
