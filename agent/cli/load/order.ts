/** Orders for loads, to the agent that runs: it alone knows limits and minimum times. */
import type { OrderEnd } from '../../socket/socket-api.ts';
import { type AgentLink, needAgent } from '../agent-link.ts';
import {
  CliError,
  type Command,
  type CommandArgs,
  type CommandHost,
  EXIT,
  type ExitCode,
  loadSettings,
  type Outcome,
  UsageError,
} from '../command.ts';
import { durationOf } from '../words.ts';

const CODES: Readonly<Record<OrderEnd['result'], ExitCode>> = {
  done: EXIT.good,
  refused: EXIT.refused,
  'unknown-load': EXIT.usage,
  silent: EXIT.silent,
};
/** A relay may be slow, and its feedback by the meter takes longer. Real ms. */
const DEADLINE_MS = 60_000;
const LEAST_MS = 60_000;

interface Asked {
  load: string;
  order: 'on' | 'off' | 'auto' | 'override' | 'test';
  state?: 'on' | 'off';
  until_ms?: number;
  seconds?: number;
  force?: boolean;
}

/** @throws CliError with the reason when it is not done */
export async function giveOrder(
  host: CommandHost,
  args: CommandArgs,
  order: (agent: AgentLink) => Asked,
): Promise<Outcome> {
  const settings = loadSettings(host, args.config);
  const agent = await needAgent(host, settings);
  const asked = order(agent);
  const { status, data } = await agent.post<OrderEnd & { error?: string }>(
    '/loads/order',
    asked,
    DEADLINE_MS + (asked.seconds ?? 0) * 1000,
  );
  if (status !== 200) throw new CliError(EXIT.unknown, `the agent refuses: ${data.error}`);
  if (data.result !== 'done') {
    const known = settings.loads.map(({ name }) => name).join(', ');
    const remedy = data.result === 'unknown-load' ? `loads: ${known || 'none'}` : undefined;
    throw new CliError(CODES[data.result], `${asked.load}: ${data.sentence}`, null, remedy);
  }
  return { code: EXIT.good, data: { ...asked, ...data }, text: `${asked.load}: ${data.sentence}` };
}

function simple(word: 'on' | 'off' | 'auto', summary: string, text: string): Command {
  return {
    words: ['load', word],
    takes: 'NAME',
    summary,
    text,
    exits: [3, 4, 5, 7],
    least: 1,
    run: (host, args) =>
      giveOrder(host, args, () => ({ load: args.positionals[0] ?? '', order: word })),
  };
}

const MANUAL =
  'By hand, until "load auto": the load is not planned or switched by the agent meanwhile. ' +
  'Limits and minimum times hold; exit code 7 names the rule.';

export const loadOn = simple('on', 'switches a load on by hand', MANUAL);
export const loadOff = simple('off', 'switches a load off by hand', MANUAL);
export const loadAuto = simple(
  'auto',
  'gives a load back to the agent',
  'Ends "load on", "load off" and "load override".',
);

export const loadOverride: Command = {
  words: ['load', 'override'],
  takes: 'NAME on|off DURATION',
  summary: 'switches a load by hand, for a time',
  text: 'Ends by itself. Limits and minimum times hold; exit code 7 names the rule.',
  examples: ['transax-agent load override boiler on 2h'],
  exits: [3, 4, 5, 7],
  least: 3,
  run: (host, args) =>
    giveOrder(host, args, (agent) => {
      const [load = '', state = '', text = ''] = args.positionals;
      if (state !== 'on' && state !== 'off')
        throw new UsageError(`"${state}" is neither on nor off`);
      const forMs = durationOf('DURATION', text.replace(/^(\d+)h$/, '$1 h'), LEAST_MS);
      const until = Date.parse(agent.clock.at) + forMs;
      return { load, order: 'override', state, until_ms: Math.round(until) };
    }),
};
