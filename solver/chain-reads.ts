/** The solver's reads over JSON-RPC. */
import { Interface } from 'ethers';
import { MATCHING_ABI } from '../chain/abi.ts';
import { addChunksCall, openSolutionCall } from '../chain/calls.ts';
import type { MarketContracts } from '../chain/decode.ts';
import { MarketReads } from '../chain/reads.ts';
import type { JsonRpc } from '../chain/rpc.ts';
import { RpcError } from '../chain/rpc-forms.ts';
import type { SolverChain } from './ports.ts';

const matching = new Interface(MATCHING_ABI);
/** Solutions that others may have opened since ours. */
const LOOK_BACK = 32;

export class RpcSolverChain implements SolverChain {
  readonly #rpc: JsonRpc;
  readonly #contracts: MarketContracts;
  readonly #reads: MarketReads;

  constructor(rpc: JsonRpc, contracts: MarketContracts) {
    this.#rpc = rpc;
    this.#contracts = contracts;
    this.#reads = new MarketReads(rpc, contracts);
  }

  async timestampOf(blockNumber: number, signal: AbortSignal): Promise<number> {
    return (await this.#rpc.block(blockNumber, signal)).timestamp;
  }

  balanceMicro(holder: string, signal: AbortSignal): Promise<bigint> {
    return this.#reads.balanceMicro(holder, signal);
  }

  async stakeMicro(solver: string, signal: AbortSignal): Promise<bigint> {
    const data = matching.encodeFunctionData('stakeOf', [solver]);
    const answer = await this.#rpc.ethCall(
      { to: this.#contracts.matching, data },
      'latest',
      signal,
    );
    return BigInt(matching.decodeFunctionResult('stakeOf', answer)[0]);
  }

  /** The contract tells the id to its opener only; but to add nothing succeeds for one of ours. */
  async openSolutionId(solver: string, signal: AbortSignal): Promise<number | null> {
    const { data } = openSolutionCall(this.#contracts);
    const to = this.#contracts.matching;
    const answer = await this.#rpc.ethCall({ to, data, from: solver }, 'latest', signal);
    const next = Number(matching.decodeFunctionResult('openSolution', answer)[0]);
    for (let id = next - 1; id > Math.max(0, next - 1 - LOOK_BACK); id--) {
      const request = { to, data: addChunksCall(this.#contracts, id, []).data, from: solver };
      try {
        await this.#rpc.ethCall(request, 'latest', signal);
        return id;
      } catch (error) {
        if (!(error instanceof RpcError) || error.code !== 'reverted') throw error;
      }
    }
    return null;
  }
}
