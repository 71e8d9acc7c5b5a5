/** A battery that takes set-points over Modbus, by its profile. Positive power charges. */
import type { Bus } from '../../host/ports.ts';
import type { BatteryControl } from './battery-control.ts';
import { derive, partsOf } from './derive.ts';
import { openPercentWindow } from './percent-window.ts';
import { ProfileError } from './profile-error.ts';
import type { Profile } from './profile-types.ts';
import { PointReader } from './read-points.ts';
import type { PointName } from './vocabulary.ts';
import { openWattRegister } from './watt-register.ts';

export interface BatteryState {
  /** What it does now; null when it does not say. */
  powerW: number | null;
  /** 0 to 1; null when it does not say. */
  stateOfCharge: number | null;
}

export interface Battery extends BatteryControl {
  /** @throws BusError */
  read(): Promise<BatteryState>;
}

const STATE: readonly PointName[] = ['power', 'state_of_charge'];

/** @throws ProfileError when the profile is none of a battery that can be controlled. */
export function openBattery(bus: Bus, profile: Profile, unit: number): Battery {
  const control = openControl(bus, profile, unit);
  const names = [...STATE, ...partsOf(profile, STATE)].filter((name) =>
    profile.points.some((each) => each.name === name),
  );
  const reader = new PointReader(bus, unit, profile);
  return {
    setPoint: (powerW, deadManSeconds) => control.setPoint(powerW, deadManSeconds),
    automatic: () => control.automatic(),
    async read() {
      const values = derive(profile, await reader.read(names));
      return {
        powerW: values.get('power')?.value ?? null,
        stateOfCharge: values.get('state_of_charge')?.value ?? null,
      };
    },
  };
}

function openControl(bus: Bus, profile: Profile, unit: number): BatteryControl {
  const { setpoints, name } = profile;
  if (setpoints === null) {
    throw new ProfileError(`profile ${name} is none of a battery that can be controlled`);
  }
  // A set-point is written at each look; memory that wears out would not last a year.
  if (!setpoints.volatile) {
    throw new ProfileError(`the set-points of profile ${name} wear out its memory: not controlled`);
  }
  return setpoints.method === 'watts'
    ? openWattRegister(bus, unit, setpoints)
    : openPercentWindow(bus, unit, profile, setpoints);
}
