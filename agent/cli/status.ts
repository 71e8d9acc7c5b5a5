/**
 * `transax-agent status [--json]`: asks the running agent over its socket. Exit code 3 when it does
 * not run, or not as it should.
 */
import { TransportError } from '../../host/ports.ts';
import type { AgentStatus } from '../status.ts';
import {
  type CommandArgs,
  type CommandHost,
  EXIT,
  type ExitCode,
  loadSettings,
  UsageError,
} from './command.ts';
import { statusText } from './status-text.ts';

const DEADLINE_MS = 5_000;

/** @throws SettingsError, FileError */
export async function status(host: CommandHost, args: CommandArgs): Promise<ExitCode> {
  if (args.positionals.length > 0) throw new UsageError('status takes no further words');
  const { socket } = loadSettings(host, args.config).state;
  let answer: { status: number; body: string };
  try {
    answer = await host.getUnix(socket, '/status', DEADLINE_MS);
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    host.say(`the agent does not run, or not with this configuration: ${error.message}`);
    return EXIT.degraded;
  }
  if (answer.status !== 200) {
    host.say(`the agent answered with HTTP ${answer.status}: ${answer.body.slice(0, 200)}`);
    return EXIT.degraded;
  }
  const found = JSON.parse(answer.body) as AgentStatus;
  host.out(args.json ? JSON.stringify(found) : statusText(found));
  return found.state === 'good' ? EXIT.good : EXIT.degraded;
}
