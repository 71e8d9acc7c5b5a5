/**
 * The connections on which anonymous addresses send: one identity for each address, nothing but
 * `eth_sendRawTransaction` on it, forgotten as soon as the bytes are away.
 */
import type { Clock, Transport } from '../host/ports.ts';
import { JsonRpc } from './rpc.ts';
import type { WriterLine } from './silent-delivery.ts';

export interface WriterOptions {
  urls: readonly string[];
  transport: Transport;
  clock: Clock;
}

export function writerLines({ urls, transport, clock }: WriterOptions) {
  return (address: string, attempt: number): WriterLine => {
    const identity = `writer ${address}`;
    // An endpoint that takes everything and passes nothing on must not be the first for ever.
    const from = attempt % urls.length;
    const inTurn = [...urls.slice(from), ...urls.slice(0, from)];
    const rpc = new JsonRpc({ urls: inTurn, transport, identity, clock });
    return {
      async send(raw, signal) {
        await rpc.sendRaw(raw, signal);
      },
      close: () => transport.forget(identity),
    };
  };
}
