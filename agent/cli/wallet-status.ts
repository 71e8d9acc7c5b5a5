/** `transax-agent wallet status`: whether the wallet can be used, and what it holds; no secrets. */
import { FileError, SqlError } from '../../host/ports.ts';
import type { AgentSettings } from '../config.ts';
import type { AgentStatus } from '../status.ts';
import { openWallet, WalletError } from '../wallet/wallet.ts';
import { findAgent } from './agent-link.ts';
import { type Command, type CommandHost, EXIT, loadSettings } from './command.ts';
import { numberText } from './output.ts';
import { gridOf } from './source.ts';

export interface WalletView {
  isOpen: boolean;
  /** How many anonymous addresses are in which state; never which. */
  addresses: Record<string, number>;
  problem: string | null;
}

export const walletStatus: Command = {
  words: ['wallet', 'status'],
  takes: '',
  summary: 'whether the wallet can be used, and how many addresses it has used',
  text:
    'Never prints a key or an address. When the agent does not run, the file is opened for ' +
    'reading alone.',
  exits: [4],
  async run(host, args) {
    const settings = loadSettings(host, args.config);
    const agent = await findAgent(host, settings);
    const status = agent === null ? null : await agent.get<AgentStatus>('/status');
    const wallet = status === null ? readWallet(host, settings) : status.wallet;
    const account = status?.account ?? null;
    const counts = Object.entries(wallet.addresses).map(([state, count]) => `${count} ${state}`);
    const lines = [
      `wallet    ${wallet.problem ?? (wallet.isOpen ? 'can be used' : 'is not open')}`,
      `used      ${counts.join(', ') || 'no address yet'}`,
    ];
    if (account !== null) {
      lines.push(`account   ${numberText(Number(account.balanceMicro) / 1e6, 2)} at the utility`);
    }
    const data = { ...wallet, account, running: agent !== null };
    const code = wallet.problem === null ? EXIT.good : EXIT.failed;
    return { code, data, text: lines.join('\n') };
  },
};

/** Of an agent that does not run. @throws PinnedGridError; FileError when one may not look */
export function readWallet(host: CommandHost, settings: AgentSettings): WalletView {
  const facts = gridOf(host, settings);
  try {
    const key = host.readKey(host.keyPath(settings));
    const sql = host.openSqlReadOnly(settings.state.wallet, { key });
    try {
      const addresses = openWallet(sql, key, facts, host.random).counts();
      return { isOpen: true, addresses, problem: null };
    } finally {
      sql.close();
    }
  } catch (error) {
    const isExpected =
      error instanceof FileError || error instanceof SqlError || error instanceof WalletError;
    if (!isExpected) throw error;
    return { isOpen: false, addresses: {}, problem: error.message };
  }
}
