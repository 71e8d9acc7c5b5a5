/** Whether what a meter says can be right: the sums of its own values, and hints about signs. */
import type { PointName } from '../../drivers/vocabulary.ts';

/** Values by name, inner units; missing: not measured or not available. */
export type Values = ReadonlyMap<PointName, number>;

export interface Check {
  name: 'phase-sum' | 'apparent' | 'voltage' | 'frequency' | 'sign' | 'profile';
  isGood: boolean;
  sentence: string;
}

const PHASES = ['l1', 'l2', 'l3'] as const;
const SUM_SHARE = 0.05;
const SUM_W = 20;
/** Power, voltage and current are rounded apart, and not of the same moment. */
const APPARENT_SHARE = 1.1;
const APPARENT_W = 30;
const VOLTAGE_V = [80, 300] as const;
const FREQUENCY_HZ = [45, 65] as const;

export function checkValues(values: Values): Check[] {
  const voltages = phasesOf(values, 'voltage').filter((voltage) => voltage !== 0);
  const frequency = values.get('frequency');
  return [
    phaseSum(values),
    apparent(values),
    inRange('voltage', 'V', voltages, VOLTAGE_V),
    inRange('frequency', 'Hz', frequency === undefined ? [] : [frequency], FREQUENCY_HZ),
    signHint(values),
  ].flatMap((check) => check ?? []);
}

function phaseSum(values: Values): Check | null {
  const total = values.get('power');
  const phases = phasesOf(values, 'power');
  if (total === undefined || phases.length !== PHASES.length) return null;
  const sum = phases.reduce((one, two) => one + two, 0);
  const through = phases.reduce((one, two) => one + Math.abs(two), 0);
  const offW = Math.abs(sum - total);
  const share = offW / Math.max(1, Math.abs(total), through);
  const isGood = offW <= SUM_W || share <= SUM_SHARE;
  const percent = `${(share * 100).toFixed(1)} %`;
  const sentence = isGood
    ? `sum of phases = total (${percent} off)`
    : `phases add up to ${Math.round(sum)} W, total is ${Math.round(total)} W (${percent} off)`;
  return { name: 'phase-sum', isGood, sentence };
}

function apparent(values: Values): Check | null {
  const wrong: string[] = [];
  let looked = 0;
  for (const phase of PHASES) {
    const powerW = values.get(`power_${phase}`);
    const voltageV = values.get(`voltage_${phase}`);
    const currentA = values.get(`current_${phase}`);
    if (powerW === undefined || voltageV === undefined || currentA === undefined) continue;
    looked += 1;
    const mostW = Math.abs(voltageV * currentA) * APPARENT_SHARE + APPARENT_W;
    if (Math.abs(powerW) > mostW) wrong.push(phase.toUpperCase());
  }
  if (looked === 0) return null;
  const isGood = wrong.length === 0;
  const sentence = isGood ? '|P| <= |V*I|' : `|P| > |V*I| on ${wrong.join(', ')}: wrong scale?`;
  return { name: 'apparent', isGood, sentence };
}

function inRange(
  name: 'voltage' | 'frequency',
  unit: string,
  all: readonly number[],
  [least, most]: readonly [number, number],
): Check | null {
  if (all.length === 0) return null;
  const wrong = all.filter((value) => value < least || value > most);
  const list = wrong.map((value) => `${value.toFixed(1)} ${unit}`).join(', ');
  const isGood = wrong.length === 0;
  const sentence = isGood
    ? `${name} within ${least} to ${most} ${unit}`
    : `${name} ${list}: wrong profile?`;
  return { name, isGood, sentence };
}

/** Mixed signs are right where a phase feeds in, and else a transformer that is turned round. */
function signHint(values: Values): Check | null {
  const signs = PHASES.flatMap((phase) => {
    const powerW = values.get(`power_${phase}`);
    return powerW === undefined || Math.abs(powerW) < SUM_W ? [] : [{ phase, powerW }];
  });
  const out = signs.filter(({ powerW }) => powerW < 0).map(({ phase }) => phase.toUpperCase());
  if (out.length === 0 || out.length === signs.length) return null;
  const list = out.join(' and ');
  const sentence = `${list} exports while others import: generation on ${list}, or a turned clamp`;
  return { name: 'sign', isGood: true, sentence };
}

function phasesOf(values: Values, kind: 'power' | 'voltage'): number[] {
  return PHASES.flatMap((phase) => values.get(`${kind}_${phase}`) ?? []);
}
