/** The local API of one agent, from its parts. */
import type { Clock } from '../../host/ports.ts';
import type { GridFacts } from '../../market/grid.ts';
import type { AgentSettings } from '../config.ts';
import type { LoadCommands } from '../following/load-commands.ts';
import type { Journal } from '../journal/journal.ts';
import type { AgentStatus } from '../status.ts';
import { ordersFor } from './load-orders.ts';
import type { SharedBus } from './shared-bus.ts';
import { clockView, type SocketApi } from './socket-api.ts';
import { viewOf } from './views.ts';

export function socketApiOf(parts: {
  facts: GridFacts;
  settings: AgentSettings;
  clock: Clock;
  journal: Journal;
  buses: ReadonlyMap<string, SharedBus>;
  loads: LoadCommands;
  status(): AgentStatus;
  pid: number | null;
}): SocketApi {
  const { facts, settings, clock, journal, buses, loads, status, pid } = parts;
  return {
    status,
    pid,
    clock: () => clockView({ clock, facts, settings, headAt: status().chain?.headAt ?? null }),
    journal: viewOf(journal, facts.calendar.intervalSeconds, settings),
    buses,
    loads: ordersFor(loads),
  };
}
