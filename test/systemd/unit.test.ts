/** The unit that ships: what safety needs of it, and what systemd says of it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT } from '../../build/project-root.ts';
import { runCommand } from '../../build/run-command.ts';
import { temporaryFolder } from '../host/temporary-folder.ts';

const test = suite('systemd unit');
const UNIT = readFileSync(join(ROOT, 'systemd', 'transax-agent.service'), 'utf8');
const ANALYZE = '/usr/bin/systemd-analyze';

/** All values of a key, without those in comments. */
function valuesOf(key: string): string[] {
  const lines = UNIT.split('\n').filter((line) => line.startsWith(`${key}=`));
  return lines.map((line) => line.slice(key.length + 1));
}

test('however the agent ends, load safe runs with its settings, and it starts again', () => {
  const [start = ''] = valuesOf('ExecStart');
  const settings = / --config \S+$/.exec(start)?.[0] ?? 'none';
  assert.equal(valuesOf('ExecStopPost'), [`-/usr/bin/transax-agent load safe${settings}`]);
  assert.equal(valuesOf('Restart'), ['always']);
});

test('it runs without network and time', () => {
  assert.equal([...valuesOf('Requires'), ...valuesOf('BindsTo'), ...valuesOf('Requisite')], []);
});

test('it may use what relays and buses hang on, and V8 may make code', () => {
  assert.equal(valuesOf('SupplementaryGroups'), ['dialout gpio']);
  assert.ok(valuesOf('DeviceAllow').includes('char-gpiochip rw'));
  assert.ok(valuesOf('DeviceAllow').includes('char-ttyUSB rw'));
  assert.equal(valuesOf('MemoryDenyWriteExecute'), []);
});

test('systemd has nothing to say against it, where there is a systemd to ask', async () => {
  if (!existsSync(ANALYZE)) return;
  const folder = temporaryFolder();
  try {
    // A program that is there, since systemd looks for it.
    const path = join(folder.path, 'transax-agent.service');
    writeFileSync(path, UNIT.replaceAll('/usr/bin/transax-agent', '/bin/true'));
    const { code, output } = await runCommand(ANALYZE, ['verify', '--man=no', path], folder.path);
    assert.is(output.trim(), '');
    assert.is(code, 0);
  } finally {
    folder.dispose();
  }
});

test.run();
