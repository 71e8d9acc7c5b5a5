/** What the devices on a bus need of it, by their profiles. */
import type { BusSettings } from '../config/buses.ts';
import type { Profile } from './profile-types.ts';

/**
 * The bus with times that suit all of them: the longest that a profile asks for, where the settings
 * say nothing.
 */
export function busFor(
  bus: BusSettings,
  profiles: readonly Pick<Profile, 'timing'>[],
): BusSettings {
  const timed = { ...bus };
  for (const name of bus.byDefault) {
    timed[name] = Math.max(bus[name], ...profiles.map(({ timing }) => timing[name] ?? 0));
  }
  return timed;
}
