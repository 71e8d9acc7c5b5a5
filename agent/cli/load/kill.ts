/** `transax-agent load test NAME --kill`: does a load get safe when the agent dies? */
import type { Bus } from '../../../host/ports.ts';
import type { LoadSettings } from '../../config/loads.ts';
import type { AgentSettings } from '../../config.ts';
import { lookAtRelay } from '../../drivers/relays/open-relay.ts';
import type { AgentStatus } from '../../status.ts';
import { type AgentLink, needAgent } from '../agent-link.ts';
import {
  CliError,
  type CommandArgs,
  type CommandHost,
  EXIT,
  type Outcome,
  UsageError,
} from '../command.ts';
import { type KillTestResult, testByKilling } from '../load-test-kill.ts';
import { SocketBus } from '../meter/socket-bus.ts';
import { durationText } from '../output.ts';
import { countOf } from '../words.ts';
import { confirm } from './confirm.ts';
import { giveOrder } from './order.ts';

const WITHIN_SECONDS = 60;
const MOST_SECONDS = 3600;
/** The order ends by itself: the agent that is started again must not turn the load back. */
const ORDER_MS = 20_000;
/** A port that is open here is closed to `load safe`, which tries three times in a second. */
const BUS_LOOK_MS = 2_000;

type RunningStatus = AgentStatus & { pid: number | null };

/** @throws CliError */
export async function testByKillingAgent(
  host: CommandHost,
  args: CommandArgs,
  settings: AgentSettings,
  load: LoadSettings,
): Promise<Outcome> {
  const { name, safe } = load;
  const within = countOf('--seconds', args.options.seconds, WITHIN_SECONDS, MOST_SECONDS);
  if (load.relays.length === 0) throw new UsageError(`${name} has no relay, it is only watched`);
  const agent = await needAgent(host, settings);
  const pid = await killablePid(host, agent);
  const unsafe = safe === 'on' ? 'off' : 'on';
  const what =
    `This turns ${name} ${unsafe}, kills the agent (process ${pid}) and waits until ${name} is ` +
    `${safe} again, for ${within} s at most.`;
  await confirm(host, args, name, what);
  const eye = new RelayEye(host, settings, load, agent);
  let said = '';
  const result = await testByKilling({
    safeOn: safe === 'on',
    withinMs: within * 1000,
    timer: host.timer,
    look: () => eye.look(),
    async leaveSafe() {
      const { data } = await giveOrder(host, args, ({ clock }) => {
        const untilMs = Math.round(Date.parse(clock.at)) + ORDER_MS;
        return { load: name, order: 'override', state: unsafe, until_ms: untilMs };
      });
      said = (data as { sentence: string }).sentence;
    },
    kill() {
      if (host.machine.kill(pid, 'SIGKILL') === 'denied') throw mayNotKill(host, pid);
      eye.isAlone = true;
      host.say(`the agent is killed; looking at the relay of ${name}`);
    },
  });
  return outcomeOf(load, result, { within, problem: eye.problem, said });
}

/** Asked before anything is switched. @throws CliError permission, unknown */
async function killablePid(host: CommandHost, agent: AgentLink): Promise<number> {
  const { pid = null } = await agent.get<Partial<RunningStatus>>('/status');
  const words = pid === null ? [] : (host.machine.text(`/proc/${pid}/cmdline`) ?? '').split('\0');
  // In a container the agent has another number than here, where it may be anybody's.
  if (pid === null || !words.includes('run')) {
    const why = `process ${pid ?? '(not told)'} here is not the agent`;
    const remedy = 'where the agent runs in a container: run this command in there';
    throw new CliError(EXIT.unknown, 'the agent’s process is not found', why, remedy);
  }
  if (host.machine.kill(pid, 'probe') === 'denied') throw mayNotKill(host, pid);
  return pid;
}

function mayNotKill(host: CommandHost, pid: number): CliError {
  const why = `process ${pid} belongs to another user than ${host.machine.user().name}`;
  return new CliError(EXIT.permission, 'the agent may not be killed', why, 'use sudo');
}

/** Looks at the relays of a load: beside the agent while it lives, by itself after that. */
class RelayEye {
  /** The agent is dead. */
  isAlone = false;
  /** Why the last look saw nothing; null: it saw. */
  problem: string | null = null;
  readonly #host: CommandHost;
  readonly #settings: AgentSettings;
  readonly #load: LoadSettings;
  readonly #agent: AgentLink;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(host: CommandHost, settings: AgentSettings, load: LoadSettings, agent: AgentLink) {
    this.#host = host;
    this.#settings = settings;
    this.#load = load;
    this.#agent = agent;
  }

  /** Of several relays one that is not safe is enough. @returns null: not seen just now */
  async look(): Promise<boolean | null> {
    const { relays, safe, name } = this.#load;
    const { timer, wires } = this.#host;
    const isOnBus = relays.some(({ driver }) => driver === 'modbus-coil');
    if (this.isAlone && isOnBus && timer.monotonicMs() - this.#lookedAtMs < BUS_LOOK_MS)
      return null;
    this.#lookedAtMs = timer.monotonicMs();
    const opened: Bus[] = [];
    const bus = (wanted: string): Bus => {
      if (!this.isAlone) return new SocketBus(this.#agent, wanted);
      const own = this.#settings.buses.find((each) => each.name === wanted);
      if (own === undefined) throw new RangeError(`the settings have no bus "${wanted}"`);
      const found = this.#host.openBus(own);
      opened.push(found);
      return found;
    };
    try {
      let isSafe = true;
      for (const relay of relays) {
        const isOn = await lookAtRelay(relay, { ...wires, bus, clock: timer });
        isSafe &&= isOn === (safe === 'on');
      }
      this.problem = null;
      return isSafe === (safe === 'on');
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
      if (this.isAlone) return null;
      // A line of this computer is the agent's alone while it lives.
      const { following } = await this.#agent.get<AgentStatus>('/status');
      return following.loads.find((load) => load.name === name)?.isOn ?? null;
    } finally {
      for (const each of opened) each.close();
    }
  }
}

function outcomeOf(
  { name, safe }: LoadSettings,
  result: KillTestResult,
  { within, problem, said }: { within: number; problem: string | null; said: string },
): Outcome {
  const data = { load: name, safe, ...result, problem };
  if (result.outcome === 'safe') {
    const text = `${name}: ok, ${safe} ${durationText(result.afterMs)} after the agent was killed`;
    return { code: EXIT.good, data, text };
  }
  if (result.outcome === 'never-left') {
    const lines = [
      `${name}: was not seen to leave its safe state; nothing was killed`,
      `  cause  ${problem ?? said}`,
      '  do     see transax-agent load list for what keeps it',
    ];
    return { code: EXIT.refused, data, text: lines.join('\n') };
  }
  const { lastOn } = result;
  const is = lastOn === null ? 'not known' : lastOn ? 'on' : 'off';
  const seen = `last seen ${is}${problem === null ? '' : `; then not seen: ${problem}`}`;
  const lines = [
    `${name}: NOT ${safe} within ${within} s after the agent was killed`,
    `  cause  ${seen}`,
    '  do     transax-agent load safe at once; then check ExecStopPost (systemctl cat ' +
      'transax-agent), wiring, and the auto-off of a network relay (dead_man)',
  ];
  return { code: EXIT.implausible, data, text: lines.join('\n') };
}
