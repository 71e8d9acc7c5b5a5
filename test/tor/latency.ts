/** How long a call to the chain takes through Tor: for a new identity, and on its connection. */
import { torTransport } from '../../host/tor-transport.ts';

export interface Latency {
  /** Median of the first call of new identities: a circuit is built. */
  firstMs: number;
  /** Median of later calls. */
  keptAliveMs: number;
}

const IDENTITIES = 5;
const CALLS = 5;
const CALL = '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}';

export async function latencyOf(socks: string, url: string): Promise<Latency> {
  const transport = torTransport({ socks, origins: [url] });
  const first: number[] = [];
  const later: number[] = [];
  try {
    for (let at = 0; at < IDENTITIES; at += 1) {
      const identity = `latency ${at}`;
      const call = async () => {
        const beganAt = performance.now();
        await transport.post(url, CALL, { identity, deadlineMs: 60_000, maxBytes: 10_000 });
        return performance.now() - beganAt;
      };
      first.push(await call());
      for (let count = 1; count < CALLS; count += 1) later.push(await call());
      transport.forget(identity);
    }
    return { firstMs: median(first), keptAliveMs: median(later) };
  } finally {
    transport.close();
  }
}

function median(values: number[]): number {
  return Math.round(values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0);
}
