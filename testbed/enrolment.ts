/**
 * Enrols the meters of a neighbourhood by the real commands: each meter makes its wallet and a
 * request code (`transax-agent enrol`), the utility adds it (`transax-operator meter add`).
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Children } from './children.ts';

/** Up to so many meters each command is a process of its own, as on site; more share one. */
const OWN_PROCESSES = 24;
/** Processes at the same time: each needs a core for half a second. */
const AT_ONCE = 2;

export interface MeterToEnrol {
  name: string;
  /** Its `agent.toml`. */
  config: string;
  feeder: number;
  maxPowerW: number;
}

export interface EnrolmentPlace {
  children: Children;
  /** For lists of commands. */
  directory: string;
  operatorConfig: string;
  gridFile: string;
  /** All commands of a kind in one process, however few there are. */
  isShared?: boolean;
}

/**
 * @returns each meter's id, in lower case, in the order of the meters
 * @throws ChildError when a command fails
 */
export async function enrolAll(meters: MeterToEnrol[], place: EnrolmentPlace): Promise<string[]> {
  const codes = await runCommands(
    'agent',
    meters.map((meter) => ['enrol', place.gridFile, '--config', meter.config]),
    place,
  );
  const added = await runCommands(
    'operator',
    meters.map((meter, at) => addCommand(meter, codes[at] ?? '', place.operatorConfig)),
    place,
  );
  return added.map((text) => {
    const meterId = /0x[0-9a-fA-F]{40}/.exec(text)?.[0];
    if (meterId === undefined) throw new Error(`meter add named no meter: ${text}`);
    return meterId.toLowerCase();
  });
}

function addCommand(meter: MeterToEnrol, code: string, config: string): string[] {
  const limits = ['--feeder', String(meter.feeder), '--max-w', String(meter.maxPowerW)];
  return ['meter', 'add', code.trim(), ...limits, '--config', config];
}

/** @returns what each command printed, in their order */
async function runCommands(
  program: 'agent' | 'operator',
  commands: string[][],
  place: EnrolmentPlace,
): Promise<string[]> {
  const { children } = place;
  const name = `transax-${program} ${commands[0]?.[0] ?? ''}`;
  if (place.isShared === true || commands.length > OWN_PROCESSES) {
    const list = join(place.directory, `${program}-commands.json`);
    writeFileSync(list, JSON.stringify(commands));
    const lines = await children.command(name, ['testbed/commands-host.ts', program, list]);
    return lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as string);
  }
  const printed: string[] = [];
  const waiting = commands.entries();
  const worker = async () => {
    for (const [at, argv] of waiting) {
      printed[at] = await children.command(name, [`${program}/main.ts`, ...argv]);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return printed;
}
