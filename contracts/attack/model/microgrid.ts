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
  state.ceilings.set(feeder, { internalLimitW, externalLimitW });
  changeLimits(state, feeder, internalLimitW, externalLimitW);
}

/** Granters too: below what the owner set, and back up to that. */
export function lowerFeederLimits(
  state: State,
  caller: string,
  feeder: number,
  internalLimitW: number,
  externalLimitW: number,
): void {
  const faults: Faults = new Faults();
  faults.check(isUtility(state, caller), 'NotPermitted');
  const most = state.ceilings.get(feeder);
  faults.check(most !== undefined, 'NoSuchFeeder');
  faults.stop();
  const { internalLimitW: internal = 0, externalLimitW: external = 0 } = most ?? {};
  faults.check(internalLimitW <= internal && externalLimitW <= external, 'AboveCeiling');
  faults.stop();
  changeLimits(state, feeder, internalLimitW, externalLimitW);
}

/** What offers can reach is not changed under them. */
function changeLimits(state: State, feeder: number, internalW: number, externalW: number): void {
  const fromInterval = lastTradableAt(state.calendar, state.now) + 1;
  const limits = { fromInterval, internalLimitW: internalW, externalLimitW: externalW };
  state.limits.get(feeder)?.push(limits);
}

function isUtility(state: State, caller: string): boolean {
  return caller === state.owner || state.granters.has(caller);
}

/** Nothing is granted and nothing becomes the candidate; all else goes on. */
export function setPaused(state: State, caller: string, isPaused: boolean): void {
  const faults = new Faults();
  faults.check(isUtility(state, caller), 'NotPermitted');
  faults.stop();
  state.isPaused = isPaused;
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
  faults.check(isUtility(state, caller), 'NotPermitted');
  faults.check(feeder === 0 || state.limits.has(feeder), 'NoSuchFeeder');
  faults.check(first <= last && last - first < MAX_SUSPENSION, 'BadRange');
  faults.check(last >= currentAt(state.calendar, state.now), 'BadRange');
  faults.stop();
  for (let t = first; t <= last; t++) state.suspended.add(`${feeder}/${t}`);
}
