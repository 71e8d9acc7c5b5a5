/** Endpoints that speak well and tell what is not so: of blocks, logs, transactions, the chain. */
import { id, keccak256 } from 'ethers';
import type { Answer, Ask, Behaviour, Call } from './ask.ts';

type Fields = Record<string, unknown>;
const hex = (value: number) => `0x${value.toString(16)}`;
const otherHash = (hash: unknown) => keccak256(String(hash));

/** Changes the results of a method. */
function lie(
  methods: string | readonly string[],
  change: (result: unknown, call: Call, ask: Ask) => unknown,
): Behaviour {
  return async (ask) => {
    const answers = await ask.honest();
    const lies = answers.map((answer, at): Answer => {
      const call = ask.calls[at];
      if (call === undefined || !methods.includes(call.method)) return answer;
      const { id: answered, jsonrpc, result } = answer;
      return { id: answered, jsonrpc, result: change(result, call, ask) };
    });
    ask.reply(lies);
  };
}

/** Changes each block that is told. */
function lieOfBlocks(change: (block: Fields, call: Call, ask: Ask) => Fields): Behaviour {
  return lie('eth_getBlockByNumber', (block, call, ask) =>
    block === null ? null : change(block as Fields, call, ask),
  );
}

/** Changes the list of logs. */
function lieOfLogs(change: (logs: Fields[], ask: Ask) => unknown[]): Behaviour {
  return lie('eth_getLogs', (logs, _, ask) => change(logs as Fields[], ask));
}

/** Another chain: every hash another one, from a block on. */
function forked(from: (ask: Ask) => number): Behaviour {
  const fork = (block: Fields, ask: Ask): Fields => {
    const number = Number(block.number);
    if (number < from(ask)) return block;
    const parentHash = number > from(ask) ? otherHash(block.parentHash) : block.parentHash;
    return { ...block, hash: otherHash(block.hash), parentHash };
  };
  return async (ask) => {
    const answers = await ask.honest();
    const lies = answers.map((answer, at) => {
      const { method } = ask.calls[at] ?? { method: '' };
      const { result } = answer;
      if (method === 'eth_getBlockByNumber' && result !== null) {
        return { ...answer, result: fork(result as Fields, ask) };
      }
      if (method !== 'eth_getLogs') return answer;
      const logs = (result as Fields[]).map((log) =>
        Number(log.blockNumber) < from(ask) ? log : { ...log, blockHash: otherHash(log.blockHash) },
      );
      return { ...answer, result: logs };
    });
    ask.reply(lies);
  };
}

/** The number of the first block that this client was shown. */
function firstShown(ask: Ask, number: number): number {
  const shown = ask.session.kept.get('first shown');
  if (typeof shown === 'number') return shown;
  ask.session.kept.set('first shown', number);
  return number;
}

const STRANGER = `0x${'5e'.repeat(20)}`;
const ADDED = id('FinancialAdded(address,uint64)');

/** A grant that nobody made, with all that belongs to a real log. */
function invented(log: Fields): Fields {
  const money = `0x${'0'.repeat(48)}${'f'.repeat(16)}`;
  const topics = [ADDED, `0x${'0'.repeat(24)}${STRANGER.slice(2)}`];
  return { ...log, topics, data: money, logIndex: hex(Number(log.logIndex) + 1_000) };
}

const isHead = ({ params }: Call) => typeof params[0] === 'string' && !params[0].startsWith('0x');

export const LIES_OF_CHAIN: Record<string, Behaviour> = {
  'wrong chain': lie('eth_chainId', () => '0x1'),
  'another chain later': lie('eth_chainId', (result, _, ask) => (ask.turn > 3 ? '0x1' : result)),
  'no market': lie('eth_getCode', () => '0x'),
  'another beginning': forked(() => 0),
  'forked head': lieOfBlocks((block, call) =>
    isHead(call) ? { ...block, hash: otherHash(block.hash) } : block,
  ),
  'changed history': forked((ask) => (ask.turn > 4 ? 3 : Number.POSITIVE_INFINITY)),
  'stuck head': async (ask) => {
    const answers = await ask.honest();
    const lies = answers.map((answer, at) => {
      const call = ask.calls[at];
      if (call?.method !== 'eth_getBlockByNumber' || !isHead(call)) return answer;
      const known = ask.session.kept.get('head');
      if (known === undefined) ask.session.kept.set('head', answer.result);
      return known === undefined ? answer : { ...answer, result: known };
    });
    ask.reply(lies);
  },
  'head that goes back': lieOfBlocks((block, call, ask) => {
    if (!isHead(call) || ask.turn < 4) return block;
    const number = Math.max(0, firstShown(ask, Number(block.number)) - ask.turn);
    return { ...block, number: hex(number) };
  }),
  'head far in the future': lieOfBlocks((block, call) =>
    isHead(call)
      ? { ...block, number: hex(Number(block.number) + 1_000_000), hash: otherHash(block.hash) }
      : block,
  ),
  'head beyond all numbers': lieOfBlocks((block, call) =>
    isHead(call) ? { ...block, number: hex(Number.MAX_SAFE_INTEGER) } : block,
  ),
  'time of the year 5000': lieOfBlocks((block) => ({ ...block, timestamp: hex(95_617_584_000) })),
  'time of 1970': lieOfBlocks((block) => ({ ...block, timestamp: '0x1' })),
  'blocks without parents': lieOfBlocks((block) => ({
    ...block,
    parentHash: otherHash(block.parentHash),
  })),
  'another block than asked for': lieOfBlocks((block) => ({
    ...block,
    number: hex(Number(block.number) + 1),
  })),
  'missing logs': lieOfLogs((logs) => logs.slice(0, -1)),
  'no logs': lieOfLogs(() => []),
  'invented logs': lieOfLogs((logs) => logs.flatMap((log) => [log, invented(log)])),
  'logs of no transaction': lieOfLogs((logs) =>
    logs.flatMap((log) => [log, { ...invented(log), transactionHash: id('none') }]),
  ),
  'logs of strangers': lieOfLogs((logs) => logs.map((log) => ({ ...log, address: STRANGER }))),
  'logs of other topics': lieOfLogs((logs) =>
    logs.map((log) => ({
      ...log,
      topics: [id('Nothing()')],
    })),
  ),
  'logs cut short': lieOfLogs((logs) => logs.map((log) => ({ ...log, data: '0x12' }))),
  'logs of other blocks': lieOfLogs((logs) =>
    logs.map((log) => ({ ...log, blockNumber: hex(Number(log.blockNumber) + 1) })),
  ),
  'logs with another block hash': lieOfLogs((logs) =>
    logs.map((log) => ({ ...log, blockHash: otherHash(log.blockHash) })),
  ),
  'logs in disorder and twice': lieOfLogs((logs) => [...logs, ...logs].reverse()),
  'logs that were removed': lieOfLogs((logs) => logs.map((log) => ({ ...log, removed: true }))),
  'amounts changed': lieOfLogs((logs) =>
    logs.map((log) => ({ ...log, data: `0x${'0'.repeat(63)}1` })),
  ),
  'a flood of logs': lieOfLogs((logs) => {
    const [log] = logs;
    if (log === undefined) return logs;
    return Array.from({ length: 1_500 }, (_, at) => ({ ...invented(log), logIndex: hex(at) }));
  }),
  'transactions left out': lieOfBlocks((block) => ({ ...block, transactions: [] })),
  'transactions invented': lieOfBlocks((block) => ({
    ...block,
    transactions: [...((block.transactions as unknown[]) ?? []), id('invented')],
  })),
  'takes transactions and drops them': async (ask) => {
    const [call] = ask.calls;
    if (call?.method !== 'eth_sendRawTransaction') return ask.reply(await ask.honest());
    ask.reply([{ jsonrpc: '2.0', id: call.id, result: keccak256(String(call.params[0])) }]);
  },
  'says another hash for a transaction': async (ask) => {
    const [call] = ask.calls;
    if (call?.method !== 'eth_sendRawTransaction') return ask.reply(await ask.honest());
    ask.reply([{ jsonrpc: '2.0', id: call.id, result: id('another') }]);
  },
  'refuses transactions': async (ask) => {
    const [call] = ask.calls;
    if (call?.method !== 'eth_sendRawTransaction') return ask.reply(await ask.honest());
    const error = { code: -32000, message: 'nonce too low' };
    ask.reply([{ jsonrpc: '2.0', id: call.id, error }]);
  },
};
