import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Offer } from '../../../market/offers.ts';
import { problemOf } from '../../../solver/clearing/problem.ts';
import { roundDown } from '../../../solver/clearing/rounding.ts';

const test = suite('solver/clearing/rounding');

function offer(id: number, side: Offer['side'], feeder: number, powerW: number): Offer {
  return {
    id,
    side,
    feeder,
    firstInterval: 0,
    lastInterval: 0,
    energyWs: powerW * 900,
    maxPowerW: powerW,
    priceMicroPerKwh: 1,
  };
}

/** Feeder 1 exports 3 to feeder 2, and imports a half from 3 and from 4; its net limit is 2. */
const MARKET = {
  firstInterval: 0,
  lastInterval: 0,
  limitsAt: (feeder: number) => ({ internalLimitW: 100, externalLimitW: feeder === 1 ? 2 : 100 }),
  intervalSeconds: 900,
  minTradeWs: 1,
};

function twoHalves() {
  return problemOf({
    ...MARKET,
    offers: [
      offer(1, 'sell', 1, 3),
      offer(2, 'sell', 3, 1),
      offer(3, 'sell', 4, 1),
      offer(4, 'buy', 2, 3),
      offer(5, 'buy', 1, 1),
    ],
  });
}

test('an export whose import was rounded away is lowered to the net limit', () => {
  // Both halves come from asks that another bid takes whole in the interval before.
  const long = (id: number, feeder: number) => ({
    ...offer(id, 'sell', feeder, 1),
    firstInterval: -1,
  });
  const early = (id: number) => ({
    ...offer(id, 'buy', 5, 1),
    firstInterval: -1,
    lastInterval: -1,
  });
  const problem = problemOf({
    ...MARKET,
    offers: [
      offer(1, 'sell', 1, 3),
      ...[long(2, 3), long(3, 4)],
      ...[offer(4, 'buy', 2, 3), offer(5, 'buy', 1, 1), early(6), early(7)],
    ],
    firstInterval: -1,
  });
  const { soldW, boughtW } = roundDown(problem, {
    soldW: Float64Array.of(3, 0.5, 0.5, 0.5, 0.5),
    boughtW: Float64Array.of(3, 1, 0.5, 0.5),
  });
  // The watt that may not go out is then sold inside the feeder.
  assert.equal([...boughtW], [2, 1, 1, 1]);
  assert.equal([...soldW], [3, 1, 0, 1, 0]);
});

test('what rounding leaves free is given out again', () => {
  const problem = twoHalves();
  const { soldW, boughtW } = roundDown(problem, {
    soldW: Float64Array.of(2.5, 0.5, 0),
    boughtW: Float64Array.of(2.5, 0.5),
  });
  assert.is(
    soldW.reduce((sum, power) => sum + power, 0),
    boughtW.reduce((sum, power) => sum + power, 0),
  );
  assert.is(boughtW[1], 1, 'a whole watt comes in');
  assert.ok((soldW[0] ?? 0) >= 2);
});

test('noise below a whole number is not lost, above it not gained', () => {
  const problem = twoHalves();
  const { soldW, boughtW } = roundDown(problem, {
    soldW: Float64Array.of(1.9999999, 1.0000001, 0),
    boughtW: Float64Array.of(2.0000001, 0.9999999),
  });
  assert.equal([...boughtW].every(Number.isInteger), true);
  assert.ok((soldW[0] ?? 0) >= 2);
});

test.run();
