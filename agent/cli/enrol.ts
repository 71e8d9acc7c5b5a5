/**
 * `transax-agent enrol GRIDFILE`: pins the grid file, makes key and wallet where there are none,
 * and prints the request code for the utility on stdout, alone (design: meter and DSO). It may be
 * repeated: the code is of the same meter then.
 */
import { encodeRequestCode } from '../../market/enrolment.ts';
import { hashGrid } from '../../market/grid.ts';
import { domainOf, parseGridFile } from '../../market/grid-json.ts';
import { hashEnrolment } from '../../market/messages.ts';
import { pinGrid } from '../pinned-grid.ts';
import { KEY_BYTES } from '../wallet/keys.ts';
import { WALLET_MIGRATIONS } from '../wallet/schema.ts';
import { createWallet } from '../wallet/wallet.ts';
import {
  type CommandArgs,
  type CommandHost,
  EXIT,
  type ExitCode,
  loadSettings,
  UsageError,
} from './command.ts';

/** @throws SettingsError, GridFileError, PinnedGridError, WalletError, SqlError, FileError */
export async function enrol(host: CommandHost, args: CommandArgs): Promise<ExitCode> {
  const [gridPath, ...more] = args.positionals;
  if (gridPath === undefined || more.length > 0) {
    throw new UsageError('enrol takes one grid file: transax-agent enrol GRIDFILE');
  }
  const settings = loadSettings(host, args.config);
  const text = host.files.readText(host.resolve(gridPath).path);
  const { facts } = parseGridFile(text);
  const keyPath = host.keyPath(settings);
  if (!host.files.exists(keyPath)) {
    if (host.files.exists(settings.state.wallet)) {
      host.say(
        `there is a wallet (${settings.state.wallet}), but its key ${keyPath} is missing: put ` +
          'the key back from its backup, or move the wallet away to become a new meter',
      );
      return EXIT.failed;
    }
    host.writeKey(keyPath, host.random.bytes(KEY_BYTES));
    host.say(`made a new key: ${keyPath}`);
  }
  const key = host.readKey(keyPath);
  const sql = host.openSql(settings.state.wallet, { key, migrations: WALLET_MIGRATIONS });
  try {
    const wallet = createWallet(sql, key, facts, host.random);
    pinGrid(host.files, settings.state.grid, text);
    const gridHash = hashGrid(facts);
    const digest = hashEnrolment(domainOf(facts), { meterId: wallet.meterId, gridHash });
    const signature = wallet.signAsMeter(digest);
    host.say(
      `pinned the grid "${facts.name}", issue ${facts.issue}; give this code to the utility:`,
    );
    host.out(encodeRequestCode({ meterId: wallet.meterId, gridHash, signature }));
  } finally {
    sql.close();
  }
  return EXIT.good;
}
