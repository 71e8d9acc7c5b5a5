import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseTracking, type RunProgram, readTimeService } from '../../host/time-service.ts';
import { temporaryFolder } from './temporary-folder.ts';

const test = suite('time-service');

const LINE =
  'C0A80101,192.168.1.1,3,1782000000.123456789,0.000012345,-0.000004,0.00002,' +
  '-12.345,-0.001,0.02,0.004000000,0.000500000,64.2,Normal';

const programs =
  (answers: Record<string, string>): RunProgram =>
  async (program) =>
    answers[program] ?? null;

test('chrony tells offset, greatest error and its last comparison', () => {
  const state = parseTracking(`${LINE}\n`);
  assert.is(state?.isSynchronized, true);
  assert.ok(Math.abs((state?.offsetMs ?? 0) + 0.012345) < 1e-9);
  assert.ok(Math.abs((state?.errorMs ?? 0) - 2.512345) < 1e-9);
  assert.is(Math.round(state?.comparedAtMs ?? 0), 1_782_000_000_123);
});

test('chrony without a source is not synchronised', () => {
  const line = '7F7F0101,,0,0.000000000,0.0,0.0,0.0,0.0,0.0,0.0,1.0,1.0,0.0,Not synchronised';
  const state = parseTracking(line);
  assert.is(state?.isSynchronized, false);
  assert.is(state?.offsetMs, null);
});

test('what is no answer of chrony is none', () => {
  for (const line of ['', '506 Cannot talk to daemon', `${LINE.slice(0, 40)}`, 'a,b,c,d'.repeat(9)])
    assert.is(parseTracking(line), null);
});

test('chrony goes first, then timesyncd, then the kernel; nothing is nothing', async () => {
  const { path: folder, dispose } = temporaryFolder();
  try {
    const flag = join(folder, 'timesync', 'synchronized');
    const all = programs({ chronyc: LINE, timedatectl: 'yes\n' });
    assert.is((await readTimeService(all, flag)).source, 'chrony');
    const kernel = await readTimeService(programs({ timedatectl: 'yes\n' }), flag);
    assert.equal([kernel.source, kernel.isSynchronized], ['systemd', true]);
    const not = await readTimeService(programs({ timedatectl: 'no\n' }), flag);
    assert.is(not.isSynchronized, false);
    const none = await readTimeService(programs({}), flag);
    assert.equal([none.source, none.isSynchronized], ['none', false]);
    mkdirSync(join(folder, 'timesync'));
    const waiting = await readTimeService(programs({ timedatectl: 'yes\n' }), flag);
    assert.equal([waiting.source, waiting.isSynchronized], ['timesyncd', false]);
    writeFileSync(flag, '');
    const good = await readTimeService(programs({}), flag);
    assert.equal([good.source, good.isSynchronized], ['timesyncd', true]);
    assert.ok(Math.abs((good.comparedAtMs ?? 0) - Date.now()) < 60_000);
  } finally {
    dispose();
  }
});

test.run();
