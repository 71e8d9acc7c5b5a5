/** Who held the main thread: the samples of a CPU profile that fall into its longest stalls. */
import type { Profiler } from 'node:inspector';

export interface Stall {
  /** Monotonic, us: as the profiler counts. */
  fromUs: number;
  toUs: number;
  /** Of the main thread alone. */
  cpuMs: number;
  wallMs: number;
}

export interface Culprit extends Pick<Stall, 'cpuMs' | 'wallMs'> {
  /** Share of the samples in which a function of the project was on the stack, most first. */
  functions: { name: string; share: number }[];
}

const SHOWN = 8;

export function culpritsOf(stalls: readonly Stall[], profile: Profiler.Profile): Culprit[] {
  const names = stacksOf(profile);
  return stalls.map(({ fromUs, toUs, cpuMs, wallMs }) => {
    const counts = new Map<string, number>();
    let total = 0;
    let atUs = profile.startTime;
    for (const [index, delta] of (profile.timeDeltas ?? []).entries()) {
      atUs += delta;
      if (atUs < fromUs || atUs > toUs) continue;
      const stack = names.get(profile.samples?.[index] ?? -1);
      if (stack === undefined || stack.size === 0) continue;
      total += 1;
      for (const name of stack) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const functions = [...counts]
      .map(([name, count]) => ({ name, share: count / total }))
      .sort((a, b) => b.share - a.share)
      .slice(0, SHOWN);
    return { cpuMs, wallMs, functions };
  });
}

/** What stands on the stack of each node, by name; the idle thread's is empty. */
function stacksOf(profile: Profiler.Profile): Map<number, Set<string>> {
  const stacks = new Map<number, Set<string>>();
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const visit = (id: number, above: ReadonlySet<string>): void => {
    const node = byId.get(id);
    if (node === undefined) return;
    const name = nameOf(node.callFrame);
    const stack = name === null ? above : new Set([...above, name]);
    stacks.set(id, new Set(stack));
    for (const child of node.children ?? []) visit(child, stack);
  };
  const root = profile.nodes[0];
  if (root) visit(root.id, new Set());
  return stacks;
}

function nameOf({ functionName, url, lineNumber }: Profiler.ProfileNode['callFrame']) {
  if (['(garbage collector)', '(program)'].includes(functionName)) return functionName;
  const place = /\/((?:agent|chain|host|market|solver)\/.*)$/.exec(url)?.[1];
  const isPackage = url.includes('/node_modules/');
  if (isPackage)
    return /\/node_modules\/(?:\.[^/]+\/)?((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? null;
  if (place === undefined)
    return functionName.startsWith('(') ? null : url.startsWith('node:') ? url : null;
  return `${place}:${lineNumber + 1} ${functionName}`;
}
