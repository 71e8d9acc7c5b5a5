/** `transax-agent version`. */
import { VERSION } from '../version.ts';
import { type CommandHost, EXIT, type ExitCode } from './command.ts';

export async function version(host: CommandHost): Promise<ExitCode> {
  host.out(`transax-agent ${VERSION}`);
  return EXIT.good;
}
