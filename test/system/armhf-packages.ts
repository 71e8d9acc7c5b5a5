/**
 * Debian packages of armhf, unpacked, for a machine to be emulated: by apt, from the mirrors that
 * this machine's apt knows, in a tree of its own. Needs no root. Fetched once; what was fetched is
 * kept in `.cache/armhf`.
 */

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../build/project-root.ts';
import { runCommand } from '../../build/run-command.ts';

/** Stands for whichever kernel is the release's now. */
const KERNEL = 'linux-image-armmp';
/** What Node's binary is linked to, and a shell. */
const PACKAGES = ['busybox-static', 'libc6', 'libstdc++6', 'libgcc-s1', 'libatomic1'];

/** @returns the folder that the packages were unpacked in. */
export async function armhfPackages(): Promise<string> {
  const folder = join(ROOT, '.cache', 'armhf');
  const root = join(folder, 'root');
  if (existsSync(root)) return root;

  const apt = aptTree(join(folder, 'apt'));
  // A mirror may lack the index of one suite for a while; what is missing shows below.
  await apt('apt-get', 'update');
  const depends = await apt('apt-cache', 'depends', KERNEL);
  const kernel = /Depends: (linux-image-\S+-armmp)/.exec(depends)?.[1];
  if (kernel === undefined) throw new Error(noPackages(`${KERNEL} is not known`));
  await apt('apt-get', 'download', kernel, ...PACKAGES);

  const unpacked = join(folder, 'unpacking');
  rmSync(unpacked, { recursive: true, force: true });
  for (const file of readdirSync(join(folder, 'apt')).filter((name) => name.endsWith('.deb'))) {
    const { code, output } = await runCommand('dpkg-deb', ['-x', file, unpacked], apt.folder);
    if (code !== 0) throw new Error(noPackages(output));
  }
  rmSync(apt.folder, { recursive: true });
  renameSync(unpacked, root);
  return root;
}

interface Apt {
  (command: string, ...args: string[]): Promise<string>;
  folder: string;
}

function aptTree(folder: string): Apt {
  rmSync(folder, { recursive: true, force: true });
  for (const name of ['lists/partial', 'archives/partial']) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  writeFileSync(join(folder, 'status'), '');
  const config = join(folder, 'apt.conf');
  const lines = [
    'APT::Architecture "armhf";',
    'APT::Architectures { "armhf"; };',
    'APT::Sandbox::User "root";',
    `Dir::State "${folder}";`,
    `Dir::State::status "${folder}/status";`,
    `Dir::Cache "${folder}";`,
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const env = { ...process.env, APT_CONFIG: config };
  const run = async (command: string, ...args: string[]): Promise<string> => {
    const { code, output } = await runCommand(command, args, folder, env);
    if (code === 0 || args[0] === 'update') return output;
    throw new Error(noPackages(`${command} ${args.join(' ')}: ${output}`));
  };
  return Object.assign(run, { folder });
}

function noPackages(why: string): string {
  return `this test needs Debian packages of armhf from a mirror that apt knows: ${why}`;
}
