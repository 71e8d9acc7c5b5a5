/** Automining takes a moment after the answer to eth_sendRawTransaction: tests wait for it here. */
import type { Outbox } from '../../chain/outbox.ts';
import type { OutboxEntry } from '../../chain/outbox-store.ts';
import { never } from './scripted-transport.ts';

const PAUSE_MS = 5;
const TRIES = 1_000;

/** Flushes until nothing of the outbox is open. @returns everything that was settled */
export async function untilSettled(outbox: Outbox): Promise<OutboxEntry[]> {
  const settled: OutboxEntry[] = [];
  for (let tries = 0; tries < TRIES; tries += 1) {
    const report = await outbox.flush(never);
    settled.push(...report.settled);
    if (report.waiting === 0) return settled;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  throw new Error('a transaction was never mined');
}
