/** Random moments: spread evenly, drawn once, and again after an outage. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Moments, type MomentsOptions } from '../../../agent/trading/moments.ts';
import { nodeRandom } from '../../../host/random.ts';

const test = suite('trading: moments');

function make(change: Partial<MomentsOptions> = {}): Moments {
  return new Moments({
    ...{ random: nodeRandom(), silenceSeconds: 120, habit: null, gridSeconds: 0 },
    ...change,
  });
}

test('moments are spread evenly over their span, each by itself', () => {
  const moments = make();
  const drawn = Array.from({ length: 4000 }, (_, index) => moments.of(index, 'post', 1000, 400));
  const tenths = new Array<number>(10).fill(0);
  for (const at of drawn) {
    assert.ok(at >= 1000 && at < 1400);
    const tenth = Math.floor((at - 1000) / 40);
    tenths[tenth] = (tenths[tenth] ?? 0) + 1;
  }
  // 400 each, deviation 19: five of them is once in a million runs.
  for (const count of tenths) assert.ok(Math.abs(count - 400) < 100, String(tenths));
  const follows = drawn.slice(1).filter((at, index) => at > (drawn[index] ?? 0)).length;
  assert.ok(Math.abs(follows - 2000) < 150, 'one does not say where the next is');
});

test('a moment is drawn once, and anew after an outage, from then on', () => {
  const moments = make();
  moments.look(1000);
  const first = moments.of(7, 'close', 1000, 100);
  moments.look(1100);
  assert.is(moments.of(7, 'close', 1100, 100), first);
  moments.look(5000);
  assert.ok(moments.of(7, 'close', 5000, 100) >= 5000);
});

test('what waited through an outage does not leave at one moment', () => {
  const moments = make();
  moments.look(1000);
  for (let index = 0; index < 50; index += 1) moments.of(index, 'deposit', 1000, 100);
  moments.look(9000);
  const after = Array.from({ length: 50 }, (_, index) => moments.of(index, 'deposit', 9000, 225));
  assert.ok(Math.max(...after) - Math.min(...after) > 150);
  assert.is(new Set(after).size, 50);
});

test('the next moment is the earliest to come; retired addresses have none', () => {
  const moments = make({ habit: 0.5 });
  moments.of(1, 'post', 100, 100);
  moments.of(2, 'close', 100, 40);
  assert.is(moments.next(0), 120);
  assert.is(moments.next(120), 150);
  moments.forget(1);
  assert.is(moments.next(120), null);
});

test('a habit puts every step at the same place of its span', () => {
  const moments = make({ habit: 0.25 });
  assert.is(moments.of(1, 'post', 1000, 400), 1100);
  assert.is(moments.of(2, 'post', 2000, 400), 2100);
});

test.run();
