/**
 * JSON over HTTP POST without Tor: for the lab (`[lab] clear_net`), and for a utility's own node on
 * the same machine. Limits and refusals are those of `exchange.ts`.
 */

import http from 'node:http';
import https from 'node:https';
import { IDLE_MS, transportOf } from './identities.ts';
import type { Transport } from './ports.ts';

/** @param options.origins such as `http://127.0.0.1:8545`; nothing else is ever reached. */
export function clearTransport({ origins }: { origins: string[] }): Transport {
  return transportOf('clear', origins, () => ({ protocol }) => {
    const common = { keepAlive: true, maxSockets: 1, timeout: IDLE_MS };
    const agent =
      protocol === 'https:'
        ? new https.Agent({ ...common, rejectUnauthorized: true })
        : new http.Agent(common);
    // The agent knows a connection from its first moment: a request that ends, ends it.
    return { agent, giveUp: () => null };
  });
}
