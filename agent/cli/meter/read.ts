/** `transax-agent meter read NAME`: all values of a meter, and whether they can be right. */
import { connectionText } from '../../config/buses.ts';
import { type Command, EXIT, loadSettings } from '../command.ts';
import { lookLines, lookOrFail } from './look.ts';
import { deviceNamed, reach } from './reach.ts';

export const meterRead: Command = {
  words: ['meter', 'read'],
  takes: 'NAME',
  summary: 'all values of a meter, once, with checks of their sense',
  text:
    'Powers are positive into the thing metered: for the meter of the grid connection, import. ' +
    'Energy is that of the counters since the meter was made. Exit code 6 when the values ' +
    'contradict each other.',
  examples: ['transax-agent meter read house'],
  exits: [4, 5, 6],
  least: 1,
  async run(host, args) {
    const settings = loadSettings(host, args.config);
    const [name = ''] = args.positionals;
    const device = deviceNamed(settings, name);
    const way = await reach(host, args, device.bus);
    const bus = way.open();
    try {
      const { profile, look } = await lookOrFail(host, bus, device);
      const where = `unit ${device.unit}  ${device.bus} (${connectionText(way.bus.connection)})`;
      const effort = `${look.requests} request${look.requests === 1 ? '' : 's'}, ${look.tookMs} ms`;
      const turned = device.isInverted ? '  inverted' : '';
      const first = `${name}  ${profile.name} v${profile.version}  ${where}  ${effort}${turned}`;
      const isGood = look.checks.every((check) => check.isGood);
      const data = {
        meter: { name, role: device.role, profile: device.profile, unit: device.unit },
        bus: device.bus,
        throughAgent: way.agent !== null,
        ...look,
      };
      const text = [first, ...lookLines(look, device.role)].join('\n');
      return { code: isGood ? EXIT.good : EXIT.implausible, data, text };
    } finally {
      bus.close();
    }
  },
};
