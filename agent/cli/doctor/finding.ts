/** What a check of `doctor` found. */
import type { AgentSettings } from '../../config.ts';
import type { AgentStatus } from '../../status.ts';
import type { AgentLink } from '../agent-link.ts';
import type { CommandArgs, CommandHost } from '../command.ts';
import type { Mark } from '../output.ts';

export interface Finding {
  /** `meter house`. */
  name: string;
  result: Mark;
  /** What is the case. */
  sentence: string;
  /** Why; null when it is well, or not known. */
  cause: string | null;
  remedy: string | null;
}

/** What checks stand on. */
export interface Patient {
  host: CommandHost;
  args: CommandArgs;
  settings: AgentSettings;
  /** Null when it does not run. */
  agent: AgentLink | null;
  status: AgentStatus | null;
  /** No questions to chain and utility. */
  isOffline: boolean;
}

export function well(name: string, sentence: string): Finding {
  return { name, result: 'ok', sentence, cause: null, remedy: null };
}

export function warned(
  name: string,
  sentence: string,
  cause: string | null,
  remedy: string,
): Finding {
  return { name, result: 'WARN', sentence, cause, remedy };
}

export function failed(
  name: string,
  sentence: string,
  cause: string | null,
  remedy: string | null,
): Finding {
  return { name, result: 'FAIL', sentence, cause, remedy };
}
