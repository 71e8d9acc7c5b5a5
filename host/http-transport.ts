/**
 * JSON over HTTP POST without Tor: for the lab only (`[lab] clear_net`). Own code over node:http
 * instead of a client library, because a lying server must not be able to do harm: compressed
 * answers are refused before they are unpacked, sizes and time have hard limits, and redirects are
 * not followed.
 */

import http from 'node:http';
import https from 'node:https';
import { type PostOptions, type Transport, TransportError } from './ports.ts';

/** Identities with an open connection; the one unused for longest makes room. */
const MAX_IDENTITIES = 256;

type Answer = { status: number; body: string };

interface Line {
  agent: http.Agent;
  underWay: number;
}

/** @param options.origins such as `http://127.0.0.1:8545`; nothing else is ever reached. */
export function clearTransport(options: { origins: string[] }): Transport {
  const origins = new Set(options.origins.map((origin) => new URL(origin).origin));
  const lines = new Map<string, Line>();

  return {
    kind: 'clear',
    async post(url, body, post) {
      const target = parseUrl(url);
      if (!origins.has(target.origin)) {
        throw new TransportError('refused', `${target.origin} is not an endpoint of this grid`);
      }
      const line = lineFor(lines, target, post.identity);
      line.underWay += 1;
      try {
        return await exchangeWithRetry(target, body, post, line.agent);
      } finally {
        line.underWay -= 1;
      }
    },
    forget(identity) {
      for (const [name, { agent }] of lines) {
        if (!name.endsWith(` ${identity}`)) continue;
        agent.destroy();
        lines.delete(name);
      }
    },
    close() {
      for (const { agent } of lines.values()) agent.destroy();
      lines.clear();
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

/** One connection per identity and origin; never one for two. */
function lineFor(lines: Map<string, Line>, target: URL, identity: string): Line {
  const name = `${target.origin} ${identity}`;
  const known = lines.get(name);
  if (known !== undefined) {
    lines.delete(name);
    lines.set(name, known);
    return known;
  }
  if (lines.size >= MAX_IDENTITIES) {
    const idle = [...lines].find(([, line]) => line.underWay === 0);
    if (idle !== undefined) {
      idle[1].agent.destroy();
      lines.delete(idle[0]);
    }
  }
  const { Agent } = target.protocol === 'https:' ? https : http;
  const line = { agent: new Agent({ keepAlive: true, maxSockets: 1 }), underWay: 0 };
  lines.set(name, line);
  return line;
}

/** An idle connection that the server closed just then is no failure: the next one is fresh. */
class StaleConnection extends Error {}

async function exchangeWithRetry(
  target: URL,
  body: string,
  options: PostOptions,
  agent: http.Agent,
): Promise<Answer> {
  const endsAt = performance.now() + options.deadlineMs;
  try {
    return await exchange(target, body, options, agent, endsAt);
  } catch (error) {
    if (!(error instanceof StaleConnection)) throw error;
  }
  try {
    return await exchange(target, body, options, agent, endsAt);
  } catch (error) {
    if (!(error instanceof StaleConnection)) throw error;
    throw new TransportError('unreachable', `${target.origin} closed the connection`, error.cause);
  }
}

function exchange(
  target: URL,
  body: string,
  options: PostOptions,
  agent: http.Agent,
  endsAt: number,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = (target.protocol === 'https:' ? https : http).request(target, {
      method: 'POST',
      agent,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'accept-encoding': 'identity',
      },
    });
    let hasAnswer = false;
    const finish = (outcome: Answer | Error): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', onAbort);
      if (outcome instanceof Error) {
        request.destroy();
        reject(outcome);
      } else {
        resolve(outcome);
      }
    };
    const onAbort = (): void =>
      finish(new TransportError('aborted', 'the request was called off', options.signal?.reason));
    const timer = setTimeout(
      () =>
        finish(
          new TransportError(
            'deadline',
            `${target.origin} did not answer within ${options.deadlineMs} ms`,
          ),
        ),
      Math.max(0, endsAt - performance.now()),
    );
    request.on('error', (cause: NodeJS.ErrnoException) => {
      const isReset = cause.code === 'ECONNRESET' || cause.code === 'EPIPE';
      const code = cause.code?.startsWith('HPE_') === true ? 'protocol' : 'unreachable';
      const why = cause.code ?? cause.message;
      finish(
        isReset && request.reusedSocket && !hasAnswer
          ? new StaleConnection('stale connection', { cause })
          : new TransportError(code, `${target.origin} cannot be reached (${why})`, cause),
      );
    });
    request.on('response', (response) => {
      hasAnswer = true;
      readAnswer(response, target.origin, options.maxBytes).then(finish, finish);
    });
    if (options.signal?.aborted) return onAbort();
    options.signal?.addEventListener('abort', onAbort, { once: true });
    request.end(body);
  });
}

async function readAnswer(
  response: http.IncomingMessage,
  origin: string,
  maxBytes: number,
): Promise<Answer> {
  const status = response.statusCode ?? 0;
  if (status >= 300 && status < 400) {
    throw new TransportError('refused', `${origin} redirects; redirects are not followed`);
  }
  const encoding = response.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new TransportError('protocol', `${origin} sent an answer in the encoding ${encoding}`);
  }
  const tooLarge = (): TransportError =>
    new TransportError('too-large', `${origin} sent an answer of over ${maxBytes} bytes`);
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();

  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of response) {
      length += piece.length;
      if (length > maxBytes) throw tooLarge();
      pieces.push(piece);
    }
  } catch (cause) {
    if (cause instanceof TransportError) throw cause;
    throw new TransportError('unreachable', `${origin} broke off its answer`, cause);
  }
  try {
    const body = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces));
    return { status, body };
  } catch (cause) {
    throw new TransportError('protocol', `${origin} sent an answer that is no text`, cause);
  }
}
