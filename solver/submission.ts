/**
 * One submission under way: a single transaction, or open, add, commit; where solvers are rewarded
 * it is announced first, in a block before. Its state is kept in memory only. After a restart an
 * unfinished one is forgotten: nothing of it counts until it is committed, and a new one is as
 * good.
 */
import type { SigningKey } from 'ethers';
import {
  addChunksCall,
  announceCall,
  type Call,
  type ClaimedChunk,
  commitSolutionCall,
  openSolutionCall,
  submitSolutionCall,
} from '../chain/calls.ts';
import type { MarketContracts } from '../chain/decode.ts';
import type { OutboxEntry } from '../chain/outbox-store.ts';
import { solutionDigest } from '../market/matching/solution-digest.ts';
import { partsOf } from './parts.ts';
import type { SolverChain, SolverOutbox } from './ports.ts';

export const SUBMISSION = 'submission';

export interface SubmissionContext {
  contracts: MarketContracts;
  key: SigningKey;
  address: string;
  outbox: SolverOutbox;
  chain: SolverChain;
  /** Whether solutions are announced, so that they are rewarded. */
  isAnnouncing: boolean;
}

type Phase = 'announcing' | 'single' | 'opening' | 'adding' | 'committing';

export class Submission {
  readonly #context: SubmissionContext;
  readonly #parts: ClaimedChunk[][];
  readonly #waiting = new Set<string>();
  #phase: Phase;
  #solutionId = 0;
  #hasFailed = false;

  private constructor(context: SubmissionContext, parts: ClaimedChunk[][]) {
    this.#context = context;
    this.#parts = parts;
    this.#phase = 'announcing';
  }

  /** Signs what can be signed at once. */
  static begin(
    context: SubmissionContext,
    chunks: ClaimedChunk[],
    horizonIntervals: number,
  ): Submission {
    const submission = new Submission(context, partsOf(chunks, horizonIntervals));
    if (context.isAnnouncing) {
      const digest = solutionDigest(context.address, chunks);
      submission.#send(announceCall(context.contracts, digest));
    } else {
      submission.#submit();
    }
    return submission;
  }

  /** Takes in what became of a transaction of ours. */
  settled(entry: OutboxEntry): void {
    if (!this.#waiting.delete(entry.hash)) return;
    if (entry.state !== 'mined') this.#hasFailed = true;
  }

  /**
   * Goes on when all that was sent is settled.
   * @returns `accepted`, `rejected`, or null while it is under way
   * @throws RpcError
   */
  async advance(signal: AbortSignal): Promise<'accepted' | 'rejected' | null> {
    if (this.#waiting.size > 0) return null;
    if (this.#hasFailed) return 'rejected';
    const { chain, address, contracts } = this.#context;
    if (this.#phase === 'announcing') {
      this.#submit();
      return null;
    }
    if (this.#phase === 'opening') {
      const id = await chain.openSolutionId(address, signal);
      if (id === null) return 'rejected';
      this.#solutionId = id;
      this.#phase = 'adding';
      for (const part of this.#parts) this.#send(addChunksCall(contracts, id, part));
      return null;
    }
    if (this.#phase === 'adding') {
      this.#phase = 'committing';
      this.#send(commitSolutionCall(contracts, this.#solutionId));
      return null;
    }
    return 'accepted';
  }

  #submit(): void {
    const { contracts } = this.#context;
    const [whole, ...more] = this.#parts;
    if (whole !== undefined && more.length === 0) {
      this.#phase = 'single';
      this.#send(submitSolutionCall(contracts, whole));
    } else {
      this.#phase = 'opening';
      this.#send(openSolutionCall(contracts));
    }
  }

  #send(call: Call): void {
    const { outbox, key } = this.#context;
    this.#waiting.add(outbox.enqueue(key, call, SUBMISSION).hash);
  }
}
