/**
 * What both transports have in common: the endpoints of the grid and no others, identities that
 * share nothing, one exchange at a time on each connection, and why nothing goes out.
 */

import { type Answer, exchange, type Line, limitOf } from './exchange.ts';
import { type PostOptions, type Transport, TransportError } from './ports.ts';

/** Identities with something open; the one unused for longest makes room. */
const MAX_IDENTITIES = 256;
/** A connection that was not used for so long is ended, ms. */
export const IDLE_MS = 120_000;

/** A new identity outside; each call of what it returns is a connection of it to an origin. */
export type MakeIdentity = () => (target: URL) => Line;

interface Lane {
  line: Line;
  /** Settled when all exchanges so far have ended. */
  free: Promise<unknown>;
}

interface Identity {
  open: (target: URL) => Line;
  lanes: Map<string, Lane>;
  underWay: number;
  stop: AbortController;
}

export function transportOf(
  kind: Transport['kind'],
  origins: readonly string[],
  makeIdentity: MakeIdentity,
): Transport {
  const known = new Set(origins.map((origin) => new URL(origin).origin));
  const identities = new Map<string, Identity>();
  /** What each origin's last exchange failed with; null: it worked. */
  const last = new Map<string, string | null>();
  const forget = (name: string): void => {
    const identity = identities.get(name);
    identities.delete(name);
    identity?.stop.abort();
    for (const { line } of identity?.lanes.values() ?? []) {
      line.agent.destroy();
      line.giveUp(false);
    }
  };
  return {
    kind,
    async post(url, body, options) {
      const target = parseUrl(url);
      const { origin } = target;
      if (!known.has(origin)) {
        throw new TransportError('refused', `${origin} is not an endpoint of this grid`);
      }
      const identity = identityOf(identities, options.identity, makeIdentity, forget);
      identity.underWay += 1;
      try {
        const answer = await inTurn(identity, target, body, options);
        last.set(origin, null);
        return answer;
      } catch (error) {
        const isCalledOff = error instanceof TransportError && error.code === 'aborted';
        if (!isCalledOff) last.set(origin, error instanceof Error ? error.message : String(error));
        throw error;
      } finally {
        identity.underWay -= 1;
      }
    },
    forget,
    problem() {
      const outcomes = [...last.values()];
      return outcomes.includes(null) ? null : (outcomes.at(-1) ?? null);
    },
    close() {
      for (const name of [...identities.keys()]) forget(name);
    },
  };
}

function parseUrl(url: string): URL {
  try {
    return new URL(url);
  } catch (cause) {
    throw new TransportError('refused', `"${url}" is not a URL`, cause);
  }
}

function identityOf(
  identities: Map<string, Identity>,
  name: string,
  make: MakeIdentity,
  forget: (name: string) => void,
): Identity {
  const known = identities.get(name);
  if (known !== undefined) {
    identities.delete(name);
    identities.set(name, known);
    return known;
  }
  if (identities.size >= MAX_IDENTITIES) {
    const idle = [...identities].find(([, { underWay }]) => underWay === 0);
    if (idle === undefined) {
      throw new TransportError('unreachable', `${MAX_IDENTITIES} identities are under way already`);
    }
    forget(idle[0]);
  }
  const identity = {
    open: make(),
    lanes: new Map(),
    underWay: 0,
    stop: new AbortController(),
  };
  identities.set(name, identity);
  return identity;
}

/** One exchange after another on each connection: a second one would open a second connection. */
async function inTurn(
  identity: Identity,
  target: URL,
  body: string,
  options: PostOptions,
): Promise<Answer> {
  const lane = laneOf(identity, target);
  const before = lane.free;
  let done = () => {};
  const own = new Promise<void>((resolve) => {
    done = resolve;
  });
  lane.free = before.then(() => own);
  const limit = limitOf(options, target.origin, identity.stop.signal);
  try {
    await orAborted(before, limit.signal);
    return await exchange(target, body, options.maxBytes, lane.line, limit.signal);
  } finally {
    limit.end();
    done();
  }
}

function laneOf({ lanes, open }: Identity, target: URL): Lane {
  const known = lanes.get(target.origin);
  if (known !== undefined) return known;
  const lane = { line: open(target), free: Promise.resolve() };
  lanes.set(target.origin, lane);
  return lane;
}

function orAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    void work.then(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
  });
}
