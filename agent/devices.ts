/** What hangs on the agent's wires: its buses, and the meters, battery and relays on them. */
import type { Bus, Clock, Files, HeldRelay, RelayWires, Resources } from '../host/ports.ts';
import { BatteryTap } from './battery-tap.ts';
import { type BusSettings, connectionText } from './config/buses.ts';
import type { LoadSettings } from './config/loads.ts';
import type { MeterSettings } from './config/meters.ts';
import type { RelaySettings } from './config/relay.ts';
import type { AgentSettings } from './config.ts';
import { openBattery } from './drivers/battery.ts';
import { busFor } from './drivers/bus-for.ts';
import { type Meter, openMeter } from './drivers/meter.ts';
import { loadProfile, OWN_PROFILES_FOLDER } from './drivers/profile.ts';
import type { Profile } from './drivers/profile-types.ts';
import { openRelay } from './drivers/relays/open-relay.ts';
import type { SideMeter } from './side-metering.ts';
import { SharedBus } from './socket/shared-bus.ts';

export interface DevicePorts {
  clock: Clock;
  files: Files;
  resources: Resources;
  openBus: (bus: BusSettings) => Bus;
  wires: RelayWires;
}

export class Devices {
  readonly #settings: AgentSettings;
  readonly #ports: DevicePorts;
  readonly #relays: HeldRelay[] = [];
  /** Those with a device on them, by name. */
  readonly buses = new Map<string, SharedBus>();

  constructor(settings: AgentSettings, ports: DevicePorts) {
    this.#settings = settings;
    this.#ports = ports;
  }

  meter({ profile, bus, unit, role, isInverted: invert }: MeterSettings): Meter {
    return openMeter(this.#bus(bus), this.#profile(profile), unit, { invert, role });
  }

  sideMeters(): SideMeter[] {
    return this.#settings.meters
      .filter(({ role }) => role !== 'grid')
      .map((meter) => ({ ...meter, meter: this.meter(meter) }));
  }

  battery(settings: NonNullable<AgentSettings['battery']>, intervalSeconds: number): BatteryTap {
    const { clock } = this.#ports;
    const profile = this.#profile(settings.profile);
    const battery = openBattery(this.#bus(settings.bus), profile, settings.unit);
    return new BatteryTap(battery, () => clock.now(), intervalSeconds);
  }

  relay(settings: RelaySettings, { safe }: LoadSettings): HeldRelay {
    const { clock, wires } = this.#ports;
    const bus = (name: string): Bus => this.#bus(name);
    const relay = openRelay(settings, { ...wires, clock, bus }, safe === 'on');
    this.#relays.push(relay);
    return relay;
  }

  busCounters() {
    return this.#settings.buses.flatMap(({ name, connection }) => {
      const bus = this.buses.get(name);
      return bus === undefined
        ? []
        : [{ name, connection: connectionText(connection), ...bus.counters() }];
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#relays.map((relay) => relay.close()));
    for (const bus of this.buses.values()) bus.close();
  }

  /** One that ships, or one of the people's own. */
  #profile(name: string): Profile {
    const { resources, files } = this.#ports;
    return loadProfile(resources, name, { files, folder: OWN_PROFILES_FOLDER });
  }

  /** Opened with the first device on it. @param name of the settings, which were checked */
  #bus(name: string): Bus {
    const settings = this.#settings.buses.find((bus) => bus.name === name);
    if (settings === undefined) throw new RangeError(`the settings have no bus "${name}"`);
    const known = this.buses.get(name);
    if (known !== undefined) return known;
    const { openBus, clock } = this.#ports;
    const { meters, battery } = this.#settings;
    const devices = [...meters, ...(battery === null ? [] : [battery])];
    const profiles = devices.filter((each) => each.bus === name).map((each) => each.profile);
    const timed = busFor(
      settings,
      profiles.map((profile) => this.#profile(profile)),
    );
    const bus = new SharedBus(name, openBus(timed), clock);
    this.buses.set(name, bus);
    return bus;
  }
}
