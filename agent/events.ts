/**
 * How the agent's services meet, besides the journal: a typed map of events.
 *
 * `emit` awaits every handler, so that a step of market time is over only when all that it caused
 * is done. A handler that throws ends the process: operational errors are handled where they occur.
 */
import type { UnixMs } from '../host/ports.ts';
import type { Interval } from '../market/intervals.ts';
import type { Plan } from './strategy/plan.ts';

/** One poll of the meter. Positive power flows into the home. */
export interface Sample {
  at: UnixMs;
  /** Monotonic time of the request, for staleness. */
  monotonicMs: number;
  powerW: number;
  /** Counters, Ws since the meter was made; null where this poll did not read them. */
  importedWs: number | null;
  exportedWs: number | null;
  /** Net energy of the running interval up to `at`, Ws; null when its start was not seen. */
  runningNetWs: number | null;
}

export interface AgentEvents {
  /** A good poll; the follower acts on it. */
  sample: Sample;
  /** The meter has been silent for 30 s (true), or answers again (false). */
  'meter-silent': { silent: boolean };
  /** A reading for the interval, and for all closed together with it, stands in the journal. */
  'interval-closed': { interval: Interval };
  /** Plan rows stand in the journal, made in `interval`; the plan's blocks are for the trader. */
  planned: { interval: Interval; plan: Plan };
  /** The commitment of an interval is final and stands in the journal. */
  committed: { interval: Interval };
}

type Handler<T> = (payload: T) => void | Promise<void>;

export class EventMap {
  readonly #handlers = new Map<keyof AgentEvents, Handler<never>[]>();

  on<K extends keyof AgentEvents>(kind: K, handler: Handler<AgentEvents[K]>): void {
    const list = this.#handlers.get(kind) ?? [];
    list.push(handler as Handler<never>);
    this.#handlers.set(kind, list);
  }

  async emit<K extends keyof AgentEvents>(kind: K, payload: AgentEvents[K]): Promise<void> {
    for (const handler of this.#handlers.get(kind) ?? []) {
      await (handler as Handler<AgentEvents[K]>)(payload);
    }
  }
}
