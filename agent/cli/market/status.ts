/** `transax-agent market status`: chain, utility, offers and final trades of this home. */
import type { AgentStatus } from '../../status.ts';
import { needAgent } from '../agent-link.ts';
import { type Command, EXIT, loadSettings } from '../command.ts';
import { MarketTime } from '../market-time.ts';
import { columns, numberText } from '../output.ts';

export const marketStatus: Command = {
  words: ['market', 'status'],
  takes: '',
  summary: 'chain, utility, live offers and final trades',
  text: 'Asks the agent that runs. Exit code 5 when the chain or the utility does not answer.',
  exits: [3, 4, 5],
  async run(host, args) {
    const settings = loadSettings(host, args.config);
    const agent = await needAgent(host, settings);
    const status = await agent.get<AgentStatus>('/status');
    const { chain, dso, account, offers, commitments, notes, interval } = status;
    const data = { interval, chain, dso, account, offers, commitments, notes };
    const time = new MarketTime(status.zone, status.intervalSeconds, args);
    const offerLines = offers.map((offer) => `offer     ${JSON.stringify(offer)}`);
    const trades = commitments.map((each) => [time.start(each.interval), numberText(each.powerW)]);
    const lines = [
      `chain     ${chain === null ? 'not read: there is no wallet' : chainText(chain)}`,
      `utility   ${dso === null ? 'not asked' : (dso.problem ?? 'answers')}`,
      account === null
        ? 'account   not known yet'
        : `account   ${numberText(Number(account.balanceMicro) / 1e6, 2)}`,
      ...offerLines,
      trades.length === 0 ? 'trades    none are final' : columns([['from', 'W'], ...trades]),
      ...notes.map((note) => `note      ${note}`),
    ];
    const isDown = chain === null || chain.problem !== null || (dso?.problem ?? null) !== null;
    return { code: isDown ? EXIT.silent : EXIT.good, data, text: lines.join('\n') };
  },
};

function chainText(chain: NonNullable<AgentStatus['chain']>): string {
  return chain.problem ?? JSON.stringify(chain);
}
