/** The battery, `[battery]`. */
import * as v from 'valibot';
import { energyWs, share } from '../../market/settings/quantities.ts';
import { table } from '../../market/settings/toml.ts';
import type { BatteryCare } from '../loads/battery-hand.ts';
import type { BatteryModel } from '../strategy/battery.ts';
import { BATTERY_CARE } from './loads.ts';
import { MODBUS_UNIT, NAME, positivePower } from './words.ts';

export interface BatterySettings extends BatteryModel {
  /** Name of a device profile. */
  profile: string;
  /** Name of a bus. */
  bus: string;
  unit: number;
  care: BatteryCare;
}

export const BATTERY = v.pipe(
  table({
    profile: v.pipe(v.string('must be text'), v.nonEmpty('must name a profile')),
    bus: NAME,
    unit: v.optional(MODBUS_UNIT, 1),
    capacity: v.pipe(energyWs(), v.minValue(3600, 'must be at least 1 Wh')),
    charge: positivePower(),
    discharge: positivePower(),
    charge_window: v.optional(
      v.pipe(
        v.strictTuple([share(), share()], 'must be two shares, for example ["10 %", "95 %"]'),
        v.check(([low, high]) => low < high, 'must name the lower share first'),
      ),
      ['10 %', '95 %'],
    ),
    efficiency: v.optional(v.pipe(share(), v.minValue(0.3, 'must be at least 30 %')), '90 %'),
    ...BATTERY_CARE,
  }),
  v.forward(
    v.partialCheck(
      [['charge_window'], ['reserve']],
      (battery) => battery.reserve < battery.charge_window[1],
      'must be below the upper end of charge_window',
    ),
    ['reserve'],
  ),
);

export function batteryOf(raw: v.InferOutput<typeof BATTERY>): BatterySettings {
  return {
    profile: raw.profile,
    bus: raw.bus,
    unit: raw.unit,
    capacityWs: raw.capacity,
    chargeW: raw.charge,
    dischargeW: raw.discharge,
    // The reserve is for the house alone: neither sold nor used to follow.
    lowShare: Math.max(raw.charge_window[0], raw.reserve),
    highShare: raw.charge_window[1],
    efficiency: raw.efficiency,
    care: {
      deadManMs: raw.dead_man,
      isVolatile: raw.volatile,
      writesPerDay: raw.writes_per_day,
    },
  };
}
