/** `transax-agent meter watch NAME`: power, voltage and counters, line by line. */
import { BusError } from '../../../host/ports.ts';
import { type Command, EXIT, loadSettings } from '../command.ts';
import { envelope, numberText } from '../output.ts';
import { countOf, durationOf } from '../words.ts';
import { type Look, lookAt, numberIn } from './look.ts';
import { profileNamed } from './profiles.ts';
import { deviceNamed, reach } from './reach.ts';

const EVERY = '2 s';
const LEAST_MS = 200;
const MOST_READS = 1_000_000;

export const meterWatch: Command = {
  words: ['meter', 'watch'],
  takes: 'NAME',
  summary: 'reads a meter again and again, until Ctrl-C',
  text:
    'One line each time; with --json one object a line, and a last one with the counts. Failed ' +
    'reads are shown and do not end it.',
  options: [
    { name: 'every', value: 'DURATION', text: '"2 s" if absent' },
    { name: 'count', value: 'N', text: 'ends after so many reads' },
  ],
  examples: ['transax-agent meter watch house --every "500 ms"'],
  exits: [4, 5],
  least: 1,
  async run(host, args) {
    const settings = loadSettings(host, args.config);
    const [name = ''] = args.positionals;
    const device = deviceNamed(settings, name);
    const everyMs = durationOf('--every', args.options.every ?? EVERY, LEAST_MS);
    const count = countOf('--count', args.options.count, MOST_READS, MOST_READS);
    const profile = profileNamed(host, device.profile);
    const bus = (await reach(host, args, device.bus)).open();
    let isTold = false;
    const told = host.untilTold().then(() => {
      isTold = true;
    });
    let good = 0;
    let failed = 0;
    while (!isTold && good + failed < count) {
      const at = new Date(host.nowMs()).toISOString();
      try {
        const look = await lookAt(host, bus, device, profile);
        good += 1;
        const data = { at, values: look.values, tookMs: look.tookMs };
        host.out(args.json ? envelope({ code: EXIT.good, data }) : lineOf(at, look));
      } catch (error) {
        if (!(error instanceof BusError)) throw error;
        failed += 1;
        const data = { at, values: null, tookMs: null };
        if (args.json) host.out(envelope({ code: EXIT.silent, data, warnings: [error.message] }));
        else host.out(`${at.slice(11, 19)}  no good answer: ${error.message}`);
      }
      if (good + failed < count) await Promise.race([host.wait(everyMs), told]);
    }
    bus.close();
    const code = good > 0 ? EXIT.good : EXIT.silent;
    return { code, data: { good, failed }, text: `${good} good, ${failed} failed` };
  },
};

function lineOf(at: string, look: Look): string {
  const text = (name: string, decimals: number, unit: string): string => {
    const value = numberIn(look, name);
    return value === null ? '' : `${numberText(value, decimals)} ${unit}`;
  };
  const imported = numberIn(look, 'energy_import');
  const counter = imported === null ? '' : `${numberText(imported / 3_600_000, 3)} kWh`;
  const cells = [text('power', 1, 'W').padStart(14), text('voltage_l1', 1, 'V'), counter];
  return [at.slice(11, 19), ...cells, `${look.tookMs} ms`].join('  ');
}
