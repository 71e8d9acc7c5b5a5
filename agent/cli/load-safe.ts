/**
 * `transax-agent load safe [--json] [--force]`: every relay to the safe state of its load, the
 * battery to its own automatic mode. systemd runs it after the agent ended, however it ended, so it
 * needs neither wallet, journal, chain nor a good clock: only the settings and the devices.
 *
 * Exit code 0 when all are safe, 5 when a device does not answer or do as told, 7 when the agent
 * runs: it holds the devices, and would switch them again.
 */
import { TransportError } from '../../host/ports.ts';
import {
  type CommandArgs,
  type CommandHost,
  EXIT,
  type ExitCode,
  loadSettings,
  UsageError,
} from './command.ts';
import { driveSafe } from './drive-safe.ts';

/** Asking whether the agent runs, real ms. */
const DEADLINE_MS = 2_000;

/** @throws SettingsError, FileError */
export async function loadSafe(host: CommandHost, args: CommandArgs): Promise<ExitCode> {
  if (args.positionals.length > 0) throw new UsageError('load safe takes no further words');
  const settings = loadSettings(host, args.config);
  if (!args.force && (await agentAnswers(host, settings.state.socket))) {
    host.say(
      'the agent runs and holds the devices: stop it first (systemctl stop transax-agent), ' +
        'which leaves everything safe, or say --force',
    );
    return EXIT.refused;
  }
  const reports = await driveSafe(settings, host);
  const isGood = reports.every(({ problem }) => problem === null);
  const code = isGood ? EXIT.good : EXIT.device;
  if (args.json) {
    host.out(JSON.stringify({ ok: isGood, code, data: { devices: reports }, warnings: [] }));
    return code;
  }
  if (reports.length === 0) host.say('there is neither a load with a relay nor a battery');
  for (const { name, safe, problem } of reports) {
    if (problem === null) host.out(`${name} is ${safe}, its safe state`);
    else host.say(`${name} is not safe: ${problem}`);
  }
  return code;
}

async function agentAnswers(host: CommandHost, socket: string): Promise<boolean> {
  try {
    await host.getUnix(socket, '/status', DEADLINE_MS);
    return true;
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    // One that listens and is stuck holds the devices all the same.
    return error.code === 'deadline';
  }
}
