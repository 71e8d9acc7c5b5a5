/**
 * Where profiles come from: those that ship with the program, and own ones in a folder. An own file
 * never stands in for one that ships: which registers a name means must not depend on a folder.
 */
import type { Files, Resources } from '../../host/ports.ts';
import { editDistance, SettingsError, type SettingsFault } from '../../market/settings/toml.ts';
import { parseProfile } from './parse-profile.ts';
import { ProfileError } from './profile-error.ts';
import type { Foundation, Profile, ProfileKind } from './profile-types.ts';

/** Each is a data file in `agent/drivers/profiles`. */
export const SHIPPED_PROFILES = [
  'abb-b23',
  'carlo-gavazzi-em112',
  'carlo-gavazzi-em24',
  'carlo-gavazzi-em24-e1',
  'carlo-gavazzi-em340',
  'chint-dtsu666',
  'eastron-sdm120',
  'eastron-sdm230',
  'eastron-sdm630',
  'eastron-sdm72d',
  'eastron-sdm72d-v2',
  'janitza-umg',
  'orno-we-516',
  'schneider-iem3155',
  'sunspec-battery-802',
  'sunspec-inverter-103',
  'sunspec-meter-203',
  'sunspec-meter-213',
  'sunspec-storage-124',
  'transax-lab-battery',
] as const;

/** Where people put profiles of their own, one TOML file each, named like the profile. */
export const OWN_PROFILES_FOLDER = '/etc/transax/profiles';

export interface OwnProfiles {
  files: Pick<Files, 'readText' | 'list'>;
  folder: string;
}

export interface ProfileSummary {
  name: string;
  version: number;
  kind: ProfileKind;
  vendor: string;
  title: string;
  foundation: Foundation;
  sources: readonly string[];
  /** What to set on the device. */
  setup: readonly string[];
  /** False for an own file. */
  isShipped: boolean;
}

/**
 * @param own where own files are; without it only those that ship are known
 * @throws ProfileError, SettingsError (faults of the file), FileError
 */
export function loadProfile(resources: Resources, name: string, own?: OwnProfiles): Profile {
  const names = ownNames(own);
  if (isShipped(name)) {
    if (names.includes(name)) throw new ProfileError(shadows(own, name));
    const path = `agent/drivers/profiles/${name}.toml`;
    return parseProfile(resources.text(path), path);
  }
  if (own === undefined || !names.includes(name))
    throw new ProfileError(unknownProfile(name, names));
  const path = pathOf(own, name);
  const profile = parseProfile(own.files.readText(path), path);
  if (profile.name === name) return profile;
  throw new SettingsError(path, [
    { key: 'profile', line: null, message: `must be "${name}", like the file` },
  ]);
}

/**
 * Every profile that can be used, by name. Own files with faults are left out here, and told by
 * `profileFaults`.
 */
export function listProfiles(resources: Resources, own?: OwnProfiles): ProfileSummary[] {
  const summaries: ProfileSummary[] = [];
  for (const name of [...SHIPPED_PROFILES, ...ownNames(own)]) {
    const profile = tried(() => loadProfile(resources, name, own));
    if (profile instanceof Error || summaries.some((each) => each.name === name)) continue;
    const { version, kind, vendor, title, foundation, sources, setup } = profile;
    const isOwn = !isShipped(name);
    const shared = { version, kind, vendor, title, foundation, sources, setup };
    summaries.push({ name, ...shared, isShipped: !isOwn });
  }
  return summaries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What keeps own files from being used, a sentence each. */
export function profileFaults(resources: Resources, own: OwnProfiles): string[] {
  return ownNames(own).flatMap((name) => {
    const profile = tried(() => loadProfile(resources, name, own));
    return profile instanceof Error ? [profile.message] : [];
  });
}

export interface LintResult {
  /** Null when it has faults. */
  profile: Profile | null;
  faults: readonly SettingsFault[];
  /** What is allowed, and should be thought about. */
  warnings: string[];
}

/** Looks a profile file over. @param fileName also for the name that the profile must have */
export function lintProfile(text: string, fileName: string): LintResult {
  try {
    const profile = parseProfile(text, fileName);
    return { profile, faults: [], warnings: warningsOf(profile, fileName) };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return { profile: null, faults: error.faults, warnings: [] };
  }
}

function warningsOf(profile: Profile, fileName: string): string[] {
  const has = (name: string) => profile.points.some((point) => point.name === name);
  const warnings: string[] = [];
  const expected = `${profile.name}.toml`;
  if (fileName.split('/').at(-1) !== expected) warnings.push(`the file must be named ${expected}`);
  if (isShipped(profile.name)) warnings.push(`${profile.name} ships with the program`);
  if (profile.kind === 'meter') {
    for (const name of ['energy_import', 'energy_export']) {
      if (!has(name)) warnings.push(`has no ${name}: it cannot be the meter of the grid`);
    }
    if (!has('voltage_l1')) warnings.push('has no voltage: a scan is less sure of it');
  }
  if (profile.plausible.powerW === null) warnings.push('says no plausible.power');
  return warnings;
}

function ownNames(own: OwnProfiles | undefined): string[] {
  const names = own?.files.list(own.folder) ?? [];
  return names.filter((name) => name.endsWith('.toml')).map((name) => name.replace(/\.toml$/, ''));
}

function pathOf(own: OwnProfiles, name: string): string {
  return `${own.folder}/${name}.toml`;
}

function isShipped(name: string): boolean {
  return (SHIPPED_PROFILES as readonly string[]).includes(name);
}

function shadows(own: OwnProfiles | undefined, name: string): string {
  const path = own === undefined ? name : pathOf(own, name);
  const other = `${name}-own`;
  return `${path} has the name of a profile that ships: give it another one, for example ${other}`;
}

function unknownProfile(name: string, own: readonly string[]): string {
  const known = [...SHIPPED_PROFILES, ...own];
  const [nearest] = [...known].sort((a, b) => editDistance(name, a) - editDistance(name, b));
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  return `there is no profile "${name}"${hint} (known: ${known.join(', ')})`;
}

function tried<T>(work: () => T): T | Error {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}
