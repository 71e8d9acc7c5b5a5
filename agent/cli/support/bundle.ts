/**
 * `transax-agent support bundle`: what somebody needs who helps from afar, in one file that the
 * user looks through and sends. Nothing leaves the machine by itself; every text goes through
 * `redact`.
 */
import { gzipSync } from 'node:zlib';
import { FileError, SqlError } from '../../../host/ports.ts';
import { SettingsError } from '../../../market/settings/toml.ts';
import { PinnedGridError } from '../../pinned-grid.ts';
import { VERSION } from '../../version.ts';
import { type AgentLink, findAgent } from '../agent-link.ts';
import {
  CliError,
  type Command,
  type CommandArgs,
  type CommandHost,
  loadSettings,
  readSettingsText,
} from '../command.ts';
import { examine } from '../doctor.ts';
import { UNIT } from '../logs.ts';
import { bytesText, columns, good } from '../output.ts';
import { withSource } from '../source.ts';
import { redact } from './redact.ts';
import { type ArchiveFile, tarOf } from './tar.ts';

const HISTORY_INTERVALS = 192;
const LOG_LINES = '20000';
/** Lines of the kernel's log that tell of wires. */
const KERNEL =
  /tty|usb|serial|gpio|ftdi|ch34|cp210|mmc|i2c|rtc|clocksource|voltage|ext4|I\/O error/i;

interface Piece {
  name: string;
  what: string;
  /** Null: there is nothing to say. */
  make(): Promise<string | null>;
}

export const supportBundle: Command = {
  words: ['support', 'bundle'],
  takes: '',
  summary: 'one file with what is needed to help; nothing is sent',
  text:
    'Settings, doctor, status, the last days of journal and log, counters and last frames of the ' +
    'buses, and what the kernel says of ports. Keys, addresses, hashes and codes are taken out. ' +
    'Prints what is in it; -o - writes it to stdout.',
  options: [
    {
      name: 'output',
      short: 'o',
      value: 'FILE',
      text: '/tmp/transax-support-DATE.tar.gz if absent',
    },
  ],
  examples: ['sudo transax-agent support bundle -o /tmp/for-support.tar.gz'],
  async run(host, args) {
    const nowMs = host.nowMs();
    const stamp = new Date(nowMs).toISOString().slice(0, 16).replaceAll(/[-:]/g, '');
    const path = args.options.output ?? `/tmp/transax-support-${stamp}.tar.gz`;
    const contents: { name: string; what: string; bytes: number }[] = [];
    const files: ArchiveFile[] = [];
    for (const { name, what, make } of await piecesOf(host, args)) {
      const text = await orWhy(make);
      if (text === null) continue;
      const bytes = Buffer.from(redact(text), 'utf8');
      files.push({ name: `transax-support/${name}`, bytes });
      contents.push({ name, what, bytes: bytes.length });
    }
    const archive = gzipSync(tarOf(files, nowMs));
    host.machine.writeBytes(path === '-' ? '-' : host.resolve(path).path, archive);
    const rows = contents.map((each) => [`  ${each.name}`, bytesText(each.bytes), each.what]);
    const list = `${path}, ${bytesText(archive.length)}; look through it, then send it yourself:`;
    const text = `${list}\n${columns(rows)}`;
    if (path !== '-') return good({ file: path, bytes: archive.length, contents }, text);
    host.say(text);
    return good({ file: path, bytes: archive.length, contents }, '');
  },
};

async function piecesOf(host: CommandHost, args: CommandArgs): Promise<Piece[]> {
  const agent = await agentIfAny(host, args);
  const asked = (path: string) => async () =>
    agent === null ? null : JSON.stringify(await agent.get(path), null, 1);
  return [
    {
      name: 'version.json',
      what: 'release and machine',
      make: async () => JSON.stringify({ version: VERSION, ...host.machine.versions() }, null, 1),
    },
    {
      name: 'agent.toml',
      what: 'settings',
      make: async () => readSettingsText(host, args.config),
    },
    {
      name: 'doctor.json',
      what: 'all checks',
      make: async () => JSON.stringify(await examine(host, args), null, 1),
    },
    { name: 'status.json', what: 'how the agent is', make: asked('/status') },
    { name: 'clock.json', what: 'how its clock is', make: asked('/clock') },
    { name: 'frames.json', what: 'last requests on each bus', make: asked('/frames') },
    {
      name: 'journal.json',
      what: 'readings and schedule of two days',
      make: () => journal(host, args),
    },
    { name: 'log.txt', what: 'log of two days', make: () => log(host) },
    { name: 'kernel.txt', what: 'kernel, ports, GPIO chips', make: () => kernel(host) },
  ];
}

async function agentIfAny(host: CommandHost, args: CommandArgs): Promise<AgentLink | null> {
  try {
    return await findAgent(host, loadSettings(host, args.config));
  } catch (error) {
    if (error instanceof SettingsError || error instanceof CliError) return null;
    throw error;
  }
}

/** What cannot be had is said in its place: a bundle is for when things are broken. */
async function orWhy(make: () => Promise<string | null>): Promise<string | null> {
  try {
    return await make();
  } catch (error) {
    const isExpected =
      error instanceof CliError ||
      error instanceof SettingsError ||
      error instanceof PinnedGridError ||
      error instanceof FileError ||
      error instanceof SqlError;
    if (!isExpected) throw error;
    return `not to be had: ${error.message}`;
  }
}

function journal(host: CommandHost, args: CommandArgs): Promise<string> {
  return withSource(
    host,
    args,
    async ({ journal: view, now, nowMs, intervalSeconds, horizonIntervals }) => {
      const first = Math.max(0, now - HISTORY_INTERVALS);
      const found = {
        intervalSeconds,
        now,
        readings: await view.readings(first, now),
        schedule: await view.schedule(first, now + horizonIntervals),
        history: await view.history(first, now),
        switches: await view.switches(nowMs),
      };
      return JSON.stringify(found);
    },
  );
}

async function log({ machine }: CommandHost): Promise<string | null> {
  const words = ['--unit', UNIT, '--since', '2 days ago', '--no-pager', '--lines', LOG_LINES];
  return (await machine.run('journalctl', words))?.out ?? null;
}

async function kernel({ machine }: CommandHost): Promise<string> {
  const ports = machine
    .names('/sys/class/tty')
    .filter((name) => /USB|ACM|AMA|^ttyS|^ttyO/.test(name))
    .map((name) => {
      const device = machine.link(`/sys/class/tty/${name}/device`) ?? 'no device';
      return `${name}  ${device}`;
    });
  const ids = machine
    .names('/dev/serial/by-id')
    .map((name) => `${name} -> ${machine.link(`/dev/serial/by-id/${name}`)}`);
  const chips = machine
    .names('/sys/class/gpio')
    .filter((name) => name.startsWith('gpiochip'))
    .map((name) => {
      const of = (file: string) => machine.text(`/sys/class/gpio/${name}/${file}`)?.trim();
      return `${name}  ${of('label')}  base ${of('base')}  ${of('ngpio')} lines`;
    });
  const said = await machine.run('journalctl', ['--dmesg', '--no-pager', '--lines', '4000']);
  const lines = (said?.out ?? '').split('\n').filter((line) => KERNEL.test(line));
  return [
    machine.text('/proc/version')?.trim() ?? '',
    machine.text('/proc/device-tree/model')?.replaceAll('\0', '') ?? '',
    ...['', 'ports', ...ports, '', 'by-id', ...ids, '', 'gpio chips', ...chips],
    ...['', 'kernel log', ...lines],
  ].join('\n');
}
