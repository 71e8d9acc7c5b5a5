/** `transax-agent doctor`: checks in order, each with cause and remedy. Changes nothing. */
import { SettingsError } from '../../market/settings/toml.ts';
import type { AgentStatus } from '../status.ts';
import { findAgent } from './agent-link.ts';
import { type Command, type CommandArgs, type CommandHost, EXIT, loadSettings } from './command.ts';
import { type Finding, failed, type Patient, warned, well } from './doctor/finding.ts';
import { chain, clock, disk, enrolment, utility, wallet } from './doctor/peers.ts';
import { tor } from './doctor/tor.ts';
import { busErrors, meters, relays, serialPorts } from './doctor/wires.ts';
import { mark } from './output.ts';

const NAME_WIDTH = 16;

export const doctor: Command = {
  words: ['doctor'],
  takes: '',
  summary: 'checks everything in order; says causes and remedies',
  text:
    'Settings, agent, clock, serial ports, buses, meters, relays, disk, Tor, chain, ' +
    'utility, wallet. Reads only. Exit code 0 when all is well, 1 with warnings, 2 with failures.',
  options: [{ name: 'offline', text: 'asks neither chain nor utility' }],
  async run(host, args) {
    const checks = await examine(host, args);
    const failures = checks.filter(({ result }) => result === 'FAIL').length;
    const warnings = checks.filter(({ result }) => result === 'WARN').length;
    const code = failures > 0 ? EXIT.usage : warnings > 0 ? EXIT.failed : EXIT.good;
    const text = [
      ...checks.map((check) => findingText(check, args.colour)),
      summary(failures, warnings),
    ];
    return { code, data: { checks, failures, warnings }, text: text.join('\n') };
  },
};

/** All findings, in order. What one check stands on and cannot have ends the examination. */
export async function examine(host: CommandHost, args: CommandArgs): Promise<Finding[]> {
  const { path } = host.resolve(args.config);
  let settings: Patient['settings'];
  try {
    settings = loadSettings(host, args.config);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const [first] = error.message.split('\n').slice(1);
    const remedy = 'transax-agent config check tells all';
    return [
      failed('config', `${path}: ${error.faults.length} faults`, first?.trim() ?? null, remedy),
    ];
  }
  const agent = await findAgent(host, settings);
  const status = agent === null ? null : await agent.get<AgentStatus>('/status');
  const isOffline = args.options.offline !== undefined;
  const patient: Patient = { host, args, settings, agent, status, isOffline };
  return [
    well('config', `${path} is valid`),
    enrolment(patient),
    agent === null
      ? warned('agent', 'does not run', null, 'systemctl start transax-agent; transax-agent logs')
      : well('agent', `runs, release ${status?.version}`),
    await clock(patient),
    ...serialPorts(patient),
    ...busErrors(patient),
    ...(await meters(patient)),
    ...relays(patient),
    disk(patient),
    await tor(patient),
    await chain(patient),
    await utility(patient),
    wallet(patient),
  ];
}

function findingText(finding: Finding, colour: boolean): string {
  const { name, result, sentence, cause, remedy } = finding;
  const lines = [` ${mark(result, colour)} ${name.padEnd(NAME_WIDTH)} ${sentence}`];
  if (cause !== null) lines.push(`        cause  ${cause}`);
  if (remedy !== null) lines.push(`        do     ${remedy}`);
  return lines.join('\n');
}

function summary(failures: number, warnings: number): string {
  if (failures + warnings === 0) return 'all is well';
  const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;
  return `${plural(failures, 'failure')}, ${plural(warnings, 'warning')}`;
}
