/** The grid: limits that change with notice, suspensions, who grants. */
import { currentAt, lastTradableAt } from './calendar.ts';
import { Faults } from './faults.ts';
import type { State } from './state.ts';

const MAX_SUSPENSION = 4_096;

export function setFeederLimits(
  state: State,
  caller: string,
  feeder: number,
  internalLimitW: number,
  externalLimitW: number,
): void {
  const faults: Faults = new Faults();
  faults.check(caller === state.owner, 'NotOwner');
  const versions = state.limits.get(feeder);
  faults.check(versions !== undefined, 'NoSuchFeeder');
  faults.stop();
  // What offers can reach is not changed under them.
  const fromInterval = lastTradableAt(state.calendar, state.now) + 1;
  versions?.push({ fromInterval, internalLimitW, externalLimitW });
}

export function setGranter(state: State, caller: string, holder: string, held: boolean): void {
  const faults = new Faults();
  faults.check(caller === state.owner, 'NotOwner');
  faults.stop();
  if (held) state.granters.add(holder);
  else state.granters.delete(holder);
}

export function suspend(
  state: State,
  caller: string,
  feeder: number,
  first: number,
  last: number,
): void {
  const faults: Faults = new Faults();
  faults.check(caller === state.owner || state.granters.has(caller), 'NotPermitted');
  faults.check(feeder === 0 || state.limits.has(feeder), 'NoSuchFeeder');
  faults.check(first <= last && last - first < MAX_SUSPENSION, 'BadRange');
  faults.check(last >= currentAt(state.calendar, state.now), 'BadRange');
  faults.stop();
  for (let t = first; t <= last; t++) state.suspended.add(`${feeder}/${t}`);
}
