/**
 * Where commands take the agent's data from: the agent that runs, or, when none does, its
 * databases, which are only read; nothing is made beside them.
 */
import { FileError } from '../../host/ports.ts';
import type { GridFacts } from '../../market/grid.ts';
import type { AgentSettings } from '../config.ts';
import { Journal } from '../journal/journal.ts';
import { readPinnedGrid } from '../pinned-grid.ts';
import { type JournalView, VIEW_MOST, viewOf } from '../socket/views.ts';
import { type AgentLink, findAgent } from './agent-link.ts';
import { type CommandArgs, type CommandHost, loadSettings } from './command.ts';
import { MarketTime } from './market-time.ts';
import { QUIET } from './output.ts';

export interface Source {
  settings: AgentSettings;
  intervalSeconds: number;
  horizonIntervals: number;
  /** Null when it is stopped. */
  agent: AgentLink | null;
  journal: JournalView;
  /** The interval that runs. */
  now: number;
  nowMs: number;
  time: MarketTime;
  warnings: string[];
}

const STOPPED = 'the agent does not run: this is what its journal holds';

/** @throws SettingsError, PinnedGridError, CliError, SqlError, FileError */
export async function withSource<T>(
  host: CommandHost,
  args: CommandArgs,
  work: (source: Source) => Promise<T>,
): Promise<T> {
  const settings = loadSettings(host, args.config);
  const agent = await findAgent(host, settings);
  if (agent === null) return fromFiles(host, args, settings, work);
  const { interval: now, at, intervalSeconds, horizonIntervals } = agent.clock;
  return work({
    ...{ settings, agent, intervalSeconds, horizonIntervals, now },
    nowMs: Date.parse(at),
    time: new MarketTime(settings.home.zone, intervalSeconds, args),
    journal: askedJournal(agent),
    warnings: [],
  });
}

async function fromFiles<T>(
  host: CommandHost,
  args: CommandArgs,
  settings: AgentSettings,
  work: (source: Source) => Promise<T>,
): Promise<T> {
  const { intervalSeconds, horizonIntervals } = gridOf(host, settings).calendar;
  const clock = await host.openClock(settings.lab, QUIET);
  const nowMs = clock.now();
  clock.close?.();
  const sql = host.openSqlReadOnly(settings.state.journal, {});
  try {
    return await work({
      ...{ settings, agent: null, intervalSeconds, horizonIntervals, nowMs },
      now: Math.floor(nowMs / 1000 / intervalSeconds),
      time: new MarketTime(settings.home.zone, intervalSeconds, args),
      journal: viewOf(new Journal(sql), intervalSeconds, settings),
      warnings: [STOPPED],
    });
  } finally {
    sql.close();
  }
}

/**
 * The pinned grid's facts; one that may not be looked at is told from one that is not there.
 * @throws PinnedGridError, FileError `denied`
 */
export function gridOf(host: CommandHost, settings: AgentSettings): GridFacts {
  const path = settings.state.grid;
  try {
    host.files.readText(path);
  } catch (error) {
    if (error instanceof FileError && error.code === 'denied') throw error;
  }
  return readPinnedGrid(host.files, path).facts;
}

/** A long range is asked for in pieces. */
function askedJournal(agent: AgentLink): JournalView {
  const asked =
    <T>(path: string) =>
    async (first: number, last: number): Promise<T[]> => {
      const rows: T[] = [];
      for (let from = first; from <= last; from += VIEW_MOST) {
        const to = Math.min(last, from + VIEW_MOST - 1);
        rows.push(...(await agent.get<T[]>(`${path}?first=${from}&last=${to}`)));
      }
      return rows;
    };
  return {
    readings: asked('/readings'),
    forecast: asked('/forecast'),
    schedule: asked('/schedule'),
    history: asked('/history'),
    bills: (days) => agent.get(`/bills?days=${days}`),
    // Of the agent's own now.
    skill: () => agent.get('/skill'),
    switches: (toMs) => agent.get(`/switches?to=${Math.floor(toMs)}`),
  };
}
