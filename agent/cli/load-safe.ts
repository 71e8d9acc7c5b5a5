/**
 * `transax-agent load safe [--json] [--force]`: every relay to the safe state of its load, the
 * battery to its own automatic mode. systemd runs it after the agent ended, however it ended, so it
 * needs neither wallet, journal, chain nor a good clock: only the settings and the devices.
 *
 * Exit code 0 when all are safe, 5 when a device does not answer or do as told, 7 when the agent
 * runs: it holds the devices, and would switch them again.
 */
import { TransportError } from '../../host/ports.ts';
import { CliError, type Command, type CommandHost, EXIT, loadSettings } from './command.ts';
import { driveSafe } from './drive-safe.ts';

/** Asking whether the agent runs, real ms. */
const DEADLINE_MS = 2_000;

export const loadSafe: Command = {
  words: ['load', 'safe'],
  takes: '',
  summary: 'drives all relays and the battery to their safe states',
  text:
    'For when the agent does not run: its service does this after every end. Needs neither ' +
    'wallet, journal, chain nor a good clock.',
  options: [{ name: 'force', text: 'although the agent runs' }],
  exits: [5, 7],
  async run(host, args) {
    const settings = loadSettings(host, args.config);
    const isForced = args.options.force !== undefined;
    if (!isForced && (await agentAnswers(host, settings.state.socket))) {
      throw new CliError(
        EXIT.refused,
        'the agent runs and holds the devices: stop it first (systemctl stop transax-agent), ' +
          'which leaves everything safe, or say --force',
      );
    }
    const devices = await driveSafe(settings, host);
    const isGood = devices.every(({ problem }) => problem === null);
    const lines: string[] = [];
    for (const { name, safe, problem } of devices) {
      if (problem === null) lines.push(`${name} is ${safe}, its safe state`);
      else host.say(`${name} is not safe: ${problem}`);
    }
    if (devices.length === 0) host.say('there is neither a load with a relay nor a battery');
    const code = isGood ? EXIT.good : EXIT.silent;
    return { code, data: { devices }, text: lines.join('\n') };
  },
};

async function agentAnswers(host: CommandHost, socket: string): Promise<boolean> {
  try {
    await host.askUnix(socket, { method: 'GET', path: '/clock', deadlineMs: DEADLINE_MS });
    return true;
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    // One that listens and is stuck holds the devices all the same.
    return error.code === 'deadline';
  }
}
