/** `transax-agent meter list`: the meters of the settings, and how they are when the agent runs. */
import { connectionText } from '../../config/buses.ts';
import type { AgentStatus } from '../../status.ts';
import { findAgent } from '../agent-link.ts';
import { type Command, loadSettings } from '../command.ts';
import { columns, good } from '../output.ts';
import { devicesOf } from './reach.ts';

export const meterList: Command = {
  words: ['meter', 'list'],
  takes: '',
  summary: 'the meters of the settings, and the buses they are on',
  exits: [4],
  async run(host, args) {
    const settings = loadSettings(host, args.config);
    const agent = await findAgent(host, settings);
    const status = agent === null ? null : await agent.get<AgentStatus>('/status');
    const counters = new Map(status?.buses.map((bus) => [bus.name, bus]));
    const meters = devicesOf(settings).map((device) => {
      const bus = settings.buses.find(({ name }) => name === device.bus);
      return {
        ...device,
        connection: bus === undefined ? '' : connectionText(bus.connection),
        goodReads: counters.get(device.bus)?.good ?? null,
        failedReads: counters.get(device.bus)?.failed ?? null,
      };
    });
    const rows = meters.map((meter) => [
      meter.name,
      meter.role,
      meter.profile,
      `unit ${meter.unit}`,
      `${meter.bus} (${meter.connection})`,
      meter.goodReads === null ? '' : `bus: ${meter.goodReads} good, ${meter.failedReads} failed`,
    ]);
    return good({ running: agent !== null, meters }, columns(rows));
  },
};
