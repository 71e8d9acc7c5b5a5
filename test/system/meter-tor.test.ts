/** The torrc that ships, taken by a real tor: valid, and a socket for the group alone. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT } from '../../build/project-root.ts';
import { runCommand } from '../../build/run-command.ts';
import { greetTor } from '../../host/tor-transport.ts';
import { endsWithUs } from '../../testbed/ends-with-us.ts';
import { temporaryFolder } from '../host/temporary-folder.ts';
import { until } from './processes.ts';

const test = suite('tor of the meter');
const TORRC = readFileSync(join(ROOT, 'systemd', 'transax-tor.torrc'), 'utf8');

/** A network that nobody is in: no packet of this test leaves. */
const NOWHERE = [
  '--DirAuthority',
  `none orport=1 no-v2 v3ident=${'A'.repeat(40)} 127.0.0.1:1 ${'B'.repeat(40)}`,
];

/** The same settings in another place. @returns the words to call tor with */
function settle(folder: string, more: string): string[] {
  mkdirSync(join(folder, 'run'), { recursive: true, mode: 0o750 });
  mkdirSync(join(folder, 'data'), { recursive: true, mode: 0o700 });
  const torrc = join(folder, 'torrc');
  const text = TORRC.replaceAll('/run/transax-tor', join(folder, 'run'))
    .replaceAll('/var/lib/transax-tor', join(folder, 'data'))
    .replace(/^(SocksPort .*)$/m, `$1${more}`);
  writeFileSync(torrc, text);
  return ['--defaults-torrc', join(folder, 'none'), '-f', torrc];
}

test('tor takes these settings without a warning, for onion services alone too', async () => {
  const folder = temporaryFolder();
  try {
    for (const more of ['', ' OnionTrafficOnly']) {
      const words = [...settle(folder.path, more), '--verify-config'];
      const { code, output } = await runCommand('tor', words, folder.path);
      assert.is(code, 0, output);
      assert.match(output, /Configuration was valid/);
      assert.not.match(output.replace(/.*running Tor as root.*/, ''), /\[warn\]/);
    }
  } finally {
    folder.dispose();
  }
});

test('it answers at its socket, which is for its group, and nowhere else', async () => {
  const folder = temporaryFolder();
  const child = spawn(...endsWithUs('tor', [...settle(folder.path, ''), ...NOWHERE]), {
    stdio: 'ignore',
  });
  try {
    const socks = join(folder.path, 'run', 'socks');
    await until('tor answers', async () => (await greetTor(socks)) === null);
    assert.is(statSync(socks).mode & 0o777, 0o660);
    const inode = /socket:\[(\d+)\]/;
    const { output } = await runCommand('ls', ['-l', `/proc/${child.pid}/fd`], folder.path);
    const own = output.split('\n').flatMap((line) => inode.exec(line)?.[1] ?? []);
    const tables = ['tcp', 'tcp6', 'udp', 'udp6'].map((name) =>
      readFileSync(`/proc/${child.pid}/net/${name}`, 'utf8'),
    );
    const open = own.filter((each) => tables.some((table) => table.includes(` ${each} `)));
    assert.equal(open, [], 'no port of TCP or UDP');
  } finally {
    child.kill('SIGKILL');
    await once(child, 'close');
    folder.dispose();
  }
});

test.run();
