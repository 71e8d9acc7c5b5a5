/** `transax-agent man`: the manual pages in roff, from the table of commands and the schema. */
import { AGENT_SCHEMA } from '../../config.ts';
import { VERSION } from '../../version.ts';
import { type Command, EXIT_MEANINGS, type OptionSpec, UsageError } from '../command.ts';
import { EXPLANATIONS } from '../config/explanations.ts';
import { keysOf } from '../config/schema-keys.ts';
import { good } from '../output.ts';
import { DEFAULT_CONFIG, GLOBAL_OPTIONS } from '../parse.ts';
import { exitsOf, nameOf, optionText } from './help.ts';

const PAGES = ['transax-agent.1', 'agent.toml.5'] as const;

/** @param commands all of the table */
export function manCommand(commands: () => readonly Command[]): Command {
  return {
    words: ['man'],
    takes: '[PAGE]',
    summary: `the manual in roff: ${PAGES.join(' (this program), ')} (its settings)`,
    examples: ['transax-agent man | man -l -', 'transax-agent man agent.toml.5 | man -l -'],
    least: 0,
    most: 1,
    async run(_host, args) {
      const [page = PAGES[0]] = args.positionals;
      if (page !== PAGES[0] && page !== PAGES[1]) {
        throw new UsageError(`"${page}" is none of ${PAGES.join(', ')}`);
      }
      const roff = page === PAGES[0] ? programPage(commands()) : settingsPage();
      return good({ page, roff }, roff);
    },
  };
}

function programPage(commands: readonly Command[]): string {
  const codes = Object.entries(EXIT_MEANINGS);
  return [
    `.TH TRANSAX-AGENT 1 "" "transax ${escaped(VERSION)}" "transax"`,
    ".SH NAME\ntransax\\-agent \\- trades this home's electricity",
    '.SH SYNOPSIS\n.B transax\\-agent\n.I COMMAND\n[options]',
    '.SH DESCRIPTION',
    escaped(
      'The agent on a smart meter, and the tools to set it up and to find faults. Commands that ' +
        'need the agent ask it over its socket: be root, or a member of the group transax. ' +
        'Started by root, every command goes on as the user transax.',
    ),
    '.SH COMMANDS',
    ...commands.map(commandRoff),
    '.SH OPTIONS OF ALL COMMANDS',
    ...GLOBAL_OPTIONS.map(optionRoff),
    '.SH EXIT STATUS',
    ...codes.map(([code, text]) => `.TP\n.B ${code}\n${escaped(text.replaceAll('`', ''))}`),
    `.SH FILES\n.TP\n.I ${escaped(DEFAULT_CONFIG)}\nsettings, see agent.toml(5)`,
    '.SH SEE ALSO\nagent.toml(5), journalctl(1), systemctl(1)',
  ].join('\n');
}

function commandRoff(command: Command): string {
  const lines = [
    `.SS ${escaped([nameOf(command), command.takes].join(' ').trim())}`,
    escaped(`${sentence(command.summary)} ${command.text ?? ''}`.trim()),
    ...(command.options ?? []).map(optionRoff),
  ];
  for (const example of command.examples ?? []) {
    lines.push(`.PP\n.RS\n.EX\n${escaped(example)}\n.EE\n.RE`);
  }
  lines.push(`.PP\nExit codes: ${exitsOf(command).join(', ')}.`);
  return lines.join('\n');
}

function optionRoff(option: OptionSpec): string {
  return `.TP\n.B ${escaped(optionText(option))}\n${escaped(option.text)}`;
}

function settingsPage(): string {
  const keys = keysOf(AGENT_SCHEMA).map(({ key, otherwise, isRequired, choices }) => {
    const { form = '', text = '' } = EXPLANATIONS[key] ?? {};
    const values = choices === null ? form : `one of ${choices.map(written).join(', ')}`;
    const absent =
      otherwise === undefined
        ? isRequired
          ? 'Must be given.'
          : 'May be left out.'
        : `If absent: ${written(otherwise)}.`;
    return `.TP\n.B ${escaped(key)}\n${escaped(`${sentence(values)} ${absent} ${text}`)}`;
  });
  return [
    `.TH AGENT.TOML 5 "" "transax ${escaped(VERSION)}" "transax"`,
    '.SH NAME\nagent.toml \\- settings of transax\\-agent',
    '.SH DESCRIPTION',
    escaped(
      'TOML. Values with a unit are text. A star in a key stands for a name of your own, as in ' +
        '[meters.house]. All faults are told together, with lines: transax-agent config check.',
    ),
    '.SH SETTINGS',
    ...keys,
    '.SH SEE ALSO\ntransax\\-agent(1)',
  ].join('\n');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function written(value: unknown): string {
  return JSON.stringify(value);
}

/** Neither a hyphen for a minus, nor a line that begins with a command. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
}
