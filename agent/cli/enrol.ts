/**
 * `transax-agent enrol GRIDFILE`: pins the grid file, makes key and wallet where there are none,
 * and prints the request code for the utility on stdout, alone (design: meter and DSO). It may be
 * repeated: the code is of the same meter then.
 */
import { encodeRequestCode } from '../../market/enrolment.ts';
import { type GridFacts, hashGrid } from '../../market/grid.ts';
import { domainOf, parseGridFile } from '../../market/grid-json.ts';
import { hashEnrolment } from '../../market/messages.ts';
import { pinGrid, unfitEndpoint } from '../pinned-grid.ts';
import { createWallet, type Wallet } from '../wallet/wallet.ts';
import { type Command, loadSettings } from './command.ts';
import { good } from './output.ts';
import { madeKey, withFile } from './wallet/open.ts';
import { requireUnenrolled } from './wallet/unenrolled.ts';

export const enrol: Command = {
  words: ['enrol'],
  takes: 'GRIDFILE',
  summary: 'pins the grid file, makes key and wallet, prints the code for the utility',
  text:
    'The code stands alone on stdout. It may be repeated: the code is of the same meter then. A ' +
    'newer grid file of the same utility is taken in the same way, with the agent stopped.',
  examples: ['sudo transax-agent enrol /tmp/grid.json'],
  least: 1,
  async run(host, args) {
    const [gridPath = ''] = args.positionals;
    const settings = loadSettings(host, args.config);
    const text = host.files.readText(host.resolve(gridPath).path);
    const { facts } = parseGridFile(text);
    requireUnenrolled(host, settings);
    const key = madeKey(host, settings);
    return withFile(host, settings, key, (sql) => {
      const wallet = createWallet(sql, key, facts, host.random);
      pinGrid(host.files, settings.state.grid, text);
      const unfit = unfitEndpoint(settings.lab, facts);
      if (unfit !== null) host.say(`warning: ${unfit}; the agent will not start with it`);
      host.say(
        `pinned the grid "${facts.name}", issue ${facts.issue}; give this code to the utility:`,
      );
      const code = requestCodeOf(wallet, facts);
      const data = { grid: facts.name, issue: facts.issue, code };
      return { ...good(data, code), warnings: wallet.isBackedUp ? [] : [NOT_ON_PAPER] };
    });
  },
};

export const NOT_ON_PAPER =
  'the words that restore the wallet are not on paper yet: with the agent stopped, run ' +
  'transax-agent wallet backup show';

/** What the utility adds a meter by. */
export function requestCodeOf(wallet: Wallet, facts: GridFacts): string {
  const gridHash = hashGrid(facts);
  const digest = hashEnrolment(domainOf(facts), { meterId: wallet.meterId, gridHash });
  const signature = wallet.signAsMeter(digest);
  return encodeRequestCode({ meterId: wallet.meterId, gridHash, signature });
}
