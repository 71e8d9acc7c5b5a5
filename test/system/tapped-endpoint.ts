/**
 * A JSON-RPC endpoint before anvil that keeps every transaction which anybody sends, and can let
 * one get lost on its way there or its answer on the way back.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Transaction } from 'ethers';
import { forward, textOf } from '../host/forwarded.ts';

/** A transaction as it came, whether or not it was passed on. */
export interface Sent {
  hash: string;
  /** Lower case. */
  from: string;
  nonce: number;
  /** The function called: the first four bytes. */
  selector: string;
  data: string;
}

/** `lost`: it never reaches the chain. `unanswered`: it does, and the sender hears nothing. */
export type Fate = 'passed' | 'lost' | 'unanswered';

export interface TappedEndpoint {
  readonly url: string;
  readonly sent: readonly Sent[];
  /** Asked for each transaction that comes; whoever sent it waits meanwhile. */
  onSend: (sent: Sent) => Promise<Fate>;
  close(): Promise<void>;
}

export async function tapEndpoint(chainUrl: string): Promise<TappedEndpoint> {
  const sent: Sent[] = [];
  const upstream = new http.Agent({ keepAlive: true });
  const tap = { onSend: async (_: Sent): Promise<Fate> => 'passed' };
  const server = http.createServer(async (request, response) => {
    const body = await textOf(request);
    const transaction = sentIn(body);
    if (transaction !== null) sent.push(transaction);
    const fate = transaction === null ? 'passed' : await tap.onSend(transaction);
    const answer = fate === 'lost' ? null : await forward(chainUrl, upstream, body);
    if (answer === null || fate === 'unanswered') {
      response.destroy();
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(tap, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      upstream.destroy();
    },
  });
}

function sentIn(body: string): Sent | null {
  const call = JSON.parse(body) as { method?: string; params?: string[] };
  if (call.method !== 'eth_sendRawTransaction') return null;
  const { hash, from, nonce, data } = Transaction.from(call.params?.[0]);
  if (hash === null || from === null) throw new Error('somebody sent an unsigned transaction');
  return { hash, from: from.toLowerCase(), nonce, selector: data.slice(0, 10), data };
}
