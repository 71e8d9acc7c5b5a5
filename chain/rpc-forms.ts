/**
 * What a JSON-RPC endpoint sends, parsed field by field: it is not trusted to be well-formed, in
 * order, or about what was asked. Hex quantities are read leniently in their leading zeros only.
 */

export class RpcError extends Error {
  /**
   * `unreachable`: no answer. `malformed`: an answer that is none. `too-large`: beyond the limit.
   * `rejected`: the endpoint refuses the call. `reverted`: the contract does.
   * `wrong-chain`: the endpoint serves another chain. `disagreement`: too few endpoints say the
   * same.
   */
  readonly code:
    | 'unreachable'
    | 'malformed'
    | 'too-large'
    | 'rejected'
    | 'reverted'
    | 'wrong-chain'
    | 'disagreement';
  /** The endpoint's own error number, where it gave one. */
  readonly rpcCode: number | null;
  /** What the contract said when it reverted, `0x` and hex. */
  readonly data: string | null;

  constructor(
    code: RpcError['code'],
    message: string,
    more: { rpcCode?: number; data?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.name = 'RpcError';
    this.code = code;
    this.rpcCode = more.rpcCode ?? null;
    this.data = more.data ?? null;
  }

  /** Whether another endpoint may do better with the same call. */
  get isEndpointsFault(): boolean {
    return this.code === 'unreachable' || this.code === 'malformed';
  }

  /** From the `error` member of an answer. */
  static fromAnswer(error: unknown, method: string): RpcError {
    const { code, message, data } = (typeof error === 'object' && error !== null ? error : {}) as {
      code?: unknown;
      message?: unknown;
      data?: unknown;
    };
    const words = typeof message === 'string' ? plainText(message, 300) : 'no reason given';
    const bytes = revertData(data);
    const rpcCode = Number.isSafeInteger(code) ? Number(code) : undefined;
    // 3 is "execution reverted"; some clients give another number, but the contract's data.
    const isReverted = rpcCode === REVERTED || bytes !== undefined;
    return new RpcError(isReverted ? 'reverted' : 'rejected', `${method}: ${words}`, {
      ...(rpcCode === undefined ? {} : { rpcCode }),
      ...(bytes === undefined ? {} : { data: bytes }),
    });
  }
}

export interface Block {
  number: number;
  /** Unix seconds. */
  timestamp: number;
  hash: string;
  parentHash: string;
}

/** A block with the hashes of its transactions, in their order. */
export interface ListedBlock extends Block {
  transactions: string[];
}

/** A transaction that is in a final block, whatever became of it there. Its hash in lower case. */
export interface IncludedTransaction {
  hash: string;
  blockNumber: number;
}

export interface RawLog {
  blockHash: string;
  address: string;
  topics: string[];
  data: string;
  blockNumber: number;
  logIndex: number;
  transactionHash: string;
}

export interface Receipt {
  transactionHash: string;
  blockNumber: number;
  isSuccess: boolean;
  gasUsed: number;
  /** Of a deployment. */
  contractAddress: string | null;
}

const REVERTED = 3;
/** A contract's reason is a few words of 32 bytes. */
const REVERT_CHARACTERS = 10_000;
const QUANTITY = /^0x[0-9a-fA-F]{1,64}$/;
const DATA = /^0x(?:[0-9a-fA-F]{2})*$/;
const HASH = /^0x[0-9a-fA-F]{64}$/;
const ADDRESS = /^0x[0-9a-fA-F]{40}$/;

export function parseQuantity(value: unknown, what: string): number {
  const number = typeof value === 'string' && QUANTITY.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw malformed(what, 'a number in hex');
  return number;
}

export function parseData(value: unknown, what: string): string {
  if (typeof value !== 'string' || !DATA.test(value)) throw malformed(what, 'bytes in hex');
  return value.toLowerCase();
}

export function parseHash(value: unknown, what: string): string {
  if (typeof value !== 'string' || !HASH.test(value)) throw malformed(what, '32 bytes in hex');
  return value.toLowerCase();
}

export function parseAddress(value: unknown, what: string): string {
  if (typeof value !== 'string' || !ADDRESS.test(value)) throw malformed(what, 'an address');
  return value.toLowerCase();
}

/**
 * Words of a stranger for a log or a terminal: cut short, and without characters that would move
 * a cursor, turn the direction of writing, or end a line.
 */
export function plainText(text: string, most: number): string {
  const plain = text.slice(0, most).replace(/[^\x20-\x7e\u00a0-\u02ff]/g, '\ufffd');
  return text.length > most ? `${plain}...` : plain;
}

/** Null where the endpoint says null: no such block. */
export function parseBlock(value: unknown): Block | null {
  if (value === null) return null;
  const block = fields(value, 'block');
  return {
    number: parseQuantity(block.number, 'block.number'),
    timestamp: parseQuantity(block.timestamp, 'block.timestamp'),
    hash: parseHash(block.hash, 'block.hash'),
    parentHash: parseHash(block.parentHash, 'block.parentHash'),
  };
}

/** Null where the endpoint says null: no such block. */
export function parseListedBlock(value: unknown): ListedBlock | null {
  const block = parseBlock(value);
  if (block === null) return null;
  const { transactions } = fields(value, 'block');
  if (!Array.isArray(transactions)) throw malformed('block.transactions', 'a list');
  return {
    ...block,
    transactions: transactions.map((each) => parseHash(each, 'block.transactions')),
  };
}

/** Null where the endpoint says null: not in a block yet. */
export function parseReceipt(value: unknown, hash: string): Receipt | null {
  if (value === null) return null;
  const receipt = fields(value, 'receipt');
  const transactionHash = parseHash(receipt.transactionHash, 'receipt.transactionHash');
  if (transactionHash !== hash.toLowerCase()) {
    throw malformed('receipt', 'of the transaction that was asked for');
  }
  const status = parseQuantity(receipt.status, 'receipt.status');
  if (status > 1) throw malformed('receipt.status', '0 or 1');
  const created = receipt.contractAddress ?? null;
  return {
    transactionHash,
    blockNumber: parseQuantity(receipt.blockNumber, 'receipt.blockNumber'),
    isSuccess: status === 1,
    gasUsed: parseQuantity(receipt.gasUsed, 'receipt.gasUsed'),
    contractAddress: created === null ? null : parseAddress(created, 'receipt.contractAddress'),
  };
}

/**
 * Logs in the order of the chain, each once, whatever order they came in.
 * @throws RpcError `malformed` for logs of other contracts or blocks, removed or contradictory ones
 */
export function parseLogs(
  value: unknown,
  addresses: readonly string[],
  from: number,
  to: number,
): RawLog[] {
  if (!Array.isArray(value)) throw malformed('eth_getLogs', 'a list');
  const wanted = new Set(addresses.map((address) => address.toLowerCase()));
  const logs = value.map((one) => parseLog(one, wanted, from, to));
  logs.sort((a, b) => a.blockNumber - b.blockNumber || a.logIndex - b.logIndex);
  return logs.filter((log, at) => {
    const before = logs[at - 1];
    if (before?.blockNumber !== log.blockNumber || before.logIndex !== log.logIndex) return true;
    const isSame =
      before.blockHash === log.blockHash &&
      before.transactionHash === log.transactionHash &&
      before.data === log.data &&
      before.topics.join() === log.topics.join();
    if (!isSame) throw malformed(`logs of block ${log.blockNumber}`, 'free of contradictions');
    return false;
  });
}

function parseLog(value: unknown, wanted: Set<string>, from: number, to: number): RawLog {
  const log = fields(value, 'log');
  const blockNumber = parseQuantity(log.blockNumber, 'log.blockNumber');
  const address = parseAddress(log.address, 'log.address');
  if (blockNumber < from || blockNumber > to) throw malformed('log', `in blocks ${from} to ${to}`);
  if (!wanted.has(address)) throw malformed('log', 'of the contracts that were asked for');
  if ((log.removed ?? false) !== false) throw malformed('log', 'of a block that stands');
  const { topics } = log;
  if (!Array.isArray(topics) || topics.length > 4) throw malformed('log.topics', 'a short list');
  return {
    blockHash: parseHash(log.blockHash, 'log.blockHash'),
    address,
    topics: topics.map((topic) => parseHash(topic, 'log.topics')),
    data: parseData(log.data, 'log.data'),
    blockNumber,
    logIndex: parseQuantity(log.logIndex, 'log.logIndex'),
    transactionHash: parseHash(log.transactionHash, 'log.transactionHash'),
  };
}

/** Clients put the bytes into `data`, or one level deeper. */
function revertData(data: unknown): string | undefined {
  if (typeof data === 'string') {
    return data.length <= REVERT_CHARACTERS && DATA.test(data) ? data : undefined;
  }
  if (typeof data === 'object' && data !== null && 'data' in data) return revertData(data.data);
  return undefined;
}

function fields(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(what, 'an object');
  }
  return value as Record<string, unknown>;
}

function malformed(what: string, expected: string): RpcError {
  return new RpcError('malformed', `the endpoint sent a ${what} that is not ${expected}`);
}
