/**
 * `transax-agent status`: how the running agent is, on one screen. Exit codes as LSB has them for
 * `status`: 0 healthy, 1 degraded, 3 not running, 4 unknown.
 */
import type { AgentStatus } from '../status.ts';
import { needAgent } from './agent-link.ts';
import { type Command, EXIT, loadSettings } from './command.ts';
import { statusText } from './status-text.ts';

export const status: Command = {
  words: ['status'],
  takes: '',
  summary: 'how the running agent is: clock, meters, market, schedule, loads, wallet',
  text: 'Exit codes as for "systemctl status": 0 healthy, 1 degraded, 3 not running, 4 unknown.',
  exits: [3, 4],
  async run(host, args) {
    const settings = loadSettings(host, args.config);
    const agent = await needAgent(host, settings);
    const found = await agent.get<AgentStatus>('/status');
    const code = found.state === 'good' ? EXIT.good : EXIT.failed;
    return { code, data: found, text: statusText(found, args), warnings: [] };
  },
};
