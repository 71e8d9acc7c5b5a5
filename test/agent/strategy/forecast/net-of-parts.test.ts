/** Net load from load and generation: quantiles in order, and as wide as both allow. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { netOfParts } from '../../../../agent/strategy/forecast/net-of-parts.ts';

const test = suite('net of parts');
const WATTS = fc.integer({ min: -10_000, max: 10_000 });
const FORECAST = fc.tuple(WATTS, WATTS, WATTS).map((values) => {
  const [p10W = 0, p50W = 0, p90W = 0] = values.sort((one, other) => one - other);
  return { interval: 7, p10W, p50W, p90W, method: 'x' };
});

test('quantiles never cross, and the range lies between the wider part and both together', () => {
  fc.assert(
    fc.property(FORECAST, FORECAST, (load, generation) => {
      const net = netOfParts(load, generation);
      assert.is(net.p50W, load.p50W - generation.p50W);
      assert.ok(net.p10W <= net.p50W && net.p50W <= net.p90W);
      const widths = [load.p90W - load.p50W, generation.p50W - generation.p10W];
      const width = net.p90W - net.p50W;
      assert.ok(width >= Math.max(...widths) - 1e-6);
      assert.ok(width <= (widths[0] ?? 0) + (widths[1] ?? 0) + 1e-6);
    }),
  );
});

test('sure generation leaves the range of the load', () => {
  const load = { interval: 7, p10W: 200, p50W: 500, p90W: 900, method: 'x' };
  const none = { interval: 7, p10W: 0, p50W: 0, p90W: 0, method: 'y' };
  const { p10W, p50W, p90W } = netOfParts(load, none);
  assert.equal([p10W, p50W, p90W], [200, 500, 900]);
});

test.run();
