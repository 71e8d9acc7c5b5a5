/**
 * `transax-agent wallet backup show`: the words of the wallet, on the terminal alone, until
 * somebody has proven by two of them that they are on paper; then the wallet forgets them.
 */
import { forgetWords, isMade, wordsOf } from '../../wallet/wallet-file.ts';
import { wordOf } from '../../wallet/words.ts';
import { CliError, type Command, type CommandHost, EXIT, loadSettings } from '../command.ts';
import { good } from '../output.ts';
import { withWallet } from './open.ts';

const COLUMNS = 4;
const CELL = 16;
/** Screen and what was scrolled out of it. */
const CLEAR = '\u001b[2J\u001b[3J\u001b[H';
const ATTEMPTS = 3;

export const walletBackupShow: Command = {
  words: ['wallet', 'backup', 'show'],
  takes: '',
  summary: 'shows the words that restore the wallet, and asks for two of them',
  text:
    'At a terminal alone, with the agent stopped. When both words are right the wallet forgets ' +
    'all: they are on paper, and nowhere else. Until then status warns.',
  exits: [7],
  examples: ['sudo transax-agent wallet backup show'],
  async run(host, args) {
    const settings = loadSettings(host, args.config);
    const phrase = withWallet(host, settings, (sql, key) =>
      isMade(sql) ? wordsOf(sql, key) : null,
    );
    if (phrase === null) {
      throw new CliError(
        EXIT.failed,
        'this wallet has no words to show: they were shown before, and are on paper alone',
        null,
        'if the paper is lost: transax-agent wallet rotate makes new words',
      );
    }
    const words = phrase.split(' ');
    await show(host, words);
    for (const position of twoOf(words.length, host)) await prove(host, words, position);
    withWallet(host, settings, (sql, key) => {
      if (wordsOf(sql, key) === phrase) forgetWords(sql, key);
    });
    return good({ confirmed: true }, 'good: keep the paper where neither fire nor thief finds it');
  },
};

async function show(host: CommandHost, words: readonly string[]): Promise<void> {
  await answer(
    host,
    'The next screen shows the words that this home belongs to. Have paper and pencil ready, and ' +
      'nobody behind you. Enter: ',
  );
  const cells = words.map((word, at) => `${String(at + 1).padStart(2)} ${word}`.padEnd(CELL));
  const lines: string[] = [];
  for (let at = 0; at < cells.length; at += COLUMNS) {
    lines.push(
      `  ${cells
        .slice(at, at + COLUMNS)
        .join('')
        .trimEnd()}`,
    );
  }
  host.say(`${CLEAR}\n${lines.join('\n')}\n`);
  try {
    await answer(host, 'Written down, with the numbers? They are not shown again. Enter: ');
  } finally {
    host.say(CLEAR);
  }
}

/** Two places, a different pair each time, the earlier first. */
function twoOf(count: number, host: CommandHost): number[] {
  const draw = () => Math.floor(host.random.uniform() * count);
  const first = draw();
  let second = draw();
  while (second === first) second = (second + 1 + draw()) % count;
  return [first, second].sort((a, b) => a - b);
}

async function prove(host: CommandHost, words: readonly string[], at: number): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const typed = await answer(host, `Word ${at + 1} is: `);
    if (wordOf(typed.trim().toLowerCase()) === words[at]) return;
    host.say('that is not it');
  }
  throw new CliError(
    EXIT.refused,
    'not confirmed: the wallet keeps its words, and status goes on to warn',
    null,
    'look at the paper, then transax-agent wallet backup show again',
  );
}

async function answer(host: CommandHost, question: string): Promise<string> {
  const typed = await host.ask(question);
  if (typed !== null) return typed;
  throw new CliError(
    EXIT.refused,
    'the words are shown at a terminal alone, to somebody who answers',
    'input or output is no terminal, or the input ended',
    'run it without pipes; with ssh: ssh -t',
  );
}
