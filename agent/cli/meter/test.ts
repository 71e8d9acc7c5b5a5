/** `transax-agent meter test NAME 15m`: does the power, summed up, agree with the counters? */
import { BusError } from '../../../host/ports.ts';
import { CliError, type Command, EXIT, loadSettings } from '../command.ts';
import { durationText, numberText } from '../output.ts';
import { durationOf } from '../words.ts';
import { lookAt, numberIn } from './look.ts';
import { profileNamed } from './profiles.ts';
import { deviceNamed, reach } from './reach.ts';

const LEAST_MS = 1_000;
const EVERY_MS = 1_000;
/** Beyond this the profile or the meter is wrong, not the sampling. */
const TOLERANCE = 0.05;
/** The counters' own steps, and what a look every second misses. */
const STEPS = 2;

interface Sample {
  atMs: number;
  powerW: number;
  importedWs: number;
  exportedWs: number;
}

export const meterTest: Command = {
  words: ['meter', 'test'],
  takes: 'NAME DURATION',
  summary: 'compares the power, summed up, with the counters',
  text:
    'Part of commissioning: a wrong register, scale or sign shows here. 15 min is good for most ' +
    'meters; one that counts in 0.1 kWh needs longer. Exit code 6 when they differ by more than ' +
    '5 % and the counter is fine enough to tell.',
  examples: ['transax-agent meter test house 15m'],
  exits: [4, 5, 6],
  least: 2,
  async run(host, args) {
    const settings = loadSettings(host, args.config);
    const [name = '', text = ''] = args.positionals;
    const lastsMs = durationOf('DURATION', text, LEAST_MS);
    const device = deviceNamed(settings, name);
    const profile = profileNamed(host, device.profile);
    const bus = (await reach(host, args, device.bus)).open();
    const samples: Sample[] = [];
    let failed = 0;
    let stepWs = 0;
    const startMs = host.nowMs();
    while (host.nowMs() - startMs <= lastsMs) {
      const atMs = host.nowMs();
      try {
        const look = await lookAt(host, bus, device, profile);
        const powerW = numberIn(look, 'power');
        const importedWs = numberIn(look, 'energy_import');
        const exportedWs = numberIn(look, 'energy_export') ?? 0;
        stepWs = Math.max(stepWs, look.stepWs ?? 0);
        if (powerW !== null && importedWs !== null) {
          const middleMs = (atMs + host.nowMs()) / 2;
          samples.push({ atMs: middleMs, powerW, importedWs, exportedWs });
        }
      } catch (error) {
        if (!(error instanceof BusError)) throw error;
        failed += 1;
      }
      host.progress(`${durationText(lastsMs - (host.nowMs() - startMs))} left`);
      await host.wait(EVERY_MS);
    }
    host.progress('');
    bus.close();
    return verdict(name, samples, { failed, stepWs });
  },
};

function verdict(
  name: string,
  samples: readonly Sample[],
  more: { failed: number; stepWs: number },
) {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined || first === last) {
    throw new CliError(
      EXIT.silent,
      `${name} gave no two good answers`,
      null,
      'meter read says why',
    );
  }
  let integralWs = 0;
  for (const [i, sample] of samples.entries()) {
    const before = samples[i - 1];
    if (before === undefined) continue;
    integralWs += ((sample.atMs - before.atMs) / 1000) * ((sample.powerW + before.powerW) / 2);
  }
  const counterWs = last.importedWs - first.importedWs - (last.exportedWs - first.exportedWs);
  const offWs = integralWs - counterWs;
  const sureWs = more.stepWs * STEPS;
  const isTooCoarse = Math.abs(counterWs) < sureWs / TOLERANCE && Math.abs(offWs) <= sureWs;
  const isGood = Math.abs(offWs) <= sureWs + Math.abs(counterWs) * TOLERANCE;
  const data = {
    meter: name,
    seconds: (last.atMs - first.atMs) / 1000,
    looks: samples.length,
    failed: more.failed,
    integralWs,
    counterWs,
    stepWs: more.stepWs,
    isGood,
    isConclusive: !isTooCoarse,
  };
  const wh = (energyWs: number) => `${numberText(energyWs / 3600, 2)} Wh`;
  const lines = [
    `${name}  ${durationText(data.seconds * 1000)}, ${samples.length} looks, ${more.failed} failed`,
    `  power summed up   ${wh(integralWs)}`,
    `  counters          ${wh(counterWs)}   step ${wh(more.stepWs)}`,
    isGood
      ? isTooCoarse
        ? '  no contradiction, but the counter is too coarse to be sure: test for longer'
        : '  ok, they agree'
      : `  WRONG, they differ by ${wh(offWs)}: profile, scale, sign or transformer ratio`,
  ];
  return { code: isGood ? EXIT.good : EXIT.implausible, data, text: lines.join('\n') };
}
