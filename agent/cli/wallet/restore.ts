/**
 * `transax-agent wallet restore`: makes the wallet from its words again, in an empty folder or over
 * an older copy of the same wallet, whose addresses stay. The words come from the terminal or
 * through a pipe, never from the command line, which others can see.
 */
import { computeAddress } from 'ethers';
import { FileError, SqlError } from '../../../host/ports.ts';
import type { AgentSettings } from '../../config.ts';
import { readPinnedGrid } from '../../pinned-grid.ts';
import { rootKeysOf, signingKeyOf } from '../../wallet/keys.ts';
import { USUAL_DAYS } from '../../wallet/search.ts';
import { WalletError } from '../../wallet/wallet-error.ts';
import { bindGrid, isOf, restoreWallet } from '../../wallet/wallet-file.ts';
import { parsePhrase, WORD_COUNT, WordsError, wordOf } from '../../wallet/words.ts';
import { CliError, type Command, type CommandHost, EXIT, loadSettings } from '../command.ts';
import { good } from '../output.ts';
import { madeKey, withFile } from './open.ts';

const MOST_DAYS = 400;

export const walletRestore: Command = {
  words: ['wallet', 'restore'],
  takes: '',
  summary: 'makes the wallet again from its words, as the same meter',
  text:
    'Asks for the words, or reads them from a pipe; four letters of each suffice. An older copy ' +
    'of the same wallet is completed; one of other words, or one that does not open, is moved ' +
    'aside and never deleted. Addresses of the last days that still hold something are found in ' +
    "the market's log by the agent, and what they hold goes back.",
  options: [
    {
      name: 'days',
      value: 'DAYS',
      text: `how long ago the oldest address may have been made; ${USUAL_DAYS} if absent`,
    },
  ],
  examples: ['sudo transax-agent wallet restore'],
  async run(host, args) {
    const settings = loadSettings(host, args.config);
    const days = daysOf(args.options.days);
    const phrase = await askWords(host);
    const { wallet, grid } = settings.state;
    const moved = moveForeign(host, settings, phrase);
    const key = madeKey(host, settings);
    withFile(host, settings, key, (sql) => {
      restoreWallet(sql, key, phrase, days);
      if (host.files.exists(grid)) bindGrid(sql, readPinnedGrid(host.files, grid).facts);
    });
    if (moved !== null) host.say(`the wallet that was there is now ${moved}`);
    const meter = computeAddress(signingKeyOf(rootKeysOf(phrase).identity).publicKey);
    const next = host.files.exists(grid)
      ? 'start the agent: it looks for what its addresses hold'
      : 'transax-agent enrol GRIDFILE';
    const text = `restored the wallet of meter ${meter}. Next: ${next}`;
    return good({ meter, wallet, movedAside: moved }, text);
  },
};

function daysOf(text: string | undefined): number {
  const days = Number(text ?? USUAL_DAYS);
  if (Number.isInteger(days) && days >= 1 && days <= MOST_DAYS) return days;
  throw new CliError(EXIT.usage, `--days must be a whole number from 1 to ${MOST_DAYS}`);
}

/** A wallet of other words, or none that opens, makes room. @returns where it is now */
function moveForeign(host: CommandHost, settings: AgentSettings, phrase: string): string | null {
  const { wallet } = settings.state;
  const isThere = host.files.exists(wallet) || host.files.exists(`${wallet}.meta.json`);
  if (!isThere || isSame(host, settings, phrase)) return null;
  return host.moveAside(wallet);
}

function isSame(host: CommandHost, settings: AgentSettings, phrase: string): boolean {
  try {
    const path = host.keyPath(settings);
    if (!host.files.exists(path)) return false;
    return withFile(host, settings, host.readKey(path), (sql, key) => isOf(sql, key, phrase));
  } catch (error) {
    if (error instanceof WalletError) return false;
    if (error instanceof SqlError && (error.code === 'wrong-key' || error.code === 'damaged')) {
      return false;
    }
    if (error instanceof FileError && error.code === 'missing') return false;
    throw error;
  }
}

async function askWords(host: CommandHost): Promise<string> {
  const piped = await host.readInput();
  try {
    return parsePhrase(piped ?? (await typedWords(host)));
  } catch (error) {
    if (!(error instanceof WordsError)) throw error;
    throw new CliError(EXIT.usage, error.message, null, 'nothing was changed; try again');
  }
}

/** Word by word, so that a slip shows at once. */
async function typedWords(host: CommandHost): Promise<string> {
  const words: string[] = [];
  while (words.length < WORD_COUNT) {
    const typed = await host.ask(`word ${words.length + 1} of ${WORD_COUNT}: `);
    if (typed === null) throw new CliError(EXIT.usage, 'nobody types the words here');
    const several = typed
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    const unknown = several.findIndex((word) => wordOf(word) === null);
    if (unknown >= 0) host.say('that is not in the list of words: once more');
    else words.push(...several);
  }
  return words.join(' ');
}
