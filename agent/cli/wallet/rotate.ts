/**
 * `transax-agent wallet rotate`: after a leak, or when the paper is lost, new words: a new identity
 * and new addresses, nothing of which can be told from what leaked.
 */
import { readPinnedGrid } from '../../pinned-grid.ts';
import { openWallet } from '../../wallet/wallet.ts';
import { rotateWallet } from '../../wallet/wallet-file.ts';
import { newPhrase } from '../../wallet/words.ts';
import { CliError, type Command, EXIT, loadSettings } from '../command.ts';
import { requestCodeOf } from '../enrol.ts';
import { good } from '../output.ts';
import { withWallet } from './open.ts';

const CONFIRM = 'rotate';

export const walletRotate: Command = {
  words: ['wallet', 'rotate'],
  takes: '',
  summary: 'new words: a new identity and new addresses, after a leak or a lost paper',
  text:
    'With the agent stopped. For the utility this is a new meter: prints the code that it needs ' +
    "to put it in the old one's place. Nothing is traded until it has. Addresses in use keep " +
    'their keys until what they hold is back. The key of a solver stays, because its stake is ' +
    'bound to it. The key of the file is another thing: wallet rekey.',
  options: [{ name: 'yes', text: 'does not ask' }],
  exits: [7],
  examples: ['sudo transax-agent wallet rotate'],
  async run(host, args) {
    const settings = loadSettings(host, args.config);
    const { facts } = readPinnedGrid(host.files, settings.state.grid);
    if (args.options.yes === undefined) {
      const typed = await host.ask(
        `This home becomes a new meter for the utility. Type ${CONFIRM} to go on: `,
      );
      if (typed === null) throw new CliError(EXIT.usage, 'nobody can be asked here', null, '--yes');
      if (typed !== CONFIRM) throw new CliError(EXIT.refused, 'not confirmed: nothing was changed');
    }
    return withWallet(host, settings, (sql, key) => {
      const old = openWallet(sql, key, facts, host.random).meterId;
      rotateWallet(sql, key, newPhrase(host.random));
      const wallet = openWallet(sql, key, facts, host.random);
      host.say(
        `this home was meter ${old}, and is ${wallet.meterId} now. Give this code to the ` +
          `utility (transax-operator meter replace ${old} CODE):`,
      );
      const code = requestCodeOf(wallet, facts);
      const warnings = ['the words on paper are void: transax-agent wallet backup show'];
      return { ...good({ old, meter: wallet.meterId, code }, code), warnings };
    });
  },
};
