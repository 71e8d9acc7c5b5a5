/** Serial ports, buses, meters and relays, as `doctor` sees them. */
import { BusError, FileError } from '../../../host/ports.ts';
import type { BusSettings } from '../../config/buses.ts';
import { connectionText } from '../../config/buses.ts';
import { checkRequired } from '../../drivers/probe.ts';
import { CliError } from '../command.ts';
import { lookAt, numberIn } from '../meter/look.ts';
import { profileNamed } from '../meter/profiles.ts';
import { type Device, devicesOf, reach } from '../meter/reach.ts';
import { type Finding, failed, type Patient, warned, well } from './finding.ts';

/** Above this the USB adapter holds answers back. Its own unit, ms. */
const LATENCY_MS = 1;
const ERROR_SHARE = 0.01;
const BY_ID = '/dev/serial/by-id';

export function serialPorts({ host, settings }: Patient): Finding[] {
  return settings.buses.flatMap(({ name, connection }) => {
    if (connection.kind !== 'serial') return [];
    const label = `serial ${name}`;
    const device = host.machine.link(connection.path);
    if (device === null) {
      const there = host.machine.names(BY_ID).map((each) => `${BY_ID}/${each}`);
      return [
        failed(
          label,
          `${connection.path} is not there`,
          'the adapter is not plugged in, or has another name now',
          there.length === 0 ? 'plug it in; dmesg shows it' : `ports here: ${there.join(', ')}`,
        ),
      ];
    }
    return [...nameFindings(label, connection.path), ...portFindings({ host }, label, device)];
  });
}

function nameFindings(label: string, path: string): Finding[] {
  if (!/\/ttyUSB\d|\/ttyACM\d/.test(path)) return [];
  const what = `${path} may be another port after the next start`;
  return [warned(label, what, null, `name it by ${BY_ID} or, of equal adapters, by by-path`)];
}

function portFindings({ host }: Pick<Patient, 'host'>, label: string, device: string): Finding[] {
  const found: Finding[] = [];
  const tty = device.split('/').at(-1) ?? '';
  const holders = holdersOf({ host }, device).filter((each) => !each.includes('transax'));
  if (holders.length > 0) {
    found.push(
      failed(
        label,
        `${device} is open in ${holders.join(', ')} too`,
        'two programs on one port take each other’s answers',
        'end the other program',
      ),
    );
  }
  const latency = host.machine.text(`/sys/class/tty/${tty}/device/latency_timer`)?.trim();
  if (latency !== undefined && Number(latency) > LATENCY_MS) {
    const file = `/sys/class/tty/${tty}/device/latency_timer`;
    const what = `the adapter holds answers back for ${latency} ms`;
    found.push(warned(label, what, 'FTDI latency timer', `echo 1 | sudo tee ${file}`));
  }
  return found.length > 0 ? found : [well(label, device)];
}

/** Programs that have a file open, of those that may be looked at. */
function holdersOf({ host }: Pick<Patient, 'host'>, device: string): string[] {
  const { machine } = host;
  return machine
    .names('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) =>
      machine
        .names(`/proc/${pid}/fd`)
        .some((fd) => machine.link(`/proc/${pid}/fd/${fd}`) === device),
    )
    .map((pid) => `${machine.text(`/proc/${pid}/comm`)?.trim() ?? '?'} (${pid})`);
}

export function busErrors({ status }: Patient): Finding[] {
  return (status?.buses ?? []).map((bus) => {
    const label = `bus ${bus.name}`;
    const total = bus.good + bus.failed;
    const counts = `${bus.failed} of ${total} requests failed, ${bus.reconnects} reconnects`;
    if (total === 0 || bus.failed / total <= ERROR_SHARE) return well(label, counts);
    const cause = 'noise, missing termination, two devices with one address, or a slow device';
    const remedy = '120 ohm at both ends, a lower baud, a longer timeout or gap';
    return warned(label, counts, cause, remedy);
  });
}

export async function meters(patient: Patient): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const device of devicesOf(patient.settings)) found.push(await oneMeter(patient, device));
  return found;
}

async function oneMeter(patient: Patient, device: Device): Promise<Finding> {
  const { host, args } = patient;
  const label =
    device.role === 'battery' && device.name === 'battery' ? 'battery' : `meter ${device.name}`;
  const profile = profileNamed(host, device.profile);
  const way = await reach(host, args, device.bus);
  const bus = way.open();
  try {
    const look = await lookAt(host, bus, device, profile);
    const wrong = look.checks.filter((check) => !check.isGood);
    const power = numberIn(look, 'power');
    const said = `${device.profile} unit ${device.unit} on ${device.bus}, ${look.tookMs} ms`;
    const [unset] = (await checkRequired(bus, device.unit, profile)).filter(
      (each) => !each.isRight,
    );
    if (unset !== undefined) {
      const what = `${said}; its setting ${unset.name} is ${unset.found ?? 'not told'}`;
      return failed(label, what, unset.why, unset.fix);
    }
    if (wrong.length > 0) {
      const list = wrong.map(({ sentence }) => sentence).join('; ');
      return warned(label, said, list, `transax-agent meter read ${device.name}`);
    }
    return well(label, power === null ? said : `${said}, ${Math.round(power)} W`);
  } catch (error) {
    if (!(error instanceof BusError) && !(error instanceof CliError)) throw error;
    const where = connectionText(way.bus.connection);
    const tried = await otherFraming(patient, way.bus, device, way.agent !== null);
    const what = `unit ${device.unit} at ${where} gives no good answer: ${error.message}`;
    if (tried === 'answers') {
      const kind = way.bus.connection.kind === 'tcp' ? 'rtu-tcp' : 'tcp';
      const remedy = `write connection = "${where.replace(/^[a-z-]+:/, `${kind}:`)}"`;
      return failed(label, what, `it answers as ${kind}`, remedy);
    }
    const cause =
      tried === 'silent'
        ? 'tried as tcp and as rtu-tcp: often another client holds the only session'
        : null;
    return failed(label, what, cause, 'power, wiring (A and B), unit; transax-agent meter scan');
  } finally {
    bus.close();
  }
}

/** A gateway that is set to the other framing accepts the connection, and says nothing. */
async function otherFraming(
  { host }: Patient,
  bus: BusSettings,
  device: Device,
  isHeld: boolean,
): Promise<'answers' | 'silent' | 'not tried'> {
  const { connection } = bus;
  // Some devices take one connection alone: not while the agent has it.
  if (connection.kind === 'serial' || isHeld) return 'not tried';
  const kind = connection.kind === 'tcp' ? 'rtu-tcp' : 'tcp';
  const profile = profileNamed(host, device.profile);
  try {
    const other = host.openBus({ ...bus, connection: { ...connection, kind } });
    try {
      await lookAt(host, other, device, profile);
      return 'answers';
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      return error.code === 'exception' ? 'answers' : 'silent';
    } finally {
      other.close();
    }
  } catch (error) {
    if (error instanceof RangeError || error instanceof FileError) return 'not tried';
    throw error;
  }
}

/** @returns chips of the kernel by label, as far as sysfs shows them */
export function relays({ host, settings, status }: Patient): Finding[] {
  const chips = host.machine
    .names('/sys/class/gpio')
    .filter((name) => name.startsWith('gpiochip'))
    .map((name) => host.machine.text(`/sys/class/gpio/${name}/label`)?.trim() ?? '');
  return settings.loads.flatMap((load) => {
    const label = `load ${load.name}`;
    if (load.relays.length === 0) return [];
    for (const relay of load.relays) {
      if (relay.driver !== 'gpio' && relay.driver !== 'gpio-sysfs') continue;
      if (chips.length > 0 && !chips.includes(relay.chip)) {
        const what = `there is no GPIO chip "${relay.chip}"`;
        return [
          failed(label, what, `chips here: ${chips.join(', ')}`, 'correct chip in its relay'),
        ];
      }
      if (host.machine.names('/dev').every((name) => !name.startsWith('gpiochip'))) {
        return [failed(label, 'there is no GPIO chip here', null, 'is this the right board?')];
      }
    }
    const state = status?.following.loads.find(({ name }) => name === load.name);
    if (status !== null && (state === undefined || state.isOn === null)) {
      const remedy = 'power and connection of the relay';
      return [warned(label, 'the state of its relay is not known', null, remedy)];
    }
    const is = state === undefined ? '' : `, ${state.isOn ? 'on' : 'off'}`;
    return [well(label, `${load.relays.map(({ driver }) => driver).join(', ')}${is}`)];
  });
}
