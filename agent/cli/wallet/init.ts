/** `transax-agent wallet init`: key and wallet before there is a grid file, as in a workshop. */
import { isMade, makeWallet } from '../../wallet/wallet-file.ts';
import { newPhrase } from '../../wallet/words.ts';
import { CliError, type Command, EXIT, loadSettings } from '../command.ts';
import { good } from '../output.ts';
import { madeKey, withFile } from './open.ts';
import { requireUnenrolled } from './unenrolled.ts';

export const walletInit: Command = {
  words: ['wallet', 'init'],
  takes: '',
  summary: 'makes key and wallet of new words, before the meter is enrolled',
  text: 'What enrol does as well where there is none. Never replaces a wallet.',
  examples: ['sudo transax-agent wallet init'],
  async run(host, args) {
    const settings = loadSettings(host, args.config);
    requireUnenrolled(host, settings);
    const key = madeKey(host, settings);
    withFile(host, settings, key, (sql) => {
      if (isMade(sql)) {
        throw new CliError(EXIT.failed, `there is a wallet already (${settings.state.wallet})`);
      }
      makeWallet(sql, key, newPhrase(host.random));
    });
    const text = 'made a wallet. Next: transax-agent wallet backup show, and enrol GRIDFILE';
    return good({ wallet: settings.state.wallet }, text);
  },
};
