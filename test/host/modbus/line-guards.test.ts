/** The guards of a line one by one: silence, shapes of answers, rest for dead units. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { BusTime } from '../../../host/modbus/bus-time.ts';
import { crc16 } from '../../../host/modbus/crc16.ts';
import { Quiet } from '../../../host/modbus/quiet.ts';
import { type Read, Shapes } from '../../../host/modbus/shapes.ts';
import { UnitRest } from '../../../host/modbus/unit-rest.ts';
import { withChecksum } from './raw-device.ts';

const test = suite('line-guards');
const NEVER = new AbortController().signal;

/** Time that passes when one sleeps; `heard` says when bytes come in. */
function sleeper(quiet: () => Quiet, heard: number[] = []): BusTime & { ms: number } {
  const time = {
    ms: 0,
    nowMs: () => time.ms,
    uniform: () => 0,
    async sleep(ms: number) {
      const endMs = time.ms + ms;
      while (heard[0] !== undefined && heard[0] <= endMs) {
        time.ms = heard.shift() ?? time.ms;
        quiet().active();
      }
      time.ms = endMs;
    },
  };
  return time;
}

async function waited(heard: number[], demandMs: number, gapMs = 20): Promise<number> {
  const time = sleeper(() => quiet, heard);
  const quiet: Quiet = new Quiet(time, gapMs);
  quiet.active();
  if (demandMs > 0) quiet.demand(demandMs);
  await quiet.wait(NEVER);
  return time.ms;
}

test('a line keeps its gap, and after trouble its silence', async () => {
  assert.is(await waited([], 0), 20);
  assert.is(await waited([], 700), 700);
  // A late answer at 600 ms: silence is counted from there.
  assert.is(await waited([600], 700), 1_300);
});

test('a line that never falls silent is waited for 2.5 s at most', async () => {
  const babble = Array.from({ length: 100 }, (_, i) => 100 * (i + 1));
  const ms = await waited(babble, 700);
  assert.ok(ms >= 2_500 && ms <= 2_520, `${ms} ms`);
});

test('a demand for silence is met once', async () => {
  const time = sleeper(() => quiet);
  const quiet: Quiet = new Quiet(time, 0);
  quiet.demand(700);
  assert.not(quiet.isOver);
  await quiet.wait(NEVER);
  assert.is(time.ms, 700);
  assert.ok(quiet.isOver);
});

const READ: Read = { unit: 1, code: 4, address: 10, count: 2 };
const OTHER: Read = { ...READ, address: 30 };

test('an answer still out has a shape that no later read asks for, for 30 s', () => {
  for (const isNumbered of [true, false]) {
    const shapes = new Shapes(isNumbered);
    const seen = new Set<number>();
    for (let i = 0; i < 4; i++) {
      const choice = shapes.choose(OTHER, i);
      assert.not(seen.has(choice.shape));
      seen.add(choice.shape);
      shapes.unanswered(OTHER, choice, i);
    }
    // All are taken: the oldest, and on a line without numbers long silence first.
    assert.equal(shapes.choose(READ, 4).extra, 0);
    assert.is(shapes.choose(READ, 4).quietMs, isNumbered ? 0 : 2_500);
    const { extra, quietMs, isDoubtful } = shapes.choose(READ, 31_000);
    assert.equal({ extra, quietMs, isDoubtful }, { extra: 0, quietMs: 0, isDoubtful: false });
  }
});

test('reads of one length in a row differ on a line, not where answers are numbered', () => {
  for (const isNumbered of [true, false]) {
    const shapes = new Shapes(isNumbered);
    shapes.answered(READ, shapes.choose(READ, 0), 0);
    assert.is(shapes.choose(READ, 10).extra, 0);
    assert.is(shapes.choose(OTHER, 10).extra, isNumbered ? 0 : 1);
    assert.is(shapes.choose({ ...OTHER, unit: 2 }, 10).extra, 0);
    assert.is(shapes.choose(OTHER, 1_100).extra, 0);
  }
});

test('a device that falls silent when asked for more is not asked for more again', () => {
  const shapes = new Shapes(false);
  shapes.answered(READ, shapes.choose(READ, 0), 0);
  const more = shapes.choose(OTHER, 10);
  assert.is(more.extra, 1);
  shapes.unanswered(OTHER, more, 20);
  assert.is(shapes.choose(OTHER, 30).extra, 0);
  shapes.answered(OTHER, shapes.choose(OTHER, 30), 30);
  shapes.refused(READ);
  // The same shape cannot be avoided: a moment of silence instead.
  const { extra, quietMs } = shapes.choose(READ, 40);
  assert.equal({ extra, quietMs }, { extra: 0, quietMs: 100 });
});

test('more is never asked for than a request may hold, or an address reaches', () => {
  for (const last of [
    { ...READ, count: 125 },
    { ...READ, address: 0xfffe },
    { ...READ, code: 1 as const, count: 2_000 },
  ]) {
    const shapes = new Shapes(false);
    shapes.unanswered(last, shapes.choose(last, 0), 0);
    const again = shapes.choose(last, 10);
    assert.is(again.extra, 0);
    assert.is(again.quietMs, 2_500);
  }
});

test('a dead unit rests 2 s longer each time, 60 s at most, while another one answers', () => {
  const units = new UnitRest();
  units.answered(1, 0);
  const rests: number[] = [];
  let nowMs = 0;
  for (let i = 0; i < 40; i++) {
    units.answered(1, nowMs);
    units.failed(7, nowMs);
    rests.push(units.leftMs(7, nowMs));
    nowMs += units.leftMs(7, nowMs);
    assert.is(units.leftMs(7, nowMs), 0);
  }
  assert.equal(rests.slice(0, 5), [0, 2_000, 4_000, 6_000, 8_000]);
  assert.is(rests.at(-1), 60_000);
  assert.is(units.leftMs(1, nowMs), 0);
});

test('a unit rests no more when another one has come back, or none answers', () => {
  const units = new UnitRest();
  units.answered(1, 0);
  for (let i = 0; i < 5; i++) units.failed(7, 0);
  assert.is(units.leftMs(7, 0), 8_000);
  units.failed(1, 0);
  assert.is(units.leftMs(7, 0), 0);
  assert.ok(units.answered(1, 10));
  assert.is(units.leftMs(7, 10), 0);
  units.failed(7, 20);
  assert.is(units.leftMs(7, 20), 10_000);
  units.wake();
  assert.is(units.leftMs(7, 20), 0);
});

test('a unit does not rest because of one that nobody asked since', () => {
  const units = new UnitRest();
  units.answered(3, 0);
  units.failed(1, 10);
  units.failed(1, 20);
  assert.is(units.leftMs(1, 20), 0, 'it may be the cable');
  units.answered(3, 30);
  assert.is(units.leftMs(1, 30), 1_990);
});

test('the checksum is that of the standard', () => {
  const frame = withChecksum(Buffer.from([1, 4, 0, 10, 0, 2]));
  assert.equal([...frame.subarray(6)], [0x51, 0xc9]);
  assert.is(crc16(frame, 0, 6), 0xc951);
  // Of a frame with its own checksum it is 0.
  assert.is(crc16(frame, 0, 8), 0);
});

test.run();
