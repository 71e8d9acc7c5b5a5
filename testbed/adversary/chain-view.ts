/** Everything that the chain shows to everybody: blocks with their transactions, and the log. */
import { decodeLog, type MarketContracts } from '../../chain/decode.ts';
import { parseLogs } from '../../chain/rpc-forms.ts';
import type { MarketEvent } from '../../market/events.ts';
import type { Anvil } from '../anvil.ts';

export interface SeenTransaction {
  readonly hash: string;
  /** Lower case. */
  readonly from: string;
  readonly block: number;
  /** Place in its block, from 0. */
  readonly place: number;
}

export interface ChainView {
  /** Of each block by its number, unix s. */
  readonly times: ReadonlyMap<number, number>;
  readonly transactions: ReadonlyMap<string, SeenTransaction>;
  readonly events: readonly MarketEvent[];
  /** Of all blocks. */
  readonly gasUsed: number;
}

interface RawBlock {
  number: string;
  timestamp: string;
  gasUsed: string;
  transactions: { hash: string; from: string; transactionIndex: string }[];
}

const PAGE_BLOCKS = 500;

/** Reads a chain from its beginning. @throws AnvilError, DecodeError */
export async function viewChain(
  anvil: Pick<Anvil, 'call'>,
  contracts: MarketContracts,
): Promise<ChainView> {
  const last = Number(await anvil.call('eth_blockNumber'));
  const times = new Map<number, number>();
  const transactions = new Map<string, SeenTransaction>();
  const events: MarketEvent[] = [];
  let gasUsed = 0;
  for (let number = 0; number <= last; number += 1) {
    const block = (await anvil.call('eth_getBlockByNumber', [hex(number), true])) as RawBlock;
    times.set(number, Number(block.timestamp));
    gasUsed += Number(block.gasUsed);
    for (const { hash, from, transactionIndex } of block.transactions) {
      const place = Number(transactionIndex);
      transactions.set(hash, { hash, from: from.toLowerCase(), block: number, place });
    }
  }
  const address = [contracts.microgrid, contracts.assets, contracts.matching];
  for (let first = 0; first <= last; first += PAGE_BLOCKS) {
    const end = Math.min(last, first + PAGE_BLOCKS - 1);
    const range = { address, fromBlock: hex(first), toBlock: hex(end) };
    const raw = await anvil.call('eth_getLogs', [range]);
    for (const log of parseLogs(raw, address, first, end)) {
      const event = decodeLog(log, contracts);
      if (event !== null) events.push(event);
    }
  }
  return { times, transactions, events, gasUsed };
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
