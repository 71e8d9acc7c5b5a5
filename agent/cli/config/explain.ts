/** `transax-agent config explain KEY`: what a setting means, may be, and is by default. */
import { AGENT_SCHEMA } from '../../config.ts';
import { type Command, UsageError } from '../command.ts';
import { good } from '../output.ts';
import { nearest } from '../parse.ts';
import { EXPLANATIONS } from './explanations.ts';
import { keysOf, type SchemaKey } from './schema-keys.ts';

export const configExplain: Command = {
  words: ['config', 'explain'],
  takes: 'KEY',
  summary: 'what a setting means, what it may be, what it is by default',
  text: 'KEY is one setting, such as buses.cabinet.timeout, or a table, such as buses.',
  examples: ['transax-agent config explain meters.house.invert'],
  least: 1,
  async run(_host, args) {
    const [asked = ''] = args.positionals;
    const keys = keysOf(AGENT_SCHEMA);
    const found = keys.filter(({ key }) => fits(key, asked));
    if (found.length === 0) {
      const names = keys.flatMap(({ key }) => [key, key.replace('.*', '')]);
      const near = nearest(asked, names);
      const remedy =
        near === null ? 'transax-agent config show lists them' : `did you mean ${near}?`;
      throw new UsageError(`there is no setting "${asked}"`, null, remedy);
    }
    const explained = found.map((each) => ({
      key: each.key,
      form: EXPLANATIONS[each.key]?.form ?? '',
      text: EXPLANATIONS[each.key]?.text ?? '',
      required: each.isRequired,
      default: each.otherwise ?? null,
      choices: each.choices,
    }));
    return good({ settings: explained }, found.map(paragraph).join('\n\n'));
  },
};

/** Whole keys, the front of keys, with names given or left out. */
function fits(key: string, asked: string): boolean {
  const want = asked.split('.');
  const isFront = (parts: readonly string[]): boolean =>
    want.length <= parts.length && want.every((part, i) => parts[i] === '*' || parts[i] === part);
  return isFront(key.split('.')) || isFront(key.replace('.*', '').split('.'));
}

/** As `explain` and the manual show it. */
export function paragraph({ key, otherwise, isRequired, choices }: SchemaKey): string {
  const { form = '', text = '' } = EXPLANATIONS[key] ?? {};
  const values = choices === null ? form : `one of ${choices.map(written).join(', ')}`;
  const absent =
    otherwise !== undefined
      ? `if absent: ${written(otherwise)}`
      : isRequired
        ? 'must be given'
        : 'may be left out';
  return `${key}\n  ${values}; ${absent}\n  ${text}`;
}

function written(value: unknown): string {
  return JSON.stringify(value);
}
