/** The table of the operator's commands, and what the command line makes of it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OPTIONS } from '../../operator/cli/command.ts';
import { runCommand, usageText } from '../../operator/cli/commands.ts';
import { COMMANDS } from '../../operator/cli/table.ts';
import { commandHost } from './world.ts';

const test = suite('operator: table');

async function ran(...argv: string[]) {
  const { host, out, log } = commandHost(new AbortController().signal);
  const code = await runCommand(argv, host, (path) => path);
  return { code, said: [...out, ...log].join('\n') };
}

test('no two commands have one name; each stands in the help, and options in one command', () => {
  const names = COMMANDS.map(({ words }) => words.join(' '));
  assert.is(new Set(names).size, names.length);
  const usage = usageText();
  for (const { words, takes, summary, options = [] } of COMMANDS) {
    assert.match(usage, [...words, takes].join(' ').trim());
    assert.match(usage, summary);
    for (const option of options) assert.match(takes, `--${option}`, words.join(' '));
  }
  const taken = new Set<string>(COMMANDS.flatMap(({ options = [] }) => options));
  for (const option of Object.keys(OPTIONS)) {
    assert.ok(taken.has(option) || ['config', 'help'].includes(option), option);
  }
  for (const line of usage.split('\n')) assert.ok(line.length <= 100, line);
});

test('a command line that is wrong is told before settings are looked for', async () => {
  const cases: [string[], RegExp][] = [
    [['nothing'], /there is no command "nothing"/],
    [['meter', 'list', 'all'], /"all" is too much/],
    [['meter', 'suspend'], /meter suspend needs the id of a meter/],
    [['meter', 'list', '--feeder', '1'], /meter list takes no --feeder/],
    [['meter', 'add', 'CODE', '--feeder', '0', '--max-w', '1'], /--feeder must be a whole number/],
    [['rewards', 'fund', '0'], /the amount of rewards fund must be above 0/],
    [['solver', 'claim', '--to', '0x12'], /--to: "0x12" is not an address/],
  ];
  for (const [argv, sentence] of cases) {
    const { code, said } = await ran(...argv, '--config', '/nowhere.toml');
    assert.is(code, 2, argv.join(' '));
    assert.match(said, sentence);
  }
  const missing = await ran('meter', 'list', '--config', '/nowhere.toml');
  assert.is(missing.code, 1);
  assert.match(missing.said, 'cannot read /nowhere.toml: it does not exist');
  assert.is((await ran('--help')).code, 0);
  assert.is((await ran()).code, 2);
});

test.run();
