/** The names that profiles give to values, and the units that makers count them in. */

/** What is measured, and in which inner unit: W, Ws, V, A, Hz, share, text... */
export type Dimension =
  | 'power'
  | 'energy'
  | 'voltage'
  | 'current'
  | 'frequency'
  | 'share'
  | 'reactive'
  | 'apparent'
  | 'number'
  | 'text';

interface Unit {
  dimension: Dimension;
  /** How many of the inner unit one is. */
  factor: number;
}

export const UNITS = {
  W: { dimension: 'power', factor: 1 },
  kW: { dimension: 'power', factor: 1_000 },
  Wh: { dimension: 'energy', factor: 3_600 },
  kWh: { dimension: 'energy', factor: 3_600_000 },
  MWh: { dimension: 'energy', factor: 3_600_000_000 },
  V: { dimension: 'voltage', factor: 1 },
  A: { dimension: 'current', factor: 1 },
  Hz: { dimension: 'frequency', factor: 1 },
  '%': { dimension: 'share', factor: 0.01 },
  var: { dimension: 'reactive', factor: 1 },
  kvar: { dimension: 'reactive', factor: 1_000 },
  VA: { dimension: 'apparent', factor: 1 },
  kVA: { dimension: 'apparent', factor: 1_000 },
  '1': { dimension: 'number', factor: 1 },
  text: { dimension: 'text', factor: 1 },
} as const satisfies Readonly<Record<string, Unit>>;
export type UnitName = keyof typeof UNITS;
export const UNIT_NAMES = Object.keys(UNITS) as UnitName[];

/**
 * Names of values; every profile uses the same. Powers and currents are positive into the metered
 * thing: a grid meter's imports, a battery's charging, a load's consumption. What a solar inverter
 * makes is negative, and its energy is `energy_export`.
 */
const DIMENSIONS = {
  power: 'power',
  power_l1: 'power',
  power_l2: 'power',
  power_l3: 'power',
  voltage_l1: 'voltage',
  voltage_l2: 'voltage',
  voltage_l3: 'voltage',
  current_l1: 'current',
  current_l2: 'current',
  current_l3: 'current',
  frequency: 'frequency',
  energy_import: 'energy',
  energy_import_l1: 'energy',
  energy_import_l2: 'energy',
  energy_import_l3: 'energy',
  energy_export: 'energy',
  energy_export_l1: 'energy',
  energy_export_l2: 'energy',
  energy_export_l3: 'energy',
  reactive_power: 'reactive',
  apparent_power: 'apparent',
  power_factor: 'number',
  dc_power: 'power',
  /** At the grid side of an inverter, which may carry sun and battery at once. */
  inverter_power: 'power',
  /** At the cells. */
  battery_power: 'power',
  state_of_charge: 'share',
  battery_charge: 'share',
  battery_capacity: 'energy',
  max_charge_power: 'power',
  max_discharge_power: 'power',
  state: 'number',
  serial: 'text',
  model: 'text',
  firmware: 'text',
} as const satisfies Readonly<Record<string, Dimension>>;

export type PointName = keyof typeof DIMENSIONS;
export const POINT_NAMES = Object.keys(DIMENSIONS) as PointName[];

export function dimensionOf(name: PointName): Dimension {
  return DIMENSIONS[name];
}
