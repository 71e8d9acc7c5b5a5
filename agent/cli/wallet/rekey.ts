/** `transax-agent wallet rekey`: a new key for the wallet's file and the solver's. */
import { KEY_BYTES } from '../../wallet/keys.ts';
import { CliError, type Command, EXIT, loadSettings } from '../command.ts';
import { good } from '../output.ts';
import { keyedFiles, opened, withWallet } from './open.ts';

export const walletRekey: Command = {
  words: ['wallet', 'rekey'],
  takes: '',
  summary: 'encrypts wallet and solver.db under a new key, and replaces the key file',
  text:
    'With the agent stopped. It may be cut off at any moment: whoever opens the wallet next goes ' +
    'on with it. Identity, addresses and words stay. Copies of the old files open with the old ' +
    'key alone: destroy them, or keep both.',
  examples: ['sudo transax-agent wallet rekey'],
  async run(host, args) {
    const settings = loadSettings(host, args.config);
    const path = host.keyPath(settings);
    if (path !== settings.state.key) {
      throw new CliError(
        EXIT.failed,
        `the key is a credential of systemd (${path}), which cannot be replaced from here`,
        null,
        'docs/wallet.md, "A new key for the file", tells how',
      );
    }
    // It opens, and the agent does not have it.
    withWallet(host, settings, () => undefined);
    opened(() => host.rekey(keyedFiles(settings), host.random.bytes(KEY_BYTES)));
    return good({ key: path }, `the wallet has a new key: ${path}; make a new backup of both`);
  },
};
