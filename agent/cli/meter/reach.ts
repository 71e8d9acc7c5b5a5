/**
 * The way to a bus: through the agent where one runs and has it, else directly. So a command never
 * disturbs the agent's own requests, and works without an agent too.
 */
import { BUS_TIMES, type BusSettings, connectionText, readConnection } from '../../config/buses.ts';
import type { MeterSettings } from '../../config/meters.ts';
import type { AgentSettings } from '../../config.ts';
import { busFor } from '../../drivers/bus-for.ts';
import { type AgentLink, findAgent } from '../agent-link.ts';
import {
  CliError,
  type CommandArgs,
  type CommandHost,
  EXIT,
  loadSettings,
  UsageError,
} from '../command.ts';
import { profileNamed } from './profiles.ts';
import { Lending, type ReadBus, SocketBus } from './socket-bus.ts';

export interface Reach {
  bus: BusSettings;
  /** Null: opened directly. */
  agent: AgentLink | null;
  /** @param line what to do otherwise than the settings say, where it is opened directly */
  open(line?: Partial<BusSettings>): ReadBus;
  /** Null where there is nobody to borrow from. */
  lending: Lending | null;
}

/** Something that is read: a meter of the settings, or their battery. */
export type Device = Pick<MeterSettings, 'name' | 'profile' | 'bus' | 'unit' | 'isInverted'> & {
  role: string;
};

export function devicesOf(settings: AgentSettings): Device[] {
  const { battery } = settings;
  const meters = settings.meters.map(({ pollMs: _, ...meter }) => meter);
  if (battery === null) return meters;
  const { profile, bus, unit } = battery;
  return [...meters, { name: 'battery', role: 'battery', profile, bus, unit, isInverted: false }];
}

/** @throws CliError usage */
export function deviceNamed(settings: AgentSettings, name: string): Device {
  const devices = devicesOf(settings);
  const found = devices.find((device) => device.name === name);
  if (found !== undefined) return found;
  const known = devices.map((device) => device.name).join(', ');
  throw new UsageError(`the settings have no meter "${name}"`, null, `one of: ${known}`);
}

/**
 * @param place name of a bus, or an address as in the settings; for an address none are needed
 * @throws CliError, SettingsError
 */
export async function reach(host: CommandHost, args: CommandArgs, place: string): Promise<Reach> {
  const isAddress = /[:/]/.test(place);
  const isThere = host.files.exists(host.resolve(args.config).path);
  const settings = isAddress && !isThere ? null : loadSettings(host, args.config);
  const buses = settings?.buses ?? [];
  const bus = isAddress ? busAt(place, buses) : buses.find(({ name }) => name === place);
  if (bus === undefined) {
    const known = buses.map(({ name }) => name).join(', ');
    const remedy = `one of: ${known}; or an address, such as tcp://192.168.1.20:502`;
    throw new UsageError(`the settings have no bus "${place}"`, null, remedy);
  }
  const isOurs = buses.some(({ name }) => name === bus.name);
  const agent = settings === null || !isOurs ? null : await findAgent(host, settings);
  if (agent !== null && (await hasBus(agent, bus.name))) {
    const lending = new Lending(agent, bus.name, (ms) => host.wait(ms));
    return { bus, agent, lending, open: () => new SocketBus(agent, bus.name) };
  }
  refuseMissingPort(host, bus);
  const profiles = devicesOn(settings, bus.name).map(({ profile }) => profileNamed(host, profile));
  const timed = busFor(bus, profiles);
  const open = (line: Partial<BusSettings> = {}) => host.openBus({ ...timed, ...line });
  return { bus, agent: null, lending: null, open };
}

/** Else it would look like a meter that does not answer. @throws CliError */
function refuseMissingPort(host: CommandHost, { connection }: BusSettings): void {
  if (connection.kind !== 'serial' || host.files.exists(connection.path)) return;
  throw new CliError(
    EXIT.silent,
    `there is no serial port ${connection.path}`,
    null,
    'plug the adapter in; ls /dev/serial/by-id shows the ports there are',
  );
}

function devicesOn(settings: AgentSettings | null, name: string): Device[] {
  return settings === null ? [] : devicesOf(settings).filter(({ bus }) => bus === name);
}

/** The agent opens a bus with its first device; one without any is free. */
async function hasBus(agent: AgentLink, name: string): Promise<boolean> {
  const status = await agent.get<{ buses: { name: string }[] }>('/status');
  return status.buses.some((bus) => bus.name === name);
}

function busAt(place: string, buses: readonly BusSettings[]): BusSettings {
  const connection = readConnection(place);
  if (typeof connection === 'string') throw new UsageError(connection);
  const wireOf = (bus: Pick<BusSettings, 'connection'>) =>
    connectionText(bus.connection).split(' ')[0];
  const known = buses.find((bus) => wireOf(bus) === wireOf({ connection }));
  const name = connectionText(connection);
  return known ?? { name, connection, ...BUS_TIMES, byDefault: [] };
}

/** For a device that gives nothing. */
export function noAnswer(name: string, error: Error, place: string): CliError {
  return new CliError(
    EXIT.silent,
    `${name} gives no good answer`,
    error.message,
    `look at power, wiring (A and B), unit, other clients of ${place}; transax-agent doctor helps`,
  );
}
