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
function twoHalves() {
  return problemOf({
    offers: [
      offer(1, 'sell', 1, 3),
      offer(2, 'sell', 3, 1),
      offer(3, 'sell', 4, 1),
      offer(4, 'buy', 2, 3),
      offer(5, 'buy', 1, 1),
    ],
    firstInterval: 0,
    lastInterval: 0,
    limitsAt: (feeder) => ({ internalLimitW: 100, externalLimitW: feeder === 1 ? 2 : 100 }),
    intervalSeconds: 900,
    minTradeWs: 1,
  });
}

test('an export whose import was rounded away is lowered to the net limit', () => {
  const problem = twoHalves();
  const floored = roundDown(problem, {
    soldW: Float64Array.of(3, 0.5, 0.5),
    boughtW: Float64Array.of(3, 0.5),
  });
  const [exported = 0] = floored.soldW;
  const imported = floored.boughtW[1] ?? 0;
  assert.ok(exported - imported <= 2, `${exported} out, ${imported} in`);
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
