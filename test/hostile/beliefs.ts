/** What a feed made of the log, held against what the honest node says, read in plain JSON. */
import type { IncludedTransaction, MarketFeed } from '../../chain/follower.ts';
import { FollowerError } from '../../chain/follower.ts';
import { RpcError } from '../../chain/rpc-forms.ts';
import type { MarketEvent } from '../../market/events.ts';
import { never } from '../chain/scripted-transport.ts';

interface Fields {
  [name: string]: unknown;
}

/** The honest node, asked without any of our own code. */
export class Truth {
  readonly url: string;
  constructor(url: string) {
    this.url = url;
  }

  async call(method: string, params: unknown[]): Promise<unknown> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(this.url, { method: 'POST', headers, body });
    const { result, error } = (await answer.json()) as Fields;
    if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return result;
  }

  async headNumber(): Promise<number> {
    return Number(await this.call('eth_blockNumber', []));
  }

  /** One line for each log and each transaction of these blocks, in order. */
  async lines(addresses: string[], from: number, to: number): Promise<string[]> {
    const range = { fromBlock: `0x${from.toString(16)}`, toBlock: `0x${to.toString(16)}` };
    const logs = (await this.call('eth_getLogs', [{ address: addresses, ...range }])) as Fields[];
    const lines = logs.map(
      ({ blockNumber, logIndex, transactionHash, data }) =>
        `log ${Number(blockNumber)} ${Number(logIndex)} ${transactionHash} ${BigInt(String(data))}`,
    );
    for (let number = from; number <= to; number += 1) {
      const params = [`0x${number.toString(16)}`, false];
      const block = (await this.call('eth_getBlockByNumber', params)) as Fields;
      for (const hash of block.transactions as string[])
        lines.push(`transaction ${number} ${hash}`);
    }
    return lines.sort();
  }
}

export class Beliefs {
  readonly #feed: MarketFeed;
  readonly #events: MarketEvent[] = [];
  readonly #included: IncludedTransaction[] = [];
  /** The last block believed; null before the first. */
  head: number | null = null;
  /** Codes of the errors met. */
  readonly errors: string[] = [];

  constructor(feed: MarketFeed) {
    this.#feed = feed;
  }

  /** @throws what is no typed error of a feed: that is a defect */
  async poll(): Promise<void> {
    try {
      const { events, included, head } = await this.#feed.poll(never);
      for (const event of events) this.#events.push(event);
      for (const each of included) this.#included.push(each);
      this.head = head.number;
    } catch (error) {
      if (!(error instanceof RpcError || error instanceof FollowerError)) throw error;
      this.errors.push(error.code);
    }
  }

  /** As `Truth.lines` gives them. All the market's logs here are grants of money. */
  lines(): string[] {
    const lines = this.#events.map((event) => {
      if (event.kind !== 'financial-added') return `a ${event.kind} nobody made`;
      const { blockNumber, logIndex, transactionHash, amountMicro } = event;
      return `log ${blockNumber} ${logIndex} ${transactionHash} ${amountMicro}`;
    });
    for (const { hash, blockNumber } of this.#included) {
      lines.push(`transaction ${blockNumber} ${hash}`);
    }
    return lines.sort();
  }
}
