/** The table of commands, and what is made from it. */
import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Command, CommandHost } from '../../../agent/cli/command.ts';
import { EXPLANATIONS } from '../../../agent/cli/config/explanations.ts';
import { keysOf, settingsOf } from '../../../agent/cli/config/schema-keys.ts';
import { helpText, nameOf } from '../../../agent/cli/help/help.ts';
import { referenceText } from '../../../agent/cli/help/reference.ts';
import { GLOBAL_OPTIONS, readArgs } from '../../../agent/cli/parse.ts';
import { COMMANDS } from '../../../agent/cli/table.ts';
import { AGENT_SCHEMA } from '../../../agent/config.ts';
import { readDocument } from '../../docs/document.ts';

const test = suite('cli: table');
const AROUND = { commands: COMMANDS, isTerminal: false, environment: {} };

async function made(words: readonly string[]): Promise<string> {
  const asked = readArgs(words, AROUND);
  if (asked.kind !== 'run') throw new Error('not a command');
  return (await asked.command.run({} as CommandHost, asked.args)).text;
}

test('no two commands have one name, and each is told in help, manual and completion', async () => {
  const names = COMMANDS.map(nameOf);
  assert.is(new Set(names).size, names.length);
  const roff = (await made(['man'])).replaceAll('\\-', '-');
  const scripts = await Promise.all(['bash', 'zsh', 'fish'].map((sh) => made(['completion', sh])));
  for (const { words, summary } of COMMANDS) {
    assert.match(helpText(COMMANDS, []) ?? '', `  ${words.join(' ')}`);
    assert.match(helpText(COMMANDS, words) ?? '', summary);
    assert.match(roff, `.SS ${words.join(' ')}`);
    for (const script of scripts) for (const word of words) assert.match(script, word);
  }
});

test('an option has one form wherever it stands', () => {
  const forms = new Map<string, string>();
  const all = [...GLOBAL_OPTIONS, ...COMMANDS.flatMap(({ options = [] }) => options)];
  for (const { name, value, short } of all) {
    const form = `${value === undefined} ${short}`;
    assert.is(forms.get(name) ?? form, form, name);
    forms.set(name, form);
  }
  assert.ok(forms.size > 10);
});

test('the completion of bash is a script that completes', async () => {
  const script = await made(['completion', 'bash']);
  const ask = (...words: string[]) => {
    const list = ['transax-agent', ...words].map((word) => `'${word}'`).join(' ');
    const text = `${script}
COMP_WORDS=(${list}); COMP_CWORD=${words.length}; _transax_agent; echo "\${COMPREPLY[@]}"`;
    const { stdout, stderr, status } = spawnSync('bash', ['-c', text], { encoding: 'utf8' });
    assert.is(status, 0, stderr);
    return stdout.trim().split(' ');
  };
  assert.equal(ask('sta'), ['status']);
  assert.equal(ask('meter', 'sc'), ['scan']);
  assert.ok(ask('meter', '').includes('lint'));
  assert.equal(ask('meter', 'scan', '--ba'), ['--baud']);
});

test('docs/cli.md is what the table says (test/docs/write-cli.ts writes it)', () => {
  assert.is(readDocument('cli.md'), referenceText(COMMANDS));
});

test('every setting of the schema is explained, and no other', () => {
  const keys = keysOf(AGENT_SCHEMA).map(({ key }) => key);
  assert.ok(keys.length > 40);
  assert.equal([...keys].sort(), Object.keys(EXPLANATIONS).sort());
});

test('the settings that hold are those of the file, then the defaults', () => {
  const raw = { buses: { a: { connection: 'tcp://127.0.0.1:502' } }, home: { zone: 'UTC' } };
  const found = new Map(settingsOf(AGENT_SCHEMA, raw).map((each) => [each.key, each]));
  assert.equal(found.get('trading.poll')?.value, '5 s');
  assert.is(found.get('trading.poll')?.origin, 'default');
  assert.is(found.get('home.zone')?.origin, 'file');
  assert.is(found.get('state.wallet')?.value, 'wallet.db');
  assert.is(found.has('battery.capacity'), false, 'there is no battery');
});

test('what nearly is a command or an option is guessed', () => {
  const fails = (words: string[], what: string, remedy: string | null) => {
    try {
      readArgs(words, AROUND);
      assert.unreachable();
    } catch (error) {
      const { message, remedy: found } = error as Error & { remedy: string | null };
      assert.is(message, what);
      assert.is(found, remedy);
    }
  };
  fails(['statsu'], 'there is no command "statsu"', 'did you mean status?');
  fails(['meter', 'raed', 'x'], 'there is no command "meter raed"', 'did you mean meter read?');
  fails(['status', '--jsonn'], 'there is no option --jsonn here', 'did you mean --json?');
  fails(['status', '--units', '1'], 'there is no option --units here', null);
  fails(['run', 'now'], 'run takes no "now"', 'transax-agent run');
  fails(['meter', 'read'], 'meter read needs more words', 'transax-agent meter read NAME');
  fails([], 'which command?', 'transax-agent help lists them');
});

test('options may stand anywhere, and NO_COLOR counts', () => {
  const words = ['--config', 'status', 'meter', '--units', '1..3', 'scan', '--json', 'cabinet'];
  const asked = readArgs(words, { ...AROUND, isTerminal: true });
  assert.is(asked.kind, 'run');
  if (asked.kind !== 'run') return;
  assert.is(nameOf(asked.command as Command), 'meter scan');
  assert.equal(asked.args.positionals, ['cabinet']);
  assert.equal(asked.args.options, { units: '1..3' });
  assert.is(asked.args.config, 'status');
  assert.is(asked.args.colour, true);
  const plain = readArgs(['status'], {
    ...AROUND,
    isTerminal: true,
    environment: { NO_COLOR: '1' },
  });
  assert.is(plain.kind === 'run' && plain.args.colour, false);
});

test.run();
