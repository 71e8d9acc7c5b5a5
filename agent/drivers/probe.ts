/** Whether a device is of a model, and whether it is set as it must be. Reads only. */
import { type Bus, BusError } from '../../host/ports.ts';
import type { Place, Probe, Profile } from './profile-types.ts';
import { readWords } from './read-words.ts';
import { decodeRegister, decodeText, isText, wordsOf } from './registers.ts';
import { baseOf, discoverModels, type ModelBases, modelsOf, onWire } from './sunspec.ts';

export interface ProbeAnswer {
  /** `3 @ 0x000B`, or the SunSpec model. */
  what: string;
  /** What was read, scaled; null for none. */
  value: number | string | null;
  isPassed: boolean;
}

export interface ProbeResult {
  /** All probes passed, and not by zeros alone. */
  isMatch: boolean;
  /** Share of the probes that passed, 0 to 1. */
  score: number;
  /** How many probes there are: of two profiles that match, the one that asked more is surer. */
  asked: number;
  /** Whether the unit answered at all, were it with a refusal. */
  isPresent: boolean;
  answers: ProbeAnswer[];
}

/**
 * Asks a unit what a profile says of its model. A unit that is silent at the first probe is asked
 * no more. @throws BusError with code `closed`: there is no bus
 */
export async function probeProfile(bus: Bus, unit: number, profile: Profile): Promise<ProbeResult> {
  const answers: ProbeAnswer[] = [];
  let isPresent = false;
  const asked = profile.probes.length + (profile.sunspec === null ? 0 : 1);
  const ask = async (what: string, work: () => Promise<Asked>) => {
    const answer = await work().catch((error: unknown) => refusal(what, error));
    isPresent ||= answer.isPresent;
    answers.push({ what, value: answer.value, isPassed: answer.isPassed });
    return answer.isPresent;
  };
  let bases: ModelBases | null = null;
  let goesOn = true;
  if (profile.sunspec !== null) {
    const models = profile.sunspec.models.join(', ');
    goesOn = await ask(`SunSpec model ${models}`, async () => {
      bases = await discover(bus, unit, profile);
      return { what: '', value: null, isPassed: hasModel(profile, bases), isPresent: true };
    });
  }
  for (const probe of profile.probes) {
    if (!goesOn) break;
    goesOn = await ask(describe(probe), () => askProbe(bus, unit, profile, bases, probe));
  }
  const passed = answers.filter(({ isPassed }) => isPassed).length;
  // Many a device answers 0 for whatever it does not have.
  const isTelling = profile.sunspec !== null || answers.some(({ value }) => value !== 0);
  return {
    isMatch: passed === asked && isTelling,
    score: passed / asked,
    asked,
    isPresent,
    answers,
  };
}

export interface RequiredAnswer {
  name: string;
  expected: readonly number[];
  /** What the device is set to; null when it does not say. */
  found: number | null;
  isRight: boolean;
  why: string;
  fix: string;
}

/** The settings without which a device's values are wrong. @throws BusError */
export async function checkRequired(
  bus: Bus,
  unit: number,
  profile: Profile,
): Promise<RequiredAnswer[]> {
  if (profile.required.length === 0) return [];
  const bases = profile.sunspec === null ? null : await discover(bus, unit, profile);
  const answers: RequiredAnswer[] = [];
  for (const { name, oneOf, why, fix, ...place } of profile.required) {
    const found = await readPlace(bus, unit, profile, bases, place).catch((error: unknown) => {
      if (error instanceof BusError && error.code === 'exception') return null;
      throw error;
    });
    const isRight = typeof found === 'number' && oneOf.includes(found);
    const value = typeof found === 'number' ? found : null;
    answers.push({ name, expected: oneOf, found: value, isRight, why, fix });
  }
  return answers;
}

type Asked = ProbeAnswer & { isPresent: boolean };

function refusal(what: string, error: unknown): Asked {
  if (!(error instanceof BusError) || error.code === 'closed') throw error;
  return { what, value: null, isPassed: false, isPresent: error.code === 'exception' };
}

async function askProbe(
  bus: Bus,
  unit: number,
  profile: Profile,
  bases: ModelBases | null,
  probe: Probe,
): Promise<Asked> {
  const raw = await readPlace(bus, unit, profile, bases, probe);
  const value = typeof raw === 'number' ? raw * probe.scale : raw;
  return { what: '', value, isPassed: passes(probe, value), isPresent: true };
}

function passes({ range, oneOf, text }: Probe, value: number | string | null): boolean {
  if (typeof value === 'string') return text !== null && value.includes(text);
  if (value === null) return false;
  if (range !== null) return value >= range[0] && value <= range[1];
  return oneOf?.includes(value) ?? false;
}

async function readPlace(
  bus: Bus,
  unit: number,
  profile: Profile,
  bases: ModelBases | null,
  place: Place,
): Promise<number | string | null> {
  const wire = onWire(profile, bases, place);
  if (wire === null) return null;
  const words = await readWords(bus, unit, wire.function, wire.address, wordsOf(wire.type));
  return isText(wire.type) ? decodeText(wire, words, 0) : decodeRegister(wire, words, 0);
}

function discover(bus: Bus, unit: number, profile: Profile): Promise<ModelBases> {
  return discoverModels(bus, unit, profile.sunspec?.bases ?? [], modelsOf(profile));
}

function hasModel(profile: Profile, bases: ModelBases): boolean {
  const [main] = profile.sunspec?.models ?? [];
  return main !== undefined && baseOf(profile, bases, main) !== null;
}

function describe({ function: code, address }: Place): string {
  return `${code} @ 0x${address.toString(16).toUpperCase().padStart(4, '0')}`;
}
