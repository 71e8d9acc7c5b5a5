/** `transax-agent completion SHELL`: completion of commands and options, from the table. */
import { type Command, type OptionSpec, UsageError } from '../command.ts';
import { good } from '../output.ts';
import { GLOBAL_OPTIONS } from '../parse.ts';
import { nameOf } from './help.ts';

const PROGRAM = 'transax-agent';
const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** @param commands all of the table */
export function completionCommand(commands: () => readonly Command[]): Command {
  return {
    words: ['completion'],
    takes: 'bash|zsh|fish',
    summary: 'the completion script of a shell',
    examples: [
      'transax-agent completion bash >/usr/share/bash-completion/completions/transax-agent',
      'transax-agent completion fish >~/.config/fish/completions/transax-agent.fish',
    ],
    least: 1,
    async run(_host, args) {
      const [asked = ''] = args.positionals;
      const shell = SHELLS.find((each) => each === asked);
      if (shell === undefined) throw new UsageError(`"${asked}" is none of ${SHELLS.join(', ')}`);
      const script = { bash, zsh, fish }[shell](commands());
      return good({ shell, script }, script);
    },
  };
}

function flagsOf(command: Command): string[] {
  const all: OptionSpec[] = [...(command.options ?? []), ...GLOBAL_OPTIONS];
  return all.map(({ name }) => `--${name}`);
}

/** What may follow some words: by those words, `''` for none. */
function following(commands: readonly Command[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { words } of commands) {
    for (let i = 0; i < words.length; i += 1) {
      const before = words.slice(0, i).join(' ');
      const next = words[i] ?? '';
      const list = found.get(before) ?? [];
      if (!list.includes(next)) found.set(before, [...list, next]);
    }
  }
  return found;
}

function bash(commands: readonly Command[]): string {
  const words = [...following(commands)].map(
    ([before, next]) => `    "${before}") words="${next.join(' ')}" ;;`,
  );
  const flags = commands.map(
    (each) => `    "${nameOf(each)}") flags="${flagsOf(each).join(' ')}" ;;`,
  );
  return `# bash completion of ${PROGRAM}
_transax_agent() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local command="" word words="" flags="${flagsOf({} as Command).join(' ')}"
  case "$previous" in
    --config|-c|-o|--output) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) command="\${command:+$command }$word" ;; esac
  done
  case "$command" in
${words.join('\n')}
  esac
  case "$command" in
${flags.join('\n')}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$current"))
       [ -n "$words" ] || COMPREPLY=($(compgen -f -- "$current")) ;;
  esac
}
complete -F _transax_agent ${PROGRAM}`;
}

function zsh(commands: readonly Command[]): string {
  const quoted = (text: string) => text.replaceAll("'", "'\\''").replaceAll(':', '\\:');
  const lists = [...following(commands)].map(([before, next]) => {
    const rows = next.map((word) => {
      const name = before === '' ? word : `${before} ${word}`;
      const own = commands.find((each) => nameOf(each) === name);
      return `'${word}:${quoted(own?.summary ?? 'commands')}'`;
    });
    return `    '${before}') list=(${rows.join(' ')}) ;;`;
  });
  const flags = commands.map(
    (each) => `    '${nameOf(each)}') flags=(${flagsOf(each).join(' ')}) ;;`,
  );
  return `#compdef ${PROGRAM}
_transax_agent() {
  local -a list flags
  local command="\${(j: :)\${(@)words[2,CURRENT-1]:#-*}}"
  flags=(${flagsOf({} as Command).join(' ')})
  case "$command" in
${lists.join('\n')}
  esac
  case "$command" in
${flags.join('\n')}
  esac
  if [[ "\${words[CURRENT]}" == -* ]]; then compadd -- $flags
  elif (( $#list )); then _describe command list
  else _files; fi
}
compdef _transax_agent ${PROGRAM}`;
}

function fish(commands: readonly Command[]): string {
  const quoted = (text: string) => text.replaceAll("'", "\\'");
  const lines = [`complete -c ${PROGRAM} -f`];
  const seen = new Set<string>();
  for (const { words, summary } of commands) {
    const [first = '', second] = words;
    if (!seen.has(first)) {
      const text = second === undefined ? summary : 'commands';
      lines.push(
        `complete -c ${PROGRAM} -n __fish_use_subcommand -a ${first} -d '${quoted(text)}'`,
      );
    }
    seen.add(first);
    if (second === undefined) continue;
    const when = `__fish_seen_subcommand_from ${first}`;
    lines.push(`complete -c ${PROGRAM} -n '${when}' -a ${second} -d '${quoted(summary)}'`);
  }
  for (const command of commands) {
    for (const { name, value, text } of command.options ?? []) {
      const when = command.words
        .map((word) => `__fish_seen_subcommand_from ${word}`)
        .join('; and ');
      const needs = value === undefined ? '' : ' -r';
      lines.push(`complete -c ${PROGRAM} -n '${when}' -l ${name}${needs} -d '${quoted(text)}'`);
    }
  }
  for (const { name, value, text } of GLOBAL_OPTIONS) {
    const needs = value === undefined ? '' : ' -r -F';
    lines.push(`complete -c ${PROGRAM} -l ${name}${needs} -d '${quoted(text)}'`);
  }
  return lines.join('\n');
}
