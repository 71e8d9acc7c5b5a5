/** `transax-agent wallet status`: whether the wallet can be used, and what it holds; no secrets. */
import { FileError, SqlError } from '../../../host/ports.ts';
import type { AgentSettings } from '../../config.ts';
import type { AgentStatus } from '../../status.ts';
import { openWallet } from '../../wallet/wallet.ts';
import { WalletError } from '../../wallet/wallet-error.ts';
import { findAgent } from '../agent-link.ts';
import { type Command, type CommandHost, EXIT, loadSettings } from '../command.ts';
import { NOT_ON_PAPER } from '../enrol.ts';
import { numberText } from '../output.ts';
import { gridOf } from '../source.ts';
import { keystoreKey } from './open.ts';

export interface WalletView {
  isOpen: boolean;
  /** How many anonymous addresses are in which state; never which. */
  addresses: Record<string, number>;
  problem: string | null;
  /** Whether the words are on paper; null: not known. */
  isBackedUp: boolean | null;
}

export const walletStatus: Command = {
  words: ['wallet', 'status'],
  takes: '',
  summary: 'whether the wallet can be used and restored, and how many addresses it has used',
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
    if (wallet.isBackedUp !== null) {
      lines.push(`backup    ${wallet.isBackedUp ? 'the words are on paper' : NOT_ON_PAPER}`);
    }
    if (account !== null) {
      lines.push(`account   ${numberText(Number(account.balanceMicro) / 1e6, 2)} at the utility`);
    }
    const data = { ...wallet, account, running: agent !== null };
    const code = wallet.problem === null ? EXIT.good : EXIT.failed;
    const warnings = wallet.isBackedUp === false ? [NOT_ON_PAPER] : [];
    return { code, data, text: lines.join('\n'), ...(args.json ? { warnings } : {}) };
  },
};

/** Of an agent that does not run. @throws PinnedGridError; FileError when one may not look */
export function readWallet(host: CommandHost, settings: AgentSettings): WalletView {
  const facts = gridOf(host, settings);
  try {
    const key = keystoreKey(host, settings);
    const sql = host.openSqlReadOnly(settings.state.wallet, { key });
    try {
      const wallet = openWallet(sql, key, facts, host.random);
      const { isBackedUp } = wallet;
      return { isOpen: true, addresses: wallet.counts(), problem: null, isBackedUp };
    } finally {
      sql.close();
    }
  } catch (error) {
    const isExpected =
      error instanceof FileError || error instanceof SqlError || error instanceof WalletError;
    if (!isExpected) throw error;
    return { isOpen: false, addresses: {}, problem: error.message, isBackedUp: null };
  }
}
