/** `docs/cli.md`, from the table of commands. */
import { type Command, EXIT_MEANINGS, type OptionSpec } from '../command.ts';
import { GLOBAL_OPTIONS } from '../parse.ts';
import { exitsOf, nameOf, optionText } from './help.ts';

/** Where a group of commands begins, and what it is called. */
const GROUPS: readonly [string, string][] = [
  ['enrol', 'The agent'],
  ['status', 'How it is'],
  ['config check', 'Settings'],
  ['meter models', 'Meters'],
  ['load list', 'Loads'],
  ['readings export', 'Energy and market'],
  ['logs', 'Support'],
  ['completion', 'The program itself'],
];

export function referenceText(commands: readonly Command[]): string {
  const titles = new Map(GROUPS);
  const sections = commands.flatMap((command) => {
    const title = titles.get(nameOf(command));
    return [...(title === undefined ? [] : [`## ${title}`]), section(command)];
  });
  const codes = Object.entries(EXIT_MEANINGS).map(([code, text]) => `| ${code} | ${cell(text)} |`);
  return `# transax-agent

Made from the table of commands (\`agent/cli/table.ts\`); a test compares it. On a meter,
\`transax-agent help COMMAND\` and \`transax-agent man | man -l -\` say the same.

Data goes to stdout, everything else to stderr. Commands that need the agent ask it over its socket:
be root, or a member of the group \`transax\`. Started by root, every command goes on as the user
\`transax\`. When the agent does not run, its databases are only read, and no file is made.

| option | |
|---|---|
${GLOBAL_OPTIONS.map(optionRow).join('\n')}

\`--json\` prints one object with the keys \`ok\`, \`code\` (the exit code), \`data\` and
\`warnings\`; when a command fails, \`data.error\` holds \`message\`, \`cause\`, \`remedy\` and
\`faults\`. Keys are only added within a major release.

| exit code | |
|---|---|
${codes.join('\n')}

${sections.join('\n\n')}
`;
}

function section(command: Command): string {
  const { text, options = [], examples = [] } = command;
  const title = [nameOf(command), command.takes].join(' ').trim();
  const summary = `${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`;
  const parts = [`### ${title}`, fold([summary, text ?? ''].join(' ').trim())];
  if (options.length > 0)
    parts.push(`| option | |\n|---|---|\n${options.map(optionRow).join('\n')}`);
  if (examples.length > 0) parts.push(examples.map((line) => `    ${line}`).join('\n'));
  parts.push(`Exit codes: ${exitsOf(command).join(', ')}.`);
  return parts.join('\n\n');
}

function optionRow(option: OptionSpec): string {
  return `| \`${cell(optionText(option))}\` | ${cell(option.text)} |`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

const WIDTH = 100;

function fold(text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + word.length + 1 > WIDTH) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join('\n');
}
