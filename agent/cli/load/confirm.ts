/** Something in the house is about to be switched: whoever asks for it types the load's name. */
import { CliError, type CommandArgs, type CommandHost, EXIT } from '../command.ts';

/** @param what is about to happen, in a sentence. @throws CliError usage, refused */
export async function confirm(
  host: CommandHost,
  args: CommandArgs,
  name: string,
  what: string,
): Promise<void> {
  if (args.options.yes !== undefined) return;
  const typed = await host.ask(`${what} Type its name to go on: `);
  if (typed === null) throw new CliError(EXIT.usage, 'nobody can be asked here', null, 'use --yes');
  if (typed !== name) throw new CliError(EXIT.refused, 'not confirmed: nothing was switched');
}
