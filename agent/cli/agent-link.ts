/** The running agent, asked over its socket; and what can be said when it does not run. */
import { TransportError } from '../../host/ports.ts';
import type { AgentSettings } from '../config.ts';
import type { ClockView } from '../socket/socket-api.ts';
import { CliError, type CommandHost, EXIT } from './command.ts';
import type { Held } from './command-host.ts';

/** The agent answers within this, or hangs. Real ms. */
const DEADLINE_MS = 5_000;

export interface AgentLink {
  clock: ClockView;
  /** @param T the agent's answer: it is of the same release */
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown, deadlineMs?: number): Promise<{ status: number; data: T }>;
  hold(path: string, body: unknown): Promise<Held>;
}

/**
 * @returns null when no agent runs with these settings
 * @throws CliError `permission`, `unknown` when it hangs or says what is not understood
 */
export async function findAgent(
  host: CommandHost,
  settings: AgentSettings,
): Promise<AgentLink | null> {
  const link = linkTo(host, settings.state.socket);
  try {
    return { ...link, clock: await link.get<ClockView>('/clock') };
  } catch (error) {
    if (error instanceof NoAgent) return null;
    throw error;
  }
}

/** @throws CliError also when no agent runs */
export async function needAgent(host: CommandHost, settings: AgentSettings): Promise<AgentLink> {
  const agent = await findAgent(host, settings);
  if (agent !== null) return agent;
  throw new CliError(
    EXIT.notRunning,
    'the agent does not run, or not with this configuration',
    `nobody answers at ${settings.state.socket}`,
    'systemctl start transax-agent, or transax-agent logs for its last words',
  );
}

/** Nobody listens. */
class NoAgent extends Error {}

function linkTo(host: CommandHost, socket: string): Omit<AgentLink, 'clock'> {
  const ask = async (method: string, path: string, body?: unknown, deadlineMs = DEADLINE_MS) => {
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    try {
      return await host.askUnix(socket, { method, path, deadlineMs, ...text });
    } catch (error) {
      throw explained(error, host, socket);
    }
  };
  return {
    async get<T>(path: string): Promise<T> {
      const { status, body } = await ask('GET', path);
      if (status !== 200) throw strange(status, body);
      return parsed<T>(body);
    },
    async post<T>(path: string, body: unknown, deadlineMs?: number) {
      const answer = await ask('POST', path, body, deadlineMs);
      return { status: answer.status, data: parsed<T>(answer.body) };
    },
    async hold(path, body) {
      try {
        const text = JSON.stringify(body);
        return await host.holdUnix(socket, {
          method: 'POST',
          path,
          body: text,
          deadlineMs: DEADLINE_MS,
        });
      } catch (error) {
        throw explained(error, host, socket);
      }
    },
  };
}

function parsed<T>(body: string): T {
  try {
    return JSON.parse(body) as T;
  } catch {
    throw strange(200, body);
  }
}

function strange(status: number, body: string): CliError {
  return new CliError(
    EXIT.unknown,
    `the agent answers with HTTP ${status}, which is not understood`,
    body.slice(0, 200).replace(/\s+/g, ' '),
    'agent and command should be of the same release: systemctl restart transax-agent',
  );
}

function explained(error: unknown, host: CommandHost, socket: string): unknown {
  if (!(error instanceof TransportError)) return error;
  switch (error.code) {
    case 'unreachable':
      return new NoAgent(error.message);
    case 'refused':
      return notPermitted(host, error.message);
    case 'deadline':
      return new CliError(
        EXIT.unknown,
        'the agent does not answer, though it runs',
        `${socket} was opened, and nothing came back`,
        'systemctl restart transax-agent, and keep what transax-agent logs says',
      );
    default:
      return new CliError(EXIT.unknown, error.message);
  }
}

/** For whatever the system does not permit: who may, and how to become one of them. */
export function notPermitted(host: CommandHost, message: string): CliError {
  const { name, groups } = host.machine.user();
  const group = host.agentUser;
  const join = `sudo usermod -aG ${group} ${name}, then log in anew; or use sudo`;
  return groups.includes(group) || name === group
    ? new CliError(EXIT.permission, message, `${name} may not`, 'use sudo')
    : new CliError(EXIT.permission, message, `${name} is not in the group ${group}`, join);
}
