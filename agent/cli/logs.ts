/** `transax-agent logs`: what the agent said, from the journal of systemd. */
import { CliError, type Command, EXIT, UsageError } from './command.ts';
import { good } from './output.ts';

export const UNIT = 'transax-agent';
const LEVELS: Readonly<Record<string, string>> = { error: '3', warn: '4', info: '6' };

export const logs: Command = {
  words: ['logs'],
  takes: '',
  summary: 'what the agent said, from the journal of systemd',
  options: [
    { name: 'follow', short: 'f', text: 'goes on until Ctrl-C' },
    { name: 'since', value: 'TIME', text: 'as journalctl has it: "1 hour ago", 2026-06-12' },
    { name: 'level', value: 'LEVEL', text: 'error, warn or info; this and worse' },
    { name: 'lines', short: 'n', value: 'N', text: '200 if absent' },
  ],
  examples: ['transax-agent logs -f', 'transax-agent logs --since "2 hours ago" --level warn'],
  async run(host, args) {
    const { follow, since, level, lines = '200' } = args.options;
    const priority = level === undefined ? undefined : LEVELS[level];
    if (level !== undefined && priority === undefined) {
      throw new UsageError(`--level ${level}: error, warn or info`);
    }
    if (!/^\d{1,6}$/.test(lines)) throw new UsageError(`--lines ${lines} is no number`);
    const words = ['--unit', UNIT, '--no-pager', '--lines', lines];
    if (since !== undefined) words.push('--since', since);
    if (priority !== undefined) words.push('--priority', priority);
    if (args.utc) words.push('--utc');
    if (follow !== undefined) {
      if (args.json) throw new UsageError('--follow has no end, so no --json');
      const code = await host.machine.hand('journalctl', [...words, '--follow']);
      if (code === null) throw missing();
      return { code: code === 0 ? EXIT.good : EXIT.failed, data: null, text: '' };
    }
    const ended = await host.machine.run('journalctl', words);
    if (ended === null) throw missing();
    if (ended.code !== 0) {
      throw new CliError(EXIT.failed, 'journalctl failed', ended.err.split('\n')[0] ?? null);
    }
    const said = ended.out.trimEnd();
    return good({ unit: UNIT, lines: said === '' ? [] : said.split('\n') }, said);
  },
};

function missing(): CliError {
  const what = 'there is no journalctl here';
  return new CliError(EXIT.failed, what, null, 'look where the output of the agent goes');
}
