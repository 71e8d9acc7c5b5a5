/**
 * Profiles: one data file per device model, that says in which register each value is (design:
 * field). Strict: a key that is not known is a fault, named with its line.
 */
import { readSettings, SettingsError, type SettingsFault } from '../../market/settings/toml.ts';
import { type KeyPath, keyLines, lineOf } from '../../market/settings/toml-lines.ts';
import { findProfileFaults } from './profile-faults.ts';
import { PROFILE_SCHEMA, type RawProfile } from './profile-schema.ts';
import type { Derived, Line, Place, Point, Profile } from './profile-types.ts';
import { rolloverOf } from './registers.ts';
import { POINT_NAMES, UNITS } from './vocabulary.ts';

/**
 * @param fileName for the messages only
 * @throws SettingsError with all faults
 */
export function parseProfile(text: string, fileName: string): Profile {
  const raw = readSettings(text, PROFILE_SCHEMA, fileName);
  const profile = profileOf(raw);
  const faults = findProfileFaults(raw, profile);
  if (faults.length === 0) return profile;
  const lines = keyLines(text);
  const placed = faults.map(
    ({ path, message }): SettingsFault => ({
      key: path.join('.'),
      line: lineOf(lines, path as KeyPath),
      message,
    }),
  );
  placed.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  throw new SettingsError(fileName, placed);
}

function profileOf(raw: RawProfile): Profile {
  const { transport, limits, sunspec, plausible } = raw;
  const place = placer(raw);
  return {
    name: raw.profile,
    version: raw.version,
    kind: raw.kind,
    vendor: raw.vendor,
    title: raw.title,
    foundation: raw.foundation,
    sources: raw.sources,
    setup: raw.setup,
    transport: {
      links: transport.links,
      rtu: lineSettings(transport.rtu),
      alternates: transport.alternates.map(lineSettings),
      unit: transport.unit,
    },
    maxRegisters: limits.max_registers,
    maxGap: limits.max_gap,
    timing: {
      gapMs: limits.gap ?? null,
      timeoutMs: limits.timeout ?? null,
      connectDelayMs: limits.connect_delay ?? null,
    },
    sunspec: sunspec ?? null,
    points: pointsOf(raw, place),
    derived: derivedOf(raw),
    probes: raw.probe.map((probe) => ({
      ...place(probe),
      scale: probe.scale ?? 1,
      range: probe.range ?? null,
      oneOf: probe.one_of ?? null,
      text: probe.text ?? null,
    })),
    required: raw.require.map((setting) => ({
      ...place(setting),
      name: setting.name,
      oneOf: setting.one_of,
      why: setting.why,
      fix: setting.fix,
    })),
    plausible: {
      powerW: plausible.power ?? null,
      voltageV: plausible.voltage ?? null,
      sumShare: plausible.sum_tolerance ?? null,
    },
    setpoints: raw.setpoints ?? null,
  };
}

type RawPlace = Pick<
  NonNullable<RawProfile['points']['power']>,
  'address' | 'function' | 'type' | 'order' | 'nan' | 'model'
>;

function placer({ defaults, sunspec }: RawProfile) {
  return (raw: RawPlace): Place => ({
    function: raw.function ?? defaults.function,
    address: raw.address,
    type: raw.type ?? defaults.type,
    order: raw.order ?? defaults.order,
    nan: raw.nan ?? defaults.nan,
    model: raw.model ?? sunspec?.models[0] ?? null,
  });
}

function pointsOf(raw: RawProfile, place: (raw: RawPlace) => Place): Point[] {
  return POINT_NAMES.flatMap((name): Point[] => {
    const point = raw.points[name];
    if (point === undefined) return [];
    const placed = place(point);
    const scale = (point.scale ?? 1) * (point.sign === -1 ? -1 : 1);
    const unit = UNITS[point.unit].factor;
    const counts = point.max === undefined ? null : point.max / (point.scale ?? 1);
    return [
      {
        ...placed,
        name,
        factor: scale * unit,
        scaleAddress: point.sf ?? null,
        isMagnitude: point.sign === 'abs',
        group: point.group ?? raw.defaults.group,
        isOptional: point.optional ?? false,
        rawMax: counts ?? rolloverOf(placed.type),
        resolution: (point.resolution ?? 0) * unit,
      },
    ];
  });
}

function derivedOf(raw: RawProfile): Derived[] {
  return POINT_NAMES.flatMap((name): Derived[] => {
    const rule = raw.derived[name];
    if (rule?.sum !== undefined) return [{ name, rule: 'sum', of: rule.sum }];
    if (rule?.first !== undefined) return [{ name, rule: 'first', of: rule.first }];
    return [];
  });
}

function lineSettings(raw: RawProfile['transport']['rtu']): Line {
  return { baud: raw.baud, parity: raw.parity, stopBits: raw.stop_bits };
}
