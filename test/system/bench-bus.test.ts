/** The benchmark of the bus runs, and says what the docs say of it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { measureAll } from '../../bench/bus/measure.ts';

const test = suite('bench-bus');

test('a read is timed by each client on each path', async () => {
  const paths = await measureAll([2, 76], { rounds: 1, reads: 20 });
  assert.equal(
    paths.map(({ name, registers }) => `${name} ${registers}`),
    ['tcp 2', 'tcp 76', 'serial 2', 'serial 76'],
  );
  for (const { busUs, bareUs, libmodbusUs } of paths) {
    for (const us of [busUs, bareUs, libmodbusUs]) assert.ok(us > 1 && us < 1e6, `${us} us`);
  }
});

test.run();
