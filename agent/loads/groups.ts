/**
 * Loads that depend on each other: interlocks (never two on), fuses (powers of members that are on
 * and the rest of the home stay below), and the operator's limit, which is a fuse of all. Pure.
 */
import type { LoadGroup } from './model.ts';

export interface Member {
  name: string;
  powerW: number;
  /** Null counts as on: it may be. */
  isOn: boolean | null;
  /** What the ladder wants. */
  wantsOn: boolean;
  /** Lower is stronger; among equals the settings' order decides. */
  rank: number;
  /** Whether it may be turned off now (minimum on time, reach of the relay). */
  mayGoOff: boolean;
  /** Whether it may be turned on now. */
  mayGoOn: boolean;
}

/**
 * Members that may be on, by name; all others stay off, or go off when they may.
 * @param restW what flows through a group's fuse besides its members, W
 */
export function allowedOn(
  members: readonly Member[],
  groups: readonly LoadGroup[],
  restW: (group: LoadGroup) => number,
): Set<string> {
  const allowed = new Set<string>();
  const rules = groups.map((group) => ({ group, usedW: Math.max(0, restW(group)), count: 0 }));
  const grant = ({ name, powerW }: Member): void => {
    allowed.add(name);
    for (const rule of rules) {
      if (!rule.group.members.includes(name)) continue;
      rule.usedW += powerW;
      rule.count += 1;
    }
  };
  const fits = ({ name, powerW }: Member): boolean =>
    rules.every(({ group, usedW, count }) => {
      if (!group.members.includes(name)) return true;
      if (group.isInterlock && count > 0) return false;
      return group.maxW === null || usedW + powerW <= group.maxW;
    });
  // What cannot be turned off is on in any case: it comes first.
  const isPinned = (member: Member) => member.isOn !== false && !member.mayGoOff;
  for (const member of members) if (isPinned(member)) grant(member);
  const rest = members
    .filter((member) => member.wantsOn && !isPinned(member))
    .filter((member) => member.isOn === true || member.mayGoOn)
    // Of equals, what is on stays on: no swapping to and fro.
    .sort((a, b) => a.rank - b.rank || Number(b.isOn) - Number(a.isOn));
  for (const member of rest) if (fits(member)) grant(member);
  return allowed;
}

/** Members that must go off at once because a fuse is overloaded, by name, with the group's. */
export function overloaded(
  members: readonly Member[],
  groups: readonly LoadGroup[],
  restW: (group: LoadGroup) => number,
): Map<string, string> {
  const shed = new Map<string, string>();
  for (const group of groups) {
    const { members: names, maxW } = group;
    if (maxW === null) continue;
    // The weakest first; of equals the last of the settings.
    const on = members
      .filter(({ name, isOn }) => names.includes(name) && isOn !== false && !shed.has(name))
      .sort((a, b) => a.rank - b.rank);
    let usedW = Math.max(0, restW(group)) + on.reduce((sum, { powerW }) => sum + powerW, 0);
    const cut: Member[] = [];
    while (usedW > maxW) {
      const last = on.pop();
      if (last === undefined) break;
      cut.push(last);
      usedW -= last.powerW;
    }
    // A small one that was cut in vain before a large one stays on.
    for (const { name, powerW } of cut) {
      if (usedW + powerW <= maxW) usedW += powerW;
      else shed.set(name, group.name);
    }
  }
  return shed;
}

/**
 * Members that the operator's limit wants off, by name: the strongest wishes keep what fits.
 * @param restW what the home draws besides its loads at the least that its battery makes possible;
 * negative while it has power to spare
 */
export function shedByLimit(
  members: readonly Member[],
  limitW: number | null,
  restW: number,
): Set<string> {
  if (limitW === null) return new Set();
  const shed = new Set<string>();
  let usedW = restW;
  const order = [...members].sort(
    (a, b) =>
      Number(b.isOn !== false && !b.mayGoOff) - Number(a.isOn !== false && !a.mayGoOff) ||
      a.rank - b.rank ||
      Number(b.isOn) - Number(a.isOn),
  );
  for (const { name, powerW, isOn, mayGoOff, wantsOn } of order) {
    const isPinned = isOn !== false && !mayGoOff;
    if (isPinned) usedW += powerW;
    else if (usedW + powerW > limitW) shed.add(name);
    else if (wantsOn) usedW += powerW;
  }
  return shed;
}
