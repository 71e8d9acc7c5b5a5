/** The unit that ships: what safety needs of it, and what systemd says of it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readAgentSettings } from '../../agent/config.ts';
import { ROOT } from '../../build/project-root.ts';
import { runCommand } from '../../build/run-command.ts';
import { temporaryFolder } from '../host/temporary-folder.ts';

const test = suite('systemd unit');
const unit = (name: string) => readFileSync(join(ROOT, 'systemd', name), 'utf8');
const UNIT = unit('transax-agent.service');
const TOR_UNIT = unit('transax-tor.service');
const TORRC = unit('transax-tor.torrc');
/** The least that an agent.toml says. */
const SETTINGS = `[buses.cabinet]
connection = "tcp://192.168.1.20:502"
[meters.house]
role = "grid"
profile = "eastron-sdm630"
bus = "cabinet"
[home]
zone = "Europe/Berlin"
max_power = "11 kW"
`;
const ANALYZE = '/usr/bin/systemd-analyze';

/** All values of a key, without those in comments. */
function valuesOf(key: string, text = UNIT): string[] {
  const lines = text.split('\n').filter((line) => line.startsWith(`${key}=`));
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
  assert.equal(valuesOf('SupplementaryGroups'), ['dialout gpio transax-tor']);
  assert.ok(valuesOf('DeviceAllow').includes('char-gpiochip rw'));
  assert.ok(valuesOf('DeviceAllow').includes('char-ttyUSB rw'));
  assert.equal(valuesOf('MemoryDenyWriteExecute'), []);
});

test('only what is in the house can be reached, and no name be looked up', () => {
  assert.equal(valuesOf('IPAddressDeny'), ['any']);
  const [allowed = ''] = valuesOf('IPAddressAllow');
  assert.equal(allowed.split(' '), [
    'localhost',
    ...['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fe80::/10'],
  ]);
  assert.match(valuesOf('InaccessiblePaths').join(), /-\/etc\/resolv.conf/);
});

test("Tor runs apart from the system's own, where the agent looks for it", () => {
  const [socks = ''] = /unix:(\S+)/.exec(TORRC)?.slice(1) ?? [];
  assert.is(readAgentSettings(SETTINGS, 'agent.toml', '/').tor.socks, socks);
  assert.is(dirname(socks), `/run/${valuesOf('RuntimeDirectory', TOR_UNIT)[0]}`);
  assert.equal(valuesOf('RuntimeDirectoryMode', TOR_UNIT), ['0750']);
  const [group = ''] = valuesOf('Group', TOR_UNIT);
  assert.ok(valuesOf('SupplementaryGroups').join().split(' ').includes(group));
  const data = /^DataDirectory (\S+)$/m.exec(TORRC)?.[1];
  assert.is(data, `/var/lib/${valuesOf('StateDirectory', TOR_UNIT)[0]}`);
});

test('systemd has nothing to say against them, where there is a systemd to ask', async () => {
  if (!existsSync(ANALYZE)) return;
  const folder = temporaryFolder();
  try {
    const paths = ['transax-agent.service', 'transax-tor.service'].map((name) => {
      const path = join(folder.path, name);
      // Programs that are there, since systemd looks for them.
      const text = unit(name).replaceAll(/\/usr\/bin\/(transax-agent|tor)\b/g, '/bin/true');
      writeFileSync(path, text);
      return path;
    });
    const words = ['verify', '--man=no', ...paths];
    const { code, output } = await runCommand(ANALYZE, words, folder.path);
    assert.is(output.trim(), '');
    assert.is(code, 0);
  } finally {
    folder.dispose();
  }
});

test.run();
