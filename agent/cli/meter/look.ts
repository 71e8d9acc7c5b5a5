/** One whole look at a device: all its values, their cost, and whether they can be right. */
import { BusError } from '../../../host/ports.ts';
import type { Profile } from '../../drivers/profile-types.ts';
import { readAll } from '../../drivers/read-all.ts';
import type { PointName } from '../../drivers/vocabulary.ts';
import type { CommandHost } from '../command.ts';
import { numberText } from '../output.ts';
import { profileNamed } from './profiles.ts';
import { type Device, noAnswer } from './reach.ts';
import { type Check, checkValues } from './sanity.ts';
import type { ReadBus } from './socket-bus.ts';

export interface Look {
  requests: number;
  tookMs: number;
  /** By name, inner units; null: the device says "not available". */
  values: Record<string, number | string | null>;
  /** How finely counters are told, Ws. */
  stepWs: number | null;
  checks: Check[];
}

const WS_PER_KWH = 3_600_000;

/** @throws BusError */
export async function lookAt(
  host: CommandHost,
  bus: ReadBus,
  device: Device,
  profile: Profile,
): Promise<Look> {
  const startedMs = host.nowMs();
  const { values, requests, odd } = await readAll(bus, device.unit, profile, {
    invert: device.isInverted,
  });
  const tookMs = Math.round(host.nowMs() - startedMs);
  const known = new Map<PointName, number>();
  const said: Record<string, number | string | null> = {};
  for (const [name, { value, text }] of values) {
    said[name] = text ?? value;
    if (value !== null) known.set(name, value);
  }
  const counters = ['energy_import', 'energy_export'] as const;
  const step = Math.max(...counters.map((name) => values.get(name)?.step ?? 0));
  return {
    requests,
    tookMs,
    values: said,
    stepWs: step === 0 ? null : step,
    checks: [...checkValues(known), ...odd.map(oddCheck)],
  };
}

/** What the profile's own limits say. */
function oddCheck(sentence: string): Check {
  return { name: 'profile', isGood: false, sentence };
}

/** As `lookAt`, with the error of a command. @throws CliError `silent` */
export async function lookOrFail(
  host: CommandHost,
  bus: ReadBus,
  device: Device,
): Promise<{ profile: Profile; look: Look }> {
  const profile = profileNamed(host, device.profile);
  try {
    return { profile, look: await lookAt(host, bus, device, profile) };
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    throw noAnswer(`${device.name} (${device.profile}, unit ${device.unit})`, error, device.bus);
  }
}

/** The lines of `meter read`, below its first. */
export function lookLines(look: Look, role: string): string[] {
  const of = (name: string): number | null => numberIn(look, name);
  const phases = (name: string, decimals: number): string =>
    ['l1', 'l2', 'l3']
      .flatMap((phase) => {
        const value = of(`${name}_${phase}`);
        return value === null ? [] : [`${phase.toUpperCase()} ${numberText(value, decimals)}`];
      })
      .join('  ');
  const power = of('power');
  const [inward, outward] = role === 'battery' ? ['charges', 'discharges'] : ['import', 'export'];
  const way = power === null || power === 0 ? '' : power > 0 ? inward : outward;
  const total = power === null ? 'not available' : `${numberText(power, 1)} W  ${way}`;
  const frequency = of('frequency');
  const charge = of('state_of_charge');
  const rows: [string, string][] = [
    ['power', `${total.padEnd(22)}  ${phases('power', 1)}`],
    ['voltage', unitText(phases('voltage', 1), 'V')],
    ['current', unitText(phases('current', 2), 'A')],
    ['frequency', frequency === null ? '' : `${frequency.toFixed(2)} Hz`],
    ['energy import', energyText(of('energy_import'), look.stepWs)],
    ['energy export', energyText(of('energy_export'), look.stepWs)],
    ['charge', charge === null ? '' : `${(charge * 100).toFixed(1)} %`],
  ];
  return [
    ...rows.flatMap(([label, text]) =>
      text === '' ? [] : [`  ${label.padEnd(16)}${text.trimEnd()}`],
    ),
    ...look.checks.map(
      ({ isGood, sentence }) => `  check  ${isGood ? 'ok   ' : 'WRONG'}  ${sentence}`,
    ),
  ];
}

/** Null for what is a text, too. */
export function numberIn({ values }: Pick<Look, 'values'>, name: string): number | null {
  const value = values[name] ?? null;
  return typeof value === 'number' ? value : null;
}

function unitText(values: string, unit: string): string {
  return values === '' ? '' : `${values} ${unit}`;
}

function energyText(energyWs: number | null, stepWs: number | null): string {
  if (energyWs === null) return '';
  const step = stepWs === null ? '' : `   step ${numberText(stepWs / 3600, 2)} Wh`;
  return `${numberText(energyWs / WS_PER_KWH, 3)} kWh${step}`;
}
