/** The adversary on made-up homes: it finds what is there to be found, and nothing else. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assign } from '../../../testbed/adversary/assignment.ts';
import { measure, type SeenRun, wilson } from '../../../testbed/adversary/measure.ts';
import type { Sighting } from '../../../testbed/adversary/sightings.ts';
import { Seeded } from '../../../testbed/homes/seeded.ts';

const test = suite('testbed: adversary');
const HOMES = 20;
const ROTATIONS = 24;

type Change = (home: number, interval: number, chance: Seeded) => Partial<Sighting>;

/** Homes of one feeder, each with one address an interval; equal but for `change`. */
function population(
  seed: number,
  change: Change,
  isThere = (_: number, __: number) => true,
): SeenRun {
  const chance = new Seeded(seed);
  const homeOf = new Map<string, string>();
  const sightings: Sighting[] = [];
  for (let interval = 0; interval <= ROTATIONS; interval += 1) {
    for (let home = 0; home < HOMES; home += 1) {
      if (!isThere(home, interval)) continue;
      const address = `${seed} ${home} ${interval}`;
      homeOf.set(address, `home-${home}`);
      sightings.push({
        address,
        ...{ feeder: 1, side: 'buy', firstInterval: interval, lastInterval: interval },
        ...{ energyWs: 900_000, maxPowerW: 1000, priceMicroPerKwh: 230_000 },
        ...{ grantedS: chance.between(0, 150), postedS: chance.between(200, 500) },
        ...{ closedS: chance.between(0, 225), depositedS: chance.between(0, 450) },
        ...{ grantPlace: chance.uniform(), postPlace: chance.uniform(), sends: 3, postBytes: 600 },
        ...{ carriers: new Set([sightings.length]), askers: new Set<number>() },
        ...change(home, interval, chance),
      });
    }
  }
  return { sightings: sightings.sort((a, b) => a.postedS - b.postedS), homeOf };
}

const measured = (change: Change, kind: 'any' | 'equal' = 'any') =>
  measure(
    [1, 2, 3].map((seed) => population(seed, change)),
    kind,
  );

test('homes that all look the same are linked by chance alone', () => {
  const { percent, chancePercent, interval, questions } = measured(() => ({}), 'equal');
  assert.is(questions, 3 * HOMES * ROTATIONS);
  assert.is(chancePercent, 5);
  assert.ok(percent < 5 + 2, `${percent} %`);
  assert.ok(interval[0] < 5);
});

test('one habit is enough to be caught: a time, a size, a connection, a name asked for', () => {
  const habits: Record<string, Change> = {
    time: (home) => ({ postedS: 200 + 15 * home }),
    size: (home) => ({ maxPowerW: 500 + 50 * home, energyWs: 900 * (500 + 50 * home) }),
    'size, not quite': (home, _, chance) => ({
      energyWs: 900 * (500 + 50 * home + chance.between(-5, 5)),
    }),
    connection: (home) => ({ carriers: new Set([-1 - home]) }),
    name: (home) => ({ askers: new Set([-1 - home]) }),
    place: (home) => ({ grantPlace: home / HOMES }),
  };
  for (const [name, change] of Object.entries(habits)) {
    const { percent } = measured(change);
    assert.ok(percent > 90, `${name}: ${percent} %`);
  }
});

test('who learns over several intervals sees more than who looks at each alone', () => {
  const blurred: Change = (home, _, chance) => ({ postedS: 200 + 15 * home + 12 * chance.bell() });
  const { attacks } = measured(blurred);
  const of = (name: string) => attacks[name] ?? 0;
  assert.ok(of('nearest, learned') > of('nearest'), JSON.stringify(attacks));
  assert.ok(of('intersection, learned') > of('nearest, learned') + 5, JSON.stringify(attacks));
});

test('a home that is alone is told apart, not averaged away', () => {
  const onlyOne = (home: number, interval: number) => home === 0 || interval < 12;
  const run = population(1, () => ({}), onlyOne);
  const { alonePercent, questions } = measure([run], 'any');
  assert.is(questions, 11 * HOMES);
  assert.is(alonePercent, Math.round((1000 * 13) / (13 + questions)) / 10);
});

test('the assignment is the cheapest', () => {
  const matrix = fc
    .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
    .chain(([rows, columns]) =>
      fc.array(
        fc.array(fc.integer({ min: -20, max: 20 }), { minLength: columns, maxLength: columns }),
        {
          minLength: rows,
          maxLength: rows,
        },
      ),
    );
  fc.assert(
    fc.property(matrix, (costs) => {
      const columns = assign(costs);
      const taken = columns.filter((each) => each >= 0);
      assert.is(new Set(taken).size, taken.length);
      assert.is(taken.length, Math.min(costs.length, costs[0]?.length ?? 0));
      const cost = columns.reduce((sum, column, row) => sum + (costs[row]?.[column] ?? 0), 0);
      assert.is(cost, cheapest(costs, 0, new Set()));
    }),
    { numRuns: 200 },
  );
});

/** By trying everything; rows may stay without a column only where there are too many. */
function cheapest(costs: number[][], row: number, taken: Set<number>): number {
  const columns = costs[0]?.length ?? 0;
  const mustTake = Math.min(costs.length, columns) - taken.size;
  if (row === costs.length) return mustTake === 0 ? 0 : Number.POSITIVE_INFINITY;
  let least =
    costs.length - row > mustTake ? cheapest(costs, row + 1, taken) : Number.POSITIVE_INFINITY;
  for (let column = 0; column < columns; column += 1) {
    if (taken.has(column)) continue;
    const rest = cheapest(costs, row + 1, new Set([...taken, column]));
    least = Math.min(least, (costs[row]?.[column] ?? 0) + rest);
  }
  return least;
}

test("Wilson's interval, against a table", () => {
  assert.equal(wilson(0, 10), [0, 27.8]);
  assert.equal(wilson(5, 10), [23.7, 76.3]);
  assert.equal(wilson(95, 100), [88.8, 97.8]);
});

test.run();
