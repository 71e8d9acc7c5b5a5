/** The command line: which command is meant, and what it is given. */
import { parseArgs } from 'node:util';
import { editDistance } from '../../market/settings/toml.ts';
import { type Command, type CommandArgs, type OptionSpec, UsageError } from './command.ts';

export const DEFAULT_CONFIG = '/etc/transax/agent.toml';

export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { name: 'config', short: 'c', value: 'FILE', text: `settings (default ${DEFAULT_CONFIG})` },
  { name: 'json', text: 'one JSON object on stdout: ok, code, data, warnings' },
  { name: 'utc', text: 'times in UTC rather than in the zone of the home' },
  { name: 'no-color', text: 'no colours; NO_COLOR in the environment does the same' },
  { name: 'help', short: 'h', text: 'what the command does' },
];

/** What is asked for: a command, or help on some words. */
export type Asked =
  | { kind: 'run'; command: Command; args: CommandArgs }
  | { kind: 'help'; words: readonly string[]; json: boolean };

interface Surroundings {
  commands: readonly Command[];
  isTerminal: boolean;
  environment: Readonly<Record<string, string | undefined>>;
}

/** @throws UsageError */
export function readArgs(argv: readonly string[], around: Surroundings): Asked {
  const { commands } = around;
  const all = [...GLOBAL_OPTIONS, ...commands.flatMap((each) => each.options ?? [])];
  const rough = parse(argv, all, false);
  const json = rough.values.json === true;
  const [first, ...rest] = rough.positionals;
  if (first === 'help') return { kind: 'help', words: rest, json };
  if (rough.values.help === true) return { kind: 'help', words: rough.positionals, json };
  if (first === undefined && rough.values.version === true) {
    return readArgs(['version', ...(json ? ['--json'] : [])], around);
  }
  if (first === undefined) {
    throw new UsageError('which command?', null, 'transax-agent help lists them');
  }
  const command = commandOf(rough.positionals, commands);
  const specs = [...GLOBAL_OPTIONS, ...(command.options ?? [])];
  const { values, positionals } = parse(argv, specs, true);
  const words = positionals.slice(command.words.length);
  checkCount(command, words);
  const options: Record<string, string> = {};
  for (const { name } of command.options ?? []) {
    const value = values[name];
    if (value !== undefined && value !== false) options[name] = value === true ? 'yes' : value;
  }
  const noColour = values['no-color'] === true || (around.environment.NO_COLOR ?? '') !== '';
  return {
    kind: 'run',
    command,
    args: {
      config: typeof values.config === 'string' ? values.config : DEFAULT_CONFIG,
      positionals: words,
      options,
      json: values.json === true,
      utc: values.utc === true,
      colour: around.isTerminal && !noColour,
    },
  };
}

interface Parsed {
  values: Record<string, string | boolean | undefined>;
  positionals: string[];
}

function parse(argv: readonly string[], specs: readonly OptionSpec[], strict: boolean): Parsed {
  const options: Record<string, { type: 'string' | 'boolean'; short?: string }> = {};
  for (const { name, short, value } of specs) {
    const type = value === undefined ? 'boolean' : 'string';
    options[name] = short === undefined ? { type } : { type, short };
  }
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options,
      strict,
      allowPositionals: true,
    });
    return { values: { ...values } as Parsed['values'], positionals };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const unknown = /^Unknown option '(-{1,2}[^']*)'/.exec(message)?.[1];
    if (unknown === undefined) throw new UsageError(message.split('\n')[0] ?? message);
    const near = nearest(
      unknown.replace(/^-+/, ''),
      specs.map(({ name }) => name),
    );
    throw new UsageError(
      `there is no option ${unknown} here`,
      null,
      near === null ? undefined : `did you mean --${near}?`,
    );
  }
}

/** The longest run of words that is a command. */
function commandOf(words: readonly string[], commands: readonly Command[]): Command {
  const fits = commands.filter((each) => each.words.every((word, i) => word === words[i]));
  const [best] = fits.sort((one, two) => two.words.length - one.words.length);
  if (best !== undefined) return best;
  const group = commands.filter((each) => each.words.length > 1 && each.words[0] === words[0]);
  if (group.length === 0) return unknown(words.slice(0, 1), commands);
  if (words.length === 1) {
    const list = group.map((each) => each.words[1]).join(', ');
    throw new UsageError(`"${words[0]}" is followed by one of: ${list}`);
  }
  return unknown(words.slice(0, 2), group);
}

function unknown(words: readonly string[], commands: readonly Command[]): never {
  const said = words.join(' ');
  const names = commands.flatMap((each) =>
    words.length === 1 ? [each.words[0] ?? ''] : [each.words.join(' ')],
  );
  const near = nearest(said, names);
  throw new UsageError(
    `there is no command "${said}"`,
    null,
    near === null ? 'transax-agent help lists them' : `did you mean ${near}?`,
  );
}

export function nearest(said: string, known: readonly string[]): string | null {
  const [best] = [...known].sort((a, b) => editDistance(said, a) - editDistance(said, b));
  if (best === undefined) return null;
  return editDistance(said, best) <= Math.max(2, said.length / 2) ? best : null;
}

function checkCount(command: Command, words: readonly string[]): void {
  const name = command.words.join(' ');
  const usage = `transax-agent ${[name, command.takes].filter((text) => text !== '').join(' ')}`;
  if (words.length < (command.least ?? 0)) {
    throw new UsageError(`${name} needs more words`, null, usage);
  }
  if (words.length > (command.most ?? command.least ?? 0)) {
    throw new UsageError(`${name} takes no "${words.at(-1)}"`, null, usage);
  }
}
