/**
 * `transax-agent enrol GRIDFILE`: pins the grid file, makes key and wallet where there are none,
 * and prints the request code for the utility on stdout, alone (design: meter and DSO). It may be
 * repeated: the code is of the same meter then.
 */
import { encodeRequestCode } from '../../market/enrolment.ts';
import { hashGrid } from '../../market/grid.ts';
import { domainOf, parseGridFile } from '../../market/grid-json.ts';
import { hashEnrolment } from '../../market/messages.ts';
import { pinGrid, unfitEndpoint } from '../pinned-grid.ts';
import { KEY_BYTES } from '../wallet/keys.ts';
import { WALLET_MIGRATIONS } from '../wallet/schema.ts';
import { createWallet } from '../wallet/wallet.ts';
import { CliError, type Command, EXIT, loadSettings } from './command.ts';
import { good } from './output.ts';

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
    const keyPath = host.keyPath(settings);
    if (!host.files.exists(keyPath)) {
      if (host.files.exists(settings.state.wallet)) {
        throw new CliError(
          EXIT.failed,
          `there is a wallet (${settings.state.wallet}), but its key ${keyPath} is missing: put ` +
            'the key back from its backup, or move the wallet away to become a new meter',
        );
      }
      host.writeKey(keyPath, host.random.bytes(KEY_BYTES));
      host.say(`made a new key: ${keyPath}`);
    }
    const key = host.readKey(keyPath);
    const sql = host.openSql(settings.state.wallet, { key, migrations: WALLET_MIGRATIONS });
    try {
      const wallet = createWallet(sql, key, facts, host.random);
      pinGrid(host.files, settings.state.grid, text);
      const unfit = unfitEndpoint(settings.lab, facts);
      if (unfit !== null) host.say(`warning: ${unfit}; the agent will not start with it`);
      const gridHash = hashGrid(facts);
      const digest = hashEnrolment(domainOf(facts), { meterId: wallet.meterId, gridHash });
      const signature = wallet.signAsMeter(digest);
      host.say(
        `pinned the grid "${facts.name}", issue ${facts.issue}; give this code to the utility:`,
      );
      const code = encodeRequestCode({ meterId: wallet.meterId, gridHash, signature });
      return good({ grid: facts.name, issue: facts.issue, code }, code);
    } finally {
      sql.close();
    }
  },
};
