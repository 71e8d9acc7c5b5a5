/**
 * `transax-agent run`: the agent in the foreground, until SIGTERM or SIGINT; then it ends in the
 * safe state within five seconds.
 */
import { endpointsOf, PinnedGridError, readPinnedGrid, unfitEndpoint } from '../pinned-grid.ts';
import { warningsOf } from '../status.ts';
import {
  type Command,
  type CommandArgs,
  type CommandHost,
  loadSettings,
  type Outcome,
} from './command.ts';
import { good } from './output.ts';
import { keystoreKey } from './wallet/open.ts';

/** Of the five seconds that an end may take, what the agent itself gets. Real ms. */
const STOP_MS = 4_500;

export const run: Command = {
  words: ['run'],
  takes: '',
  summary: 'runs the agent in the foreground, as its service does',
  text: 'SIGTERM or Ctrl-C ends it in the safe state, within five seconds; a second one at once.',
  exits: [9],
  run: runAgent,
};

/** @throws SettingsError, PinnedGridError, SqlError, FileError */
async function runAgent(host: CommandHost, args: CommandArgs): Promise<Outcome> {
  // Most of the program is the agent itself: other commands start sooner without it.
  const { startAgent } = await import('../agent.ts');
  const settings = loadSettings(host, args.config);
  const { facts } = readPinnedGrid(host.files, settings.state.grid);
  const unfit = unfitEndpoint(settings.lab, facts);
  if (unfit !== null) throw new PinnedGridError('unfit', unfit);
  const log = host.log();
  const told = host.untilTold();
  const transport = host.openTransport(settings, endpointsOf(facts));
  for (const warning of warningsOf({ settings, facts, transport })) {
    log.warn(warning);
  }
  const clock = await host.openClock(settings.lab, log);
  try {
    const agent = await startAgent(settings, {
      clock,
      random: host.random,
      log,
      resources: host.resources,
      files: host.files,
      readKey: () => keystoreKey(host, settings),
      openSql: host.openSql,
      openBus: host.openBus,
      wires: host.wires,
      transport,
      listener: host.listener(log),
      threads: host.threads,
      mqtt: host.mqtt,
      pid: host.machine.pid,
    });
    log.info(`ends in the safe state, told by ${await told}`);
    const limit = new AbortController();
    const tooLong = clock.delay(STOP_MS, limit.signal).then(
      () => log.warn('not everything ended in time'),
      () => undefined,
    );
    await Promise.race([agent.stop(), tooLong]);
    limit.abort();
  } finally {
    transport.close();
    clock.close?.();
  }
  return good({ ended: 'when told' }, '');
}
