/**
 * The running agent's local API, on its Unix socket (0660, group transax): how it is, what its
 * journal holds, its buses for reading, orders for loads. JSON in and out; never a key or an
 * address. Whoever may open the socket may ask all of it.
 */
import { BusError, type Clock, type HttpRequest, type HttpResponse } from '../../host/ports.ts';
import type { GridFacts } from '../../market/grid.ts';
import { intervalAt } from '../../market/intervals.ts';
import { clockStatus } from '../clock-status.ts';
import type { AgentSettings } from '../config.ts';
import type { LoadTest } from '../following/load-commands.ts';
import type { AgentStatus } from '../status.ts';
import {
  AskError,
  BUS_LEND,
  BUS_READ,
  LOAD_ORDER,
  readBody,
  readNumber,
  readRange,
} from './asked.ts';
import type { SharedBus } from './shared-bus.ts';
import type { JournalView } from './views.ts';

export interface ClockView {
  /** ISO 8601, UTC. */
  at: string;
  isProven: boolean;
  /** What vouches for it, in words; null when that is not known. */
  source: string | null;
  offsetMs: number | null;
  /** What is wrong with it, or not as well as could be, and what to do; null for nothing. */
  reason: string | null;
  /** Market time less that of the last final block, ms; null without one. */
  aheadOfChainMs: number | null;
  interval: number;
  intervalSeconds: number;
  /** How many intervals ahead trades are possible. */
  horizonIntervals: number;
  zone: string;
}

export interface LoadOrder {
  order: 'on' | 'off' | 'auto' | 'override' | 'test';
  state: 'on' | 'off' | null;
  untilMs: number | null;
  /** Of a test. */
  seconds: number;
  /** Whatever minimum times say; limits, fuses and interlocks hold. */
  isForced: boolean;
}

/** What became of an order, in words. `refused`: by a safety rule, which the sentence names. */
export interface OrderEnd {
  result: 'done' | 'refused' | 'unknown-load' | 'silent';
  sentence: string;
  /** Of a test: what was read back and seen; null else. */
  test: LoadTest | null;
}

/** Who takes orders for loads. */
export interface LoadOrders {
  order(load: string, order: LoadOrder): Promise<OrderEnd>;
}

export interface SocketApi {
  status(): AgentStatus;
  /** Null: the agent shares its process with others. */
  pid: number | null;
  clock(): ClockView;
  journal: JournalView;
  /** By name. */
  buses: ReadonlyMap<string, SharedBus>;
  /** Null where loads take no orders. */
  loads: LoadOrders | null;
}

/** @param headAt time of the last final block, unix s; null: none was read */
export function clockView(parts: {
  clock: Clock;
  facts: GridFacts;
  settings: Pick<AgentSettings, 'home'>;
  headAt: number | null;
}): ClockView {
  const { clock, facts, settings, headAt } = parts;
  const nowMs = clock.now();
  const status = clockStatus(clock);
  return {
    at: new Date(nowMs).toISOString(),
    isProven: clock.isProven(),
    source: status.source,
    offsetMs: status.offsetMs,
    reason: status.reason ?? status.warning,
    aheadOfChainMs: headAt === null ? null : nowMs - headAt * 1000,
    interval: intervalAt(facts.calendar, nowMs / 1000),
    intervalSeconds: facts.calendar.intervalSeconds,
    horizonIntervals: facts.calendar.horizonIntervals,
    zone: settings.home.zone,
  };
}

type Route = (api: SocketApi, request: HttpRequest) => Promise<HttpResponse>;

const ROUTES: Readonly<Record<string, Route>> = {
  'GET /status': async (api) => answer(200, { ...api.status(), pid: api.pid }),
  'GET /clock': async (api) => answer(200, api.clock()),
  'GET /readings': viewed((journal, first, last) => journal.readings(first, last)),
  'GET /forecast': viewed((journal, first, last) => journal.forecast(first, last)),
  'GET /schedule': viewed((journal, first, last) => journal.schedule(first, last)),
  'GET /history': viewed((journal, first, last) => journal.history(first, last)),
  'GET /bills': async ({ journal }, { query }) =>
    answer(200, await journal.bills(readNumber(query, 'days'))),
  'GET /skill': async (api) => answer(200, await api.journal.skill(api.clock().interval)),
  'GET /switches': async ({ journal }, { query }) =>
    answer(200, await journal.switches(readNumber(query, 'to'))),
  'GET /frames': async ({ buses }) =>
    answer(200, Object.fromEntries([...buses].map(([name, bus]) => [name, trafficOf(bus)]))),
  'POST /bus/read': readBus,
  'POST /bus/lend': lendBus,
  'POST /loads/order': orderLoad,
};

export async function answerSocket(api: SocketApi, request: HttpRequest): Promise<HttpResponse> {
  const route = ROUTES[`${request.method} ${request.path}`];
  if (route === undefined) {
    return answer(404, { error: `there is: ${Object.keys(ROUTES).join(', ')}`, faults: [] });
  }
  try {
    return await route(api, request);
  } catch (error) {
    if (!(error instanceof AskError)) throw error;
    return answer(400, { error: error.message, faults: error.faults });
  }
}

function answer(status: number, data: unknown): HttpResponse {
  return { status, body: JSON.stringify(data) };
}

/** Requests, and raw frames with their bytes in hexadecimal. */
function trafficOf(bus: SharedBus): unknown {
  const frames = bus.frames().map(({ direction, atMs, bytes }) => {
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    return `${direction === 'in' ? '<' : '>'} ${atMs.toFixed(1)} ${hex}`;
  });
  return { counters: bus.counters(), requests: bus.requests, frames };
}

function viewed(
  look: (journal: JournalView, first: number, last: number) => Promise<unknown>,
): Route {
  return async ({ journal }, { query }) => {
    const { first, last } = readRange(query);
    return answer(200, await look(journal, first, last));
  };
}

function busOf(api: SocketApi, name: string): SharedBus {
  const bus = api.buses.get(name);
  if (bus !== undefined) return bus;
  const known = [...api.buses.keys()].join(', ');
  throw new AskError([{ key: 'bus', message: `must be one of ${known}` }]);
}

/** A device that does not answer is an answer here: 502, with the error's code. */
async function readBus(api: SocketApi, { body }: HttpRequest): Promise<HttpResponse> {
  const asked = readBody(body, BUS_READ);
  const bus = busOf(api, asked.bus).forCommands;
  const { unit, address, count } = asked;
  try {
    if (asked.function === 1) {
      return answer(200, { words: [(await bus.readCoil(unit, address)) ? 1 : 0] });
    }
    const words =
      asked.function === 3
        ? await bus.readHolding(unit, address, count)
        : await bus.readInput(unit, address, count);
    return answer(200, { words: [...words] });
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    const { code, message, exceptionCode } = error;
    return answer(502, { code, message, exceptionCode });
  }
}

/** The answer lasts as long as the lending; whoever hangs up gives the bus back. */
async function lendBus(api: SocketApi, request: HttpRequest): Promise<HttpResponse> {
  const { bus, seconds } = readBody(request.body, BUS_LEND);
  const lent = busOf(api, bus).lend(seconds * 1000, request.signal);
  if ('waitMs' in lent) return answer(423, { waitMs: Math.ceil(lent.waitMs) });
  const { ended } = lent;
  async function* lasting(): AsyncGenerator<string> {
    yield `${JSON.stringify({ lent: true })}\n`;
    await ended;
    yield `${JSON.stringify({ lent: false })}\n`;
  }
  return { status: 200, body: lasting() };
}

async function orderLoad(api: SocketApi, { body }: HttpRequest): Promise<HttpResponse> {
  const {
    load,
    order,
    state = null,
    until_ms: untilMs = null,
    seconds,
    force,
  } = readBody(body, LOAD_ORDER);
  if (order === 'override' && (state === null || untilMs === null)) {
    throw new AskError([{ key: 'override', message: 'needs state and until_ms' }]);
  }
  if (api.loads === null) {
    return answer(200, { result: 'unknown-load', sentence: 'there are none', test: null });
  }
  return answer(
    200,
    await api.loads.order(load, { order, state, untilMs, seconds, isForced: force }),
  );
}
