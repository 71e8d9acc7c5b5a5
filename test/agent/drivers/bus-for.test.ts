import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BUS_TIMES, type BusSettings } from '../../../agent/config/buses.ts';
import { busFor } from '../../../agent/drivers/bus-for.ts';

const test = suite('agent: bus for its devices');

const BUS: BusSettings = {
  name: 'cabinet',
  connection: { kind: 'tcp', host: '192.168.1.20', port: 502 },
  ...BUS_TIMES,
  byDefault: ['timeoutMs', 'gapMs', 'connectDelayMs'],
};
const slow = { timing: { gapMs: 100, timeoutMs: 2_000, connectDelayMs: null } };
const fussy = { timing: { gapMs: null, timeoutMs: 500, connectDelayMs: 1_000 } };

test('what nobody wrote is as the neediest device on the bus wants it', () => {
  const { timeoutMs, gapMs, connectDelayMs } = busFor(BUS, [slow, fussy]);
  assert.equal([timeoutMs, gapMs, connectDelayMs], [2_000, 100, 1_000]);
  assert.equal(busFor(BUS, []), BUS);
  assert.is(busFor(BUS, [fussy]).timeoutMs, BUS_TIMES.timeoutMs, 'never shorter');
});

test('what somebody wrote stands', () => {
  const { gapMs, timeoutMs } = busFor({ ...BUS, gapMs: 0, byDefault: ['timeoutMs'] }, [slow]);
  assert.equal([gapMs, timeoutMs], [0, 2_000]);
});

test.run();
