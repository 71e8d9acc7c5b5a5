/** What the commands of the wallet share: its key, and the file, once the agent has let it go. */
import { type Sql, SqlError } from '../../../host/ports.ts';
import type { AgentSettings } from '../../config.ts';
import { KEY_BYTES } from '../../wallet/keys.ts';
import { WALLET_MIGRATIONS } from '../../wallet/schema.ts';
import { Secrets } from '../../wallet/secrets.ts';
import { CliError, type CommandHost, EXIT } from '../command.ts';
import type { Rekey } from '../command-host.ts';

/** The databases that open with the keystore's key, and how they get another one. */
export function keyedFiles(settings: AgentSettings): Rekey {
  const { key: keyPath, wallet, solver } = settings.state;
  return {
    keyPath,
    databases: [wallet, solver],
    reseal(path, sql, old, key) {
      if (path === wallet) new Secrets(sql, old).sealAnew(key);
    },
  };
}

/** The key of the keystore; a change of it that was cut off is finished first. @throws FileError */
export function keystoreKey(host: CommandHost, settings: AgentSettings): Uint8Array {
  const path = host.keyPath(settings);
  if (path === settings.state.key) host.finishRekey(keyedFiles(settings));
  return host.readKey(path);
}

/** The same, made where there is neither key nor wallet. @throws CliError, FileError */
export function madeKey(host: CommandHost, settings: AgentSettings): Uint8Array {
  const path = host.keyPath(settings);
  const { wallet } = settings.state;
  if (!host.files.exists(path)) {
    if (host.files.exists(wallet)) {
      throw new CliError(
        EXIT.failed,
        `there is a wallet (${wallet}), but its key ${path} is missing: put ` +
          'the key back from its backup, or run transax-agent wallet restore',
      );
    }
    host.writeKey(path, host.random.bytes(KEY_BYTES));
    host.say(`made a new key: ${path}`);
  }
  return keystoreKey(host, settings);
}

/** Works on the wallet that is there. @throws CliError, SqlError, FileError */
export function withWallet<T>(
  host: CommandHost,
  settings: AgentSettings,
  work: (sql: Sql, key: Uint8Array) => T,
): T {
  const { wallet } = settings.state;
  if (!host.files.exists(wallet) && !host.files.exists(`${wallet}.meta.json`)) {
    throw new CliError(
      EXIT.failed,
      `there is no wallet (${wallet})`,
      null,
      'transax-agent enrol GRIDFILE, or transax-agent wallet restore',
    );
  }
  return withFile(host, settings, keystoreKey(host, settings), work);
}

/** Opens the file, or makes an empty one; closes it at the end. @throws CliError, SqlError */
export function withFile<T>(
  host: CommandHost,
  settings: AgentSettings,
  key: Uint8Array,
  work: (sql: Sql, key: Uint8Array) => T,
): T {
  const sql = opened(() =>
    host.openSql(settings.state.wallet, { key, migrations: WALLET_MIGRATIONS }),
  );
  try {
    return work(sql, key);
  } finally {
    sql.close();
  }
}

/** Somebody else has the file open: the agent, as a rule. */
export function opened<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof SqlError) || error.code !== 'locked') throw error;
    const remedy = 'the agent is ended by sudo systemctl stop transax-agent';
    throw new CliError(EXIT.failed, `${error.message}; ${remedy}`);
  }
}
