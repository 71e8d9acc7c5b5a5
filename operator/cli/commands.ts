/** The command line: which command of the table it is, and what its options are. */
import { parseArgs } from 'node:util';
import type { OperatorHost } from '../host.ts';
import { type Command, OPTIONS, type OptionValues, type Run, UsageError } from './command.ts';
import { loadSettings } from './context.ts';
import { EXIT_FAILED, EXIT_USAGE, exitCodeOf, linesOf } from './failures.ts';
import { COMMANDS } from './table.ts';

const DEFAULT_CONFIG = '/etc/transax/operator.toml';
/** Where summaries begin. */
const COLUMN = 30;

/** @param absolute resolves a path of the command line */
export async function runCommand(
  argv: readonly string[],
  host: OperatorHost,
  absolute: (path: string) => string,
): Promise<number> {
  try {
    const { values, positionals } = parse(argv);
    if (values.help || positionals.length === 0) {
      host.print(usageText());
      return values.help ? 0 : EXIT_USAGE;
    }
    const run = commandOf(positionals, values, absolute);
    await run(host, loadSettings(host, absolute(values.config ?? DEFAULT_CONFIG)));
    return 0;
  } catch (error) {
    if (host.signal.aborted) return EXIT_FAILED;
    for (const line of linesOf(error)) host.log.error(line);
    return exitCodeOf(error);
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function commandOf(
  positionals: readonly string[],
  options: OptionValues,
  absolute: (path: string) => string,
): Run {
  const command = longestOf(positionals);
  if (command === undefined) {
    throw new UsageError(`there is no command "${positionals.join(' ')}"`);
  }
  const { words, needs = [], mayFollow = 0, options: takes = [] } = command;
  const name = words.join(' ');
  const rest = positionals.slice(words.length);
  const missing = needs[rest.length];
  if (missing !== undefined) throw new UsageError(`${name} needs ${missing}`);
  const extra = rest[needs.length + mayFollow];
  if (extra !== undefined) throw new UsageError(`"${extra}" is too much`);
  const known: readonly string[] = [...takes, 'config', 'help'];
  const strange = Object.keys(options).find((option) => !known.includes(option));
  if (strange !== undefined) throw new UsageError(`${name} takes no --${strange}`);
  return command.read({ positionals: rest, options, absolute });
}

/** `solver admit` is not `solver` with an argument. */
function longestOf(positionals: readonly string[]): Command | undefined {
  return COMMANDS.filter(({ words }) => words.every((word, at) => positionals[at] === word))
    .sort((a, b) => a.words.length - b.words.length)
    .at(-1);
}

export function usageText(): string {
  const rows = COMMANDS.map(({ words, takes, summary }) =>
    rowOf([...words, takes].join(' ').trim(), summary),
  );
  return `transax-operator COMMAND [--config FILE]

${rows.join('\n')}

${rowOf('--config FILE', `settings; ${DEFAULT_CONFIG} when not given`)}
${rowOf('--help', 'this text')}

Exit codes: 0 done, 1 failed, 2 usage, 78 settings.`;
}

function rowOf(form: string, summary: string): string {
  const start = `  ${form}`;
  return start.length < COLUMN + 2
    ? `${start.padEnd(COLUMN + 2)}${summary}`
    : `${start}\n${' '.repeat(COLUMN + 2)}${summary}`;
}
