/** `transax-agent load list`: the loads of the settings, and how they are when the agent runs. */
import type { AgentStatus } from '../../status.ts';
import { findAgent } from '../agent-link.ts';
import { type Command, loadSettings } from '../command.ts';
import { ageText, columns, good, numberText } from '../output.ts';

export const loadList: Command = {
  words: ['load', 'list'],
  takes: '',
  summary: 'the loads of the settings, and their state',
  exits: [4],
  async run(host, args) {
    const settings = loadSettings(host, args.config);
    const agent = await findAgent(host, settings);
    const status = agent === null ? null : await agent.get<AgentStatus>('/status');
    const nowMs = status === null ? 0 : Date.parse(status.at);
    const states = new Map(status?.following.loads.map((load) => [load.name, load]));
    const loads = settings.loads.map((load) => ({
      ...load,
      isOn: states.get(load.name)?.isOn ?? null,
      sinceMs: states.get(load.name)?.sinceMs ?? null,
    }));
    const rows = loads.map(({ name, powerW, isOn, sinceMs, safe }) => [
      name,
      isOn === null ? 'unknown' : isOn ? 'ON' : 'off',
      sinceMs === null ? '' : `since ${ageText(nowMs - sinceMs)}`,
      `${numberText(powerW)} W`,
      `safe: ${safe}`,
    ]);
    const text = rows.length === 0 ? 'the settings have no loads' : columns(rows);
    return good({ running: agent !== null, loads }, text);
  },
};
