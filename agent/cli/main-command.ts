/** One call of the program, from its words to its exit code; the machine comes in as a port. */
import { FileError, SqlError, TransportError } from '../../host/ports.ts';
import { GridFileError } from '../../market/grid-json.ts';
import { SettingsError } from '../../market/settings/toml.ts';
import { PinnedGridError } from '../pinned-grid.ts';
import { WalletError } from '../wallet/wallet-error.ts';
import { notPermitted } from './agent-link.ts';
import { CliError, type CommandHost, EXIT, type ExitCode, UsageError } from './command.ts';
import { helpText } from './help/help.ts';
import { envelope, errorData, errorLines } from './output.ts';
import { readArgs } from './parse.ts';
import { COMMANDS } from './table.ts';

export interface Surroundings {
  isTerminal: boolean;
  environment: Readonly<Record<string, string | undefined>>;
}

/** @returns the exit code; throws for bugs alone, which end the process with their stack */
export async function runCommand(
  host: CommandHost,
  argv: readonly string[],
  around: Surroundings,
): Promise<ExitCode> {
  const wantsJson = argv.includes('--json');
  try {
    const asked = readArgs(argv, { commands: COMMANDS, ...around });
    if (asked.kind === 'help') return help(host, asked.words, wantsJson);
    const outcome = await asked.command.run(host, asked.args);
    if (asked.args.json) host.out(envelope(outcome));
    else {
      for (const warning of outcome.warnings ?? []) host.say(`note: ${warning}`);
      if (outcome.text !== '') host.out(outcome.text);
    }
    return outcome.code;
  } catch (error) {
    const code = exitCodeOf(error);
    if (code === null || !(error instanceof Error)) throw error;
    tell(host, explained(host, error), code, wantsJson);
    return code;
  }
}

function help(host: CommandHost, words: readonly string[], json: boolean): ExitCode {
  const text = helpText(COMMANDS, words);
  if (text === null) {
    const said = words.join(' ');
    throw new UsageError(`there is no command "${said}"`, null, 'transax-agent help lists them');
  }
  host.out(json ? envelope({ code: EXIT.good, data: { help: text } }) : text);
  return EXIT.good;
}

function tell(host: CommandHost, error: Error, code: ExitCode, json: boolean): void {
  const lines = error instanceof CliError ? errorLines(error) : [error.message];
  for (const line of lines) host.say(line);
  if (!json) return;
  const faults = error instanceof SettingsError ? error.faults : [];
  host.out(envelope({ code, data: errorData(error, faults) }));
}

/** Whom the system does not permit something is told who may. */
function explained(host: CommandHost, error: Error): Error {
  const isDenied = error instanceof FileError && error.code === 'denied';
  // Others may read the key: that is for its owner to mend.
  if (!isDenied || !error.message.includes('not permitted')) return error;
  return notPermitted(host, error.message);
}

/** Null for bugs. */
function exitCodeOf(error: unknown): ExitCode | null {
  if (error instanceof CliError) return error.code;
  if (error instanceof SettingsError || error instanceof PinnedGridError) return EXIT.usage;
  if (error instanceof FileError && error.code === 'denied') {
    return error.message.includes('not permitted') ? EXIT.permission : EXIT.failed;
  }
  const isOperational =
    error instanceof FileError ||
    error instanceof SqlError ||
    error instanceof TransportError ||
    error instanceof GridFileError ||
    error instanceof WalletError;
  return isOperational ? EXIT.failed : null;
}
