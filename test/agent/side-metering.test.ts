import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { MeterValues } from '../../agent/drivers/meter.ts';
import { SideMetering } from '../../agent/side-metering.ts';
import { BusError, type Log } from '../../host/ports.ts';
import { SteppedClock } from '../../host/stepped-clock.ts';

const test = suite('agent: side metering');

/** Two meters: what each answers is the test's to say. */
function house() {
  const clock = new SteppedClock(0);
  const lines: string[] = [];
  const note = (line: string) => void lines.push(line);
  const log: Log = { info: note, warn: note, error: note };
  const says: Record<string, number | BusError> = { roof: -800, car: 7_000 };
  const meterOf = (name: string) => ({
    async readFast(): Promise<MeterValues> {
      const answer = says[name];
      if (answer instanceof BusError) throw answer;
      return { powerW: answer ?? null, counters: null };
    },
  });
  const side = new SideMetering(
    [
      { name: 'roof', role: 'pv', profile: 'x', meter: meterOf('roof'), pollMs: 1_000 },
      { name: 'car', role: 'load', profile: 'y', meter: meterOf('car'), pollMs: 5_000 },
    ],
    clock,
    log,
    10,
  );
  side.start(new AbortController().signal);
  return { clock, lines, says, side };
}

async function runTo(clock: SteppedClock, ms: number): Promise<void> {
  let next: number | null = clock.now();
  while (clock.now() < ms) {
    next = await clock.advance(Math.min(ms, Math.max(clock.now(), next ?? ms)));
  }
}

test('each meter shows its power, and a silent one holds up no other', async () => {
  const { clock, lines, says, side } = house();
  await runTo(clock, 1);
  assert.equal(
    side.status().map(({ name, powerW }) => [name, powerW]),
    [
      ['roof', -800],
      ['car', 7_000],
    ],
  );
  says.roof = new BusError('timeout', 'no answer in time');
  says.car = 0;
  await runTo(clock, 6_000);
  const [roof, car] = side.status();
  assert.is(roof?.problem, 'no answer in time');
  assert.is(roof?.powerW, -800, 'what was seen last, with its age');
  assert.is(car?.powerW, 0);
  assert.is(lines.filter((line) => /roof cannot be read/.test(line)).length, 1, 'said once');
  says.roof = -5;
  await runTo(clock, 8_000);
  assert.is(side.last('roof')?.powerW, -5);
  assert.is(side.status()[0]?.problem, null);
  assert.ok(lines.includes('the meter roof answers again'));
  await side.stop();
});

test('a meter that never answered has no value', async () => {
  const { clock, says, side } = house();
  says.roof = new BusError('closed', 'no connection');
  assert.is(side.last('roof'), null);
  await runTo(clock, 1);
  await side.stop();
});

test('what meters on the roof saw is the generation of an interval, if seen enough', async () => {
  const { clock, says, side } = house();
  assert.ok(side.generation !== null);
  await runTo(clock, 10_000);
  assert.is(side.generatedW(0), 800, 'the car is none of it');
  says.roof = 40;
  await runTo(clock, 20_001);
  assert.ok((side.generatedW(1) ?? 99) < 10, 'what an inverter draws at night is no generation');
  says.roof = new BusError('timeout', 'no answer in time');
  await runTo(clock, 40_000);
  assert.is(side.generatedW(3), null);
  await side.stop();
});

test.run();
