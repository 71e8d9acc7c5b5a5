/** The solver's reads over JSON-RPC. */
import type { MarketContracts } from '../chain/decode.ts';
import { MarketReads } from '../chain/reads.ts';
import type { JsonRpc } from '../chain/rpc.ts';
import type { SolverChain } from './ports.ts';

export class RpcSolverChain implements SolverChain {
  readonly #rpc: JsonRpc;
  readonly #reads: MarketReads;

  constructor(rpc: JsonRpc, contracts: MarketContracts) {
    this.#rpc = rpc;
    this.#reads = new MarketReads(rpc, contracts);
  }

  async timestampOf(blockNumber: number, signal: AbortSignal): Promise<number> {
    return (await this.#rpc.block(blockNumber, signal)).timestamp;
  }

  balanceMicro(holder: string, signal: AbortSignal): Promise<bigint> {
    return this.#reads.balanceMicro(holder, signal);
  }

  stakeMicro(solver: string, signal: AbortSignal): Promise<bigint> {
    return this.#reads.stakeMicro(solver, signal);
  }

  claimableMicro(interval: number, solver: string, signal: AbortSignal): Promise<bigint> {
    return this.#reads.claimableMicro(interval, solver, signal);
  }

  marketOf(holder: string, signal: AbortSignal): Promise<string | null> {
    return this.#reads.marketOf(holder, signal);
  }

  openSolutionId(solver: string, signal: AbortSignal): Promise<number | null> {
    return this.#reads.openSolutionOf(solver, signal);
  }
}
