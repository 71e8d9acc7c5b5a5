/**
 * The few Debian packages that tests need beside npm, and which group needs them. `npm start` needs
 * none, but for `--tor`. As root, missing ones are installed; otherwise the command to do so is
 * printed.
 */

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { withoutDaemons } from './no-daemons.ts';
import { ROOT } from './project-root.ts';
import { runCommand } from './run-command.ts';
import { type GroupName, say } from './test-groups.ts';

interface DebianPackage {
  name: string;
  group: GroupName;
  reason: string;
  isThere(): boolean;
  /** Units of systemd that it would start at once and at each boot, and must not. */
  daemons?: readonly string[];
}

export const PACKAGES: readonly DebianPackage[] = [
  {
    name: 'chromium',
    group: 'system',
    reason: 'the page is tested in a real browser',
    isThere: () => isOnPath('chromium'),
  },
  {
    name: 'fonts-dejavu-core',
    group: 'system',
    reason: 'the browser needs a font to draw the page',
    isThere: () => existsSync('/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf'),
  },
  {
    name: 'python3-pymodbus',
    group: 'binary',
    reason: 'meters by an implementation of Modbus that is not ours',
    isThere: () => existsSync('/usr/lib/python3/dist-packages/pymodbus'),
  },
  {
    name: 'python3-serial-asyncio',
    group: 'binary',
    reason: 'pymodbus wants it for its servers',
    isThere: () => existsSync('/usr/lib/python3/dist-packages/serial_asyncio'),
  },
  {
    name: 'qemu-system-arm',
    group: 'system',
    reason: 'GPIO is tested on a real kernel, in an emulated machine',
    isThere: () => isOnPath('qemu-system-arm'),
  },
  {
    name: 'cpio',
    group: 'system',
    reason: 'packs the files of the emulated machine',
    isThere: () => isOnPath('cpio'),
  },
  {
    name: 'faketime',
    group: 'system',
    reason: 'an agent is started on a board whose clock is wrong',
    isThere: () => isOnPath('faketime'),
  },
  {
    name: 'python3',
    group: 'system',
    reason: 'units of raw frames, with faults, on a pseudo-terminal (testbed/emulators)',
    isThere: () => existsSync('/usr/bin/python3'),
  },
  {
    name: 'python3-pymodbus',
    group: 'system',
    reason: 'the bus is tested against a Modbus server that is not ours',
    isThere: () => existsSync('/usr/lib/python3/dist-packages/pymodbus'),
  },
  {
    name: 'python3-serial-asyncio',
    group: 'system',
    reason: 'pymodbus needs it to serve on a serial port',
    isThere: () => existsSync('/usr/lib/python3/dist-packages/serial_asyncio'),
  },
  {
    name: 'socat',
    group: 'system',
    reason: 'two serial ports that lead to each other, for pymodbus and the bus',
    isThere: () => isOnPath('socat'),
  },
  {
    name: 'libmodbus5',
    group: 'system',
    reason: 'bench:bus compares the time of a read with that of the C library',
    isThere: () =>
      ['x86_64-linux-gnu', 'aarch64-linux-gnu', 'arm-linux-gnueabihf'].some((folder) =>
        existsSync(`/usr/lib/${folder}/libmodbus.so.5`),
      ),
  },
  {
    name: 'tor',
    group: 'system',
    reason: 'agents trade through a Tor network of this machine alone',
    isThere: () => isOnPath('tor') && isOnPath('tor-gencert'),
    // They would join the public network.
    daemons: ['tor.service', 'tor@default.service'],
  },
  {
    name: 'strace',
    group: 'system',
    reason: 'agents are killed, and their disks fail, at a call of the kernel',
    isThere: () => isOnPath('strace'),
  },
  {
    name: 'python3',
    group: 'binary',
    reason: 'the binary reads a unit on a pseudo-terminal',
    isThere: () => existsSync('/usr/bin/python3'),
  },
  {
    name: 'binutils',
    group: 'binary',
    reason: 'strip makes the one-file binary smaller',
    isThere: () => isOnPath('strip'),
  },
];

/** Makes sure that what these groups need is there. Says what is missing otherwise. */
export async function ensurePackages(groups: GroupName[]): Promise<boolean> {
  const missing = missingPackages(groups);
  if (missing.length === 0) return true;
  const names = missing.map(({ name }) => name);
  for (const { name, group, reason } of missing) say(`${group} needs ${name}: ${reason}`);
  const install = ['install', '-y', '--no-install-recommends', ...names];
  if (process.getuid?.() !== 0 || !isOnPath('apt-get')) {
    say(`run: sudo apt-get ${install.join(' ')}`);
    return false;
  }
  say(`installing ${names.join(', ')}`);
  process.env.DEBIAN_FRONTEND = 'noninteractive';
  const daemons = missing.flatMap((one) => one.daemons ?? []);
  return daemons.length > 0 ? withoutDaemons(daemons, () => aptGet(install)) : aptGet(install);
}

async function aptGet(install: string[]): Promise<boolean> {
  const first = await runCommand('apt-get', install, ROOT);
  if (first.code === 0) return true;
  // The lists of packages are missing or old.
  const update = await runCommand('apt-get', ['update'], ROOT);
  const second = await runCommand('apt-get', install, ROOT);
  if (second.code !== 0) say(`${update.output}\n${second.output}`.trim());
  return second.code === 0;
}

export function missingPackages(groups: GroupName[]): DebianPackage[] {
  return PACKAGES.filter(({ group, isThere }) => groups.includes(group) && !isThere());
}

function isOnPath(command: string): boolean {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .some((folder) => folder !== '' && existsSync(join(folder, command)));
}
