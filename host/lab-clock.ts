/** Which clock a process runs on, from the lab setting `clock` of its configuration. */

import type { Clock } from './ports.ts';
import { scaledClock } from './scaled-clock.ts';
import { connectSteppedClock } from './stepped-socket.ts';
import { systemClock } from './system-clock.ts';

const NUMBER = '(\\d+(?:\\.\\d+)?)';
const SCALED = new RegExp(`^scaled:${NUMBER}:${NUMBER}:${NUMBER}$`);

/**
 * @param setting undefined: this machine's clock; `scaled:START_MS:WALL_ORIGIN_MS:FACTOR`; or
 *   `stepped:/path/of/the/conductor.sock`.
 * @param name how the component calls itself to the conductor.
 * @throws Error when the setting is none of these, or there is no conductor.
 */
export async function openClock(setting: string | undefined, name: string): Promise<Clock> {
  if (setting === undefined) return systemClock();
  if (setting.startsWith('stepped:')) {
    return connectSteppedClock(setting.slice('stepped:'.length), name);
  }
  const scaled = SCALED.exec(setting);
  if (scaled === null) {
    throw new Error(
      `[lab] clock = "${setting}" is not a clock: ` +
        'give scaled:START_MS:WALL_ORIGIN_MS:FACTOR or stepped:/SOCKET',
    );
  }
  const [startsAtMs = 0, wallOriginMs = 0, factor = 1] = scaled.slice(1).map(Number);
  return scaledClock({ startsAtMs, wallOriginMs, factor });
}
