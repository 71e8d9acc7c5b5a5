/** A chain by script, with a little of the market's log in every block. */
import { Interface } from 'ethers';
import { ASSETS_ABI } from '../../chain/abi.ts';
import { hash, quantity, Refusal } from './scripted-transport.ts';

export const contracts = {
  microgrid: `0x${'a1'.repeat(20)}`,
  assets: `0x${'a2'.repeat(20)}`,
  matching: `0x${'a3'.repeat(20)}`,
};
const assets = new Interface(ASSETS_ABI);

/** A chain with one FinancialAdded of `block` millionths in every block. */
export class ScriptedChain {
  head = 0;
  chainId = 5;
  hasMarket = true;
  /** Changes the hashes of all blocks from this one on. */
  forkedFrom = Number.POSITIVE_INFINITY;
  blockSeconds = 1;
  /** Blocks that were asked for one by one. */
  blocks: number[] = [];
  /** Ranges of eth_getLogs that were asked for. */
  ranges: [number, number][] = [];
  maxRange = Number.POSITIVE_INFINITY;
  /** Instead of the answer to the next eth_getLogs. */
  nextLogs: unknown = undefined;

  answer(method: string, params: unknown[]): unknown {
    switch (method) {
      case 'eth_chainId':
        return quantity(this.chainId);
      case 'eth_getBlockByNumber': {
        const number = params[0] === 'latest' ? this.head : Number(params[0]);
        if (params[0] !== 'latest') this.blocks.push(number);
        return number > this.head ? null : this.block(number);
      }
      case 'eth_getCode':
        return this.hasMarket ? '0x60' : '0x';
      case 'eth_getLogs': {
        const [filter] = params as [{ fromBlock: string; toBlock: string }];
        return this.logs(Number(filter.fromBlock), Number(filter.toBlock));
      }
      default:
        return new Refusal({ code: -32601, message: `no method ${method}` });
    }
  }

  block(number: number) {
    const hashOf = (n: number) => hash(n + (n >= this.forkedFrom ? 1_000_000 : 0));
    return {
      number: quantity(number),
      timestamp: quantity(Math.floor(1_000 + number * this.blockSeconds)),
      hash: hashOf(number),
      parentHash: hashOf(Math.max(0, number - 1)),
      transactions: [hash(10_000 + number), hash(20_000 + number)],
    };
  }

  logs(from: number, to: number): unknown {
    this.ranges.push([from, to]);
    const { nextLogs } = this;
    this.nextLogs = undefined;
    if (nextLogs !== undefined) return nextLogs;
    if (to - from >= this.maxRange)
      return new Refusal({ code: -32005, message: 'range too large' });
    const logs: unknown[] = [];
    for (let number = from; number <= Math.min(to, this.head); number += 1) {
      logs.unshift(this.log(number));
    }
    return logs;
  }

  log(number: number) {
    const owner = `0x${'ab'.repeat(20)}`;
    const { topics, data } = assets.encodeEventLog('FinancialAdded', [owner, number]);
    return {
      address: contracts.assets,
      topics,
      data,
      blockNumber: quantity(number),
      logIndex: '0x0',
      transactionHash: hash(10_000 + number),
      blockHash: this.block(number).hash,
    };
  }
}
