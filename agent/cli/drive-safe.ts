/**
 * Every relay to the safe state of its load, the battery to its own automatic mode, by the settings
 * and the devices alone.
 */
import type { Bus, Clock, Files, RelayWires, Resources } from '../../host/ports.ts';
import type { BusSettings } from '../config/buses.ts';
import type { LoadSettings } from '../config/loads.ts';
import type { AgentSettings } from '../config.ts';
import { openBattery } from '../drivers/battery.ts';
import { loadProfile, OWN_PROFILES_FOLDER } from '../drivers/profile.ts';
import { openRelay } from '../drivers/relays/open-relay.ts';

const TRIES = 3;
const RETRY_MS = 500;

/** What became of one device. */
export interface SafeReport {
  /** `loads.boiler`, `battery`. */
  name: string;
  /** Its safe state in words. */
  safe: 'on' | 'off' | 'automatic';
  /** Null: it is in its safe state. */
  problem: string | null;
}

export interface SafePorts {
  openBus(bus: BusSettings): Bus;
  wires: RelayWires;
  timer: Pick<Clock, 'delay' | 'monotonicMs'>;
  resources: Resources;
  files: Files;
}

/** All at once, so that one that is silent does not keep the others waiting. */
export async function driveSafe(settings: AgentSettings, ports: SafePorts): Promise<SafeReport[]> {
  const buses = new Map<string, Bus>();
  const bus = (name: string): Bus => {
    const known = buses.get(name) ?? ports.openBus(busSettings(settings, name));
    buses.set(name, known);
    return known;
  };
  const { wires, timer } = ports;
  const relays = settings.loads.flatMap(safeRelays).map(async (each): Promise<SafeReport> => {
    const { name, safe, relay: wired } = each;
    const problem = await tried(async () => {
      const relay = openRelay(wired, { ...wires, bus, clock: timer }, safe === 'on');
      await relay.set(safe === 'on').finally(() => relay.close());
    }, timer);
    return { name, safe, problem };
  });
  const reports = await Promise.all([...relays, ...batteryOf(settings, { ...ports, bus })]);
  for (const opened of buses.values()) opened.close();
  return reports;
}

/** The relays of a load, each with the state that is safe for it; a heat pump's are both off. */
function safeRelays({ name, safe, relays }: LoadSettings) {
  return relays.map((relay) => ({ name: `loads.${name}`, safe, relay }));
}

function batteryOf(
  { battery: settings }: AgentSettings,
  ports: Pick<SafePorts, 'timer' | 'resources' | 'files'> & { bus(name: string): Bus },
): Promise<SafeReport>[] {
  if (settings === null) return [];
  const work = async (): Promise<SafeReport> => {
    const problem = await tried(async () => {
      const { resources, files } = ports;
      const own = { files, folder: OWN_PROFILES_FOLDER };
      const profile = loadProfile(resources, settings.profile, own);
      await openBattery(ports.bus(settings.bus), profile, settings.unit).automatic();
    }, ports.timer);
    return { name: 'battery', safe: 'automatic', problem };
  };
  return [work()];
}

function busSettings({ buses }: AgentSettings, name: string) {
  const settings = buses.find((bus) => bus.name === name);
  if (settings === undefined) throw new RangeError(`the settings have no bus "${name}"`);
  return settings;
}

/** A line that was busy, or a frame that was lost, gets another chance. @returns the problem */
async function tried(work: () => Promise<void>, timer: SafePorts['timer']): Promise<string | null> {
  for (let left = TRIES; ; left -= 1) {
    try {
      await work();
      return null;
    } catch (error) {
      if (left <= 1) return error instanceof Error ? error.message : String(error);
    }
    await timer.delay(RETRY_MS, new AbortController().signal);
  }
}
