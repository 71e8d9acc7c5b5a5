/**
 * A home as an installer leaves it: an emulated house on Modbus TCP, a folder with `agent.toml`,
 * and the agent's program to run there. Whom the agent enrols with is up to the test.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentStatus } from '../../agent/status.ts';
import { TransportError } from '../../host/ports.ts';
import { requestUnix } from '../../host/post-unix.ts';
import { type AgentPlan, agentToml } from '../../testbed/config-files.ts';
import { EmulatedHome } from '../../testbed/emulators/emulated-home.ts';
import type { ModbusServer } from '../../testbed/emulators/modbus-server.ts';
import { GENERATED_START_MS, type HomeSpec } from '../../testbed/homes/community.ts';
import { AGENT, type Ended, type Program, run, Started } from './processes.ts';

const STEPS = 96;
const ASKED_MS = 30_000;

export interface HomeNeeds {
  name?: string;
  feeder?: number;
  loadW?: number;
  pvW?: number;
  hasBattery?: boolean;
  hasBoiler?: boolean;
}

/** The same day over and over, constant but for what wanders within the intervals. */
export function steadyHome(needs: HomeNeeds = {}): HomeSpec {
  const { name = 'home', feeder = 1, loadW = 500, pvW = 0 } = needs;
  const constant = (powerW: number) => new Float64Array(STEPS).fill(powerW);
  return {
    name,
    feeder,
    startsAtMs: GENERATED_START_MS,
    loadW: constant(loadW),
    pvW: constant(pvW),
    battery:
      needs.hasBattery === true
        ? { capacityWs: 36e6, chargeW: 5000, dischargeW: 5000, efficiency: 0.9, initialShare: 0.5 }
        : null,
    // A tank that is never full, so that the relay alone decides.
    switchedLoad:
      needs.hasBoiler === true
        ? { powerW: 2000, energyPerDayWs: 14.4e6, tankWs: 3.6e9, drawW: constant(0) }
        : null,
    maxPowerW: 11_000,
  };
}

export interface InstalledHome {
  folder: string;
  config: string;
  emulated: EmulatedHome;
  /** The line that the meter alone is on. */
  meterLine: { server: ModbusServer; port: number };
  /** Writes `agent.toml`. */
  configure(plan: Partial<AgentPlan>, edit?: (text: string) => string): void;
  /** Runs a command of the agent with this config to its end. */
  command(...words: string[]): Promise<Ended>;
  start(): Started;
  /** Asks at the socket; null while nobody answers. */
  status(): Promise<AgentStatus | null>;
  close(): Promise<void>;
}

/** @param now market time of the emulated house, ms */
export async function installHome(
  parent: string,
  spec: HomeSpec,
  now: () => number,
  program: Program = AGENT,
): Promise<InstalledHome> {
  const folder = join(parent, spec.name);
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'agent.toml');
  const emulated = new EmulatedHome(spec, now, 1);
  const modbusPort = await emulated.listen('127.0.0.1');
  const server = emulated.line([1]);
  const meterLine = { server, port: await server.listen('127.0.0.1') };
  const times = { pollSeconds: 75, tradingPollSeconds: 30, blockSeconds: 15, clock: null };
  const defaults: AgentPlan = { home: spec, modbusPort, follow: true, ...times };
  const configure: InstalledHome['configure'] = (plan, edit = (text) => text) => {
    const text = agentToml({ ...defaults, ...plan });
    const line = `[buses.meter]\nconnection = "tcp://127.0.0.1:${meterLine.port}"\ngap = "0 s"\n`;
    const onLine = text.replace('bus = "house"\nunit = 1', 'bus = "meter"\nunit = 1');
    writeFileSync(config, edit(line + onLine));
  };
  configure({});
  return {
    folder,
    config,
    emulated,
    meterLine,
    configure,
    command: (...words) => run(program, ...words, '--config', config),
    start: () => new Started(program, 'run', '--config', config),
    status: () => askStatus(join(folder, 'agent.sock')),
    async close() {
      await emulated.close();
      await server.close();
    },
  };
}

async function askStatus(socket: string): Promise<AgentStatus | null> {
  try {
    const { body } = await requestUnix(socket, 'GET', '/status', ASKED_MS);
    return JSON.parse(body) as AgentStatus;
  } catch (error) {
    if (error instanceof TransportError) return null;
    throw error;
  }
}
