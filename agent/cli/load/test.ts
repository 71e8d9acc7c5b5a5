/** `transax-agent load test NAME`: switches a load on and off, and looks whether that is seen. */
import type { LoadTest } from '../../following/load-commands.ts';
import { needAgent } from '../agent-link.ts';
import { CliError, type Command, EXIT, loadSettings } from '../command.ts';
import { numberText } from '../output.ts';
import { countOf } from '../words.ts';
import { confirm } from './confirm.ts';
import { testByKillingAgent } from './kill.ts';
import { giveOrder } from './order.ts';

export const loadTest: Command = {
  words: ['load', 'test'],
  takes: 'NAME',
  summary: 'switches a load on and off again, and looks at the meter meanwhile',
  text:
    'A step of commissioning: asks for the name to be typed, because something in the house is ' +
    'switched. Minimum times hold. Exit code 6 when the meter does not see the load. With --kill ' +
    'the load is taken out of its safe state, the agent is killed hard, and the relay itself is ' +
    'looked at until it is safe: exit code 6 when it does not get there. That ' +
    'ends what was ordered for the load by hand, and needs sudo.',
  options: [
    { name: 'yes', text: 'does not ask' },
    {
      name: 'seconds',
      value: 'N',
      text: 'how long it is on, 10 if absent; with --kill, how long it may take, 60',
    },
    { name: 'kill', text: 'kills the agent instead, and looks whether the load gets safe' },
    { name: 'force', text: 'whatever minimum times say; limits and fuses hold all the same' },
  ],
  examples: ['transax-agent load test boiler', 'sudo transax-agent load test boiler --kill'],
  exits: [3, 4, 5, 6, 7],
  least: 1,
  async run(host, args) {
    const settings = loadSettings(host, args.config);
    const [name = ''] = args.positionals;
    const load = settings.loads.find((each) => each.name === name);
    if (load === undefined) {
      const known = settings.loads.map((each) => each.name).join(', ');
      throw new CliError(
        EXIT.usage,
        `there is no load "${name}"`,
        null,
        `loads: ${known || 'none'}`,
      );
    }
    await needAgent(host, settings);
    if (args.options.kill !== undefined) return testByKillingAgent(host, args, settings, load);
    const what = `This switches ${name} (${numberText(load.powerW)} W) on, then off.`;
    await confirm(host, args, name, what);
    const seconds = countOf('--seconds', args.options.seconds, 10, 300);
    const force = args.options.force !== undefined;
    const order = { load: name, order: 'test', seconds, force } as const;
    const outcome = await giveOrder(host, args, () => order);
    const { test } = outcome.data as { test: LoadTest };
    return { ...outcome, code: test.isGood ? EXIT.good : EXIT.implausible };
  },
};
