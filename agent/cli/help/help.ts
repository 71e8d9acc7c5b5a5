/** `help`, `--help`: everything from the table of commands. */
import { type Command, EXIT_MEANINGS, type ExitCode, type OptionSpec } from '../command.ts';
import { columns } from '../output.ts';
import { GLOBAL_OPTIONS } from '../parse.ts';

const ALWAYS: readonly ExitCode[] = [0, 1, 2, 9];

export function nameOf(command: Command): string {
  return command.words.join(' ');
}

export function usageOf(command: Command): string {
  const options = (command.options ?? []).map((option) => `[${optionText(option)}]`);
  const words = ['transax-agent', nameOf(command), command.takes, ...options];
  return words.filter((word) => word !== '').join(' ');
}

export function optionText({ name, short, value }: OptionSpec): string {
  const front = short === undefined ? `--${name}` : `-${short}, --${name}`;
  return value === undefined ? front : `${front} ${value}`;
}

export function exitsOf(command: Command): ExitCode[] {
  return [...new Set([...ALWAYS, ...(command.exits ?? [])])].sort((a, b) => a - b);
}

/** The list of all, of one group, or all of one command; null when there are no such words. */
export function helpText(commands: readonly Command[], words: readonly string[]): string | null {
  if (words.length === 0) return overview(commands);
  const own = commands.find((each) => nameOf(each) === words.join(' '));
  if (own !== undefined) return commandHelp(own);
  const fits = commands.filter((each) => words.every((word, i) => each.words[i] === word));
  if (fits.length > 0) return listOf(fits);
  const longest = commands.find((each) => each.words.every((word, i) => words[i] === word));
  return longest === undefined ? null : commandHelp(longest);
}

function overview(commands: readonly Command[]): string {
  return `transax-agent COMMAND [options]: trades this home's electricity

  sudo transax-agent status        how it is
  sudo transax-agent doctor        what is wrong, and what to do

${listOf(commands)}

Options of all commands:
${optionLines(GLOBAL_OPTIONS)}

transax-agent help COMMAND says more. Exit codes:
${exitLines(Object.keys(EXIT_MEANINGS).map(Number) as ExitCode[])}`;
}

function listOf(commands: readonly Command[]): string {
  return columns(
    commands.map((each) => [`  ${nameOf(each)} ${each.takes}`.trimEnd(), each.summary]),
  );
}

function commandHelp(command: Command): string {
  const { text, options = [], examples = [] } = command;
  const parts = [`${usageOf(command)}\n  ${command.summary}`];
  if (text !== undefined) parts.push(wrap(text, 2));
  if (options.length > 0) parts.push(`Options:\n${optionLines(options)}`);
  parts.push(`Options of all commands:\n${optionLines(GLOBAL_OPTIONS)}`);
  if (examples.length > 0) {
    parts.push(`Examples:\n${examples.map((line) => `  ${line}`).join('\n')}`);
  }
  parts.push(`Exit codes:\n${exitLines(exitsOf(command))}`);
  return parts.join('\n\n');
}

function optionLines(options: readonly OptionSpec[]): string {
  return columns(options.map((option) => [`  ${optionText(option)}`, option.text]));
}

function exitLines(codes: readonly ExitCode[]): string {
  return codes.map((code) => `  ${code}  ${EXIT_MEANINGS[code].replaceAll('`', '')}`).join('\n');
}

const WIDTH = 80;

export function wrap(text: string, indent: number): string {
  const front = ' '.repeat(indent);
  const lines: string[] = [];
  let line = front;
  for (const word of text.split(/\s+/)) {
    if (line.length + word.length + 1 > WIDTH && line.trim() !== '') {
      lines.push(line.trimEnd());
      line = front;
    }
    line += `${word} `;
  }
  lines.push(line.trimEnd());
  return lines.join('\n');
}
