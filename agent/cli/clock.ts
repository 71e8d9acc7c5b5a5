/** `transax-agent clock`: whether market time is proven good, and which interval it is. */
import { FileError } from '../../host/ports.ts';
import { clockStatus } from '../clock-status.ts';
import type { AgentSettings } from '../config.ts';
import { PinnedGridError } from '../pinned-grid.ts';
import type { ClockView } from '../socket/socket-api.ts';
import { findAgent } from './agent-link.ts';
import { type Command, type CommandHost, EXIT, loadSettings } from './command.ts';
import { MarketTime } from './market-time.ts';
import { durationText, QUIET } from './output.ts';
import { gridOf } from './source.ts';

/** Of the market's usual calendar, where no grid file says otherwise. */
const USUAL: Calendar = { intervalSeconds: 900, horizonIntervals: 96 };

export const clockCommand: Command = {
  words: ['clock'],
  takes: '',
  summary: 'whether the clock is proven good, its source and offset',
  text: 'Exit code 8 when it is not proven good: nothing is signed then.',
  exits: [4, 8],
  async run(host, args) {
    const settings = loadSettings(host, args.config);
    const agent = await findAgent(host, settings);
    const view = agent === null ? await ownView(host, settings) : agent.clock;
    const time = new MarketTime(view.zone, view.intervalSeconds, args);
    const nowMs = Date.parse(view.at);
    const leftMs = (view.interval + 1) * view.intervalSeconds * 1000 - nowMs;
    const { tz, icu } = host.machine.versions();
    const lines = [
      `clock     ${view.isProven ? 'proven good' : 'NOT proven good'}`,
      `source    ${view.source ?? 'not told'}`,
      ...(view.offsetMs === null ? [] : [`offset    ${view.offsetMs.toFixed(1)} ms`]),
      ...(view.aheadOfChainMs === null
        ? []
        : [`chain     ${durationText(Math.abs(view.aheadOfChainMs))} from the last final block`]),
      `now       ${time.moment(nowMs)}`,
      `interval  ${view.interval}, ${time.span(view.interval)}, ${durationText(leftMs)} left`,
      `zone      ${view.zone}, rules of ${tz ?? 'unknown'} (ICU ${icu ?? 'unknown'})`,
    ];
    if (!view.isProven)
      lines.push('do        chronyc tracking, or timedatectl; is there a network?');
    const data = { ...view, throughAgent: agent !== null };
    return { code: view.isProven ? EXIT.good : EXIT.clock, data, text: lines.join('\n') };
  },
};

/** What this process can see by itself, when no agent runs. */
export async function ownView(host: CommandHost, settings: AgentSettings): Promise<ClockView> {
  const clock = await host.openClock(settings.lab, QUIET);
  try {
    const nowMs = clock.now();
    const status = clockStatus(clock);
    const { intervalSeconds, horizonIntervals } = calendarOf(host, settings);
    return {
      at: new Date(nowMs).toISOString(),
      isProven: clock.isProven(),
      source: status.source,
      offsetMs: status.offsetMs,
      reason: status.reason ?? status.warning,
      aheadOfChainMs: null,
      interval: Math.floor(nowMs / 1000 / intervalSeconds),
      intervalSeconds,
      horizonIntervals,
      zone: settings.home.zone,
    };
  } finally {
    clock.close?.();
  }
}

type Calendar = Pick<ClockView, 'intervalSeconds' | 'horizonIntervals'>;

function calendarOf(host: CommandHost, settings: AgentSettings): Calendar {
  try {
    return gridOf(host, settings).calendar;
  } catch (error) {
    if (!(error instanceof PinnedGridError) && !(error instanceof FileError)) throw error;
    return USUAL;
  }
}
