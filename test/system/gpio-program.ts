/**
 * Runs in the emulated machine: does to relays and inputs what it is told on stdin, one JSON object
 * a line, by the agent's own drivers. Each answer is one line that begins with `@`.
 */

import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { RelaySettings } from '../../agent/config/relay.ts';
import { lookAtRelay, openRelay } from '../../agent/drivers/relays/open-relay.ts';
import type { GpioInput, GpioLine, HeldRelay } from '../../host/ports.ts';
import { relayWires } from '../../host/relay-wires.ts';

export type GuestStep =
  | { do: 'open'; name: string; relay: RelaySettings; safeOn: boolean }
  | { do: 'set'; name: string; on: boolean }
  | { do: 'read' | 'close' | 'look'; name: string }
  | { do: 'peek'; relay: RelaySettings }
  | { do: 'input'; name: string; by: 'gpio' | 'gpioSysfs'; line: GpioLine }
  | { do: 'file'; path: string; text: string }
  | { do: 'die' };

export type GuestAnswer = { value: boolean | null } | { code: string; message: string };

const wires = relayWires();
const relays = new Map<string, HeldRelay>();
const inputs = new Map<string, GpioInput>();

const noBus = (): never => {
  throw new Error('there is no bus in this machine');
};
const clock = { monotonicMs: () => performance.now(), delay: () => Promise.resolve() };

async function follow(step: GuestStep): Promise<boolean | null> {
  switch (step.do) {
    case 'open':
      relays.set(step.name, openRelay(step.relay, { ...wires, bus: noBus, clock }, step.safeOn));
      return null;
    case 'set':
      await relays.get(step.name)?.set(step.on);
      return null;
    case 'read':
      return (await relays.get(step.name)?.read()) ?? null;
    case 'close':
      await relays.get(step.name)?.close();
      return null;
    case 'peek':
      return lookAtRelay(step.relay, { ...wires, bus: noBus, clock });
    case 'input':
      inputs.set(step.name, await wires[step.by].openInput(step.line));
      return null;
    case 'look':
      return inputs.get(step.name)?.read() ?? null;
    case 'file':
      writeFileSync(step.path, step.text);
      return null;
    case 'die':
      process.kill(process.pid, 'SIGKILL');
      return null;
  }
}

async function answer(line: string): Promise<GuestAnswer> {
  try {
    return { value: await follow(JSON.parse(line) as GuestStep) };
  } catch (error) {
    const { code = 'none', message } = error as Error & { code?: string };
    return { code, message };
  }
}

async function main(): Promise<void> {
  process.stdout.write('@"ready"\n');
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`@${JSON.stringify(await answer(line))}\n`);
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
