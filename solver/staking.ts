/** The stake that a solver has to have in the market: put there once, when the money is there. */
import type { SigningKey } from 'ethers';
import { stakeCall } from '../chain/calls.ts';
import type { MarketContracts } from '../chain/decode.ts';
import type { Log } from '../host/ports.ts';
import type { SolverChain, SolverOutbox } from './ports.ts';

const STAKE = 'stake';

export interface StakingContext {
  chain: SolverChain;
  outbox: SolverOutbox;
  key: SigningKey;
  log: Log;
  /** The solver's, of its key. */
  address: string;
  contracts: MarketContracts;
  stakeMicro: bigint;
  /** Someone else looks after the money, and says what is missing. */
  isFunded: boolean;
}

export class Staking {
  readonly #context: StakingContext;
  #isDone = false;
  /** What was missing when that was last told. */
  #missingMicro = 0n;

  constructor(context: StakingContext) {
    this.#context = context;
  }

  /** Whether enough is at stake, as far as is known. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Looks, and puts there what is missing. @throws RpcError, OutboxError */
  async step(signal: AbortSignal): Promise<void> {
    if (this.#isDone) return;
    const { chain, outbox, key, address, contracts, stakeMicro } = this.#context;
    const held = await chain.stakeMicro(address, signal);
    if (held >= stakeMicro && held > 0n) {
      this.#isDone = true;
      return;
    }
    if (outbox.store.open().some(({ ref }) => ref === STAKE)) return;
    const missing = stakeMicro - held;
    if ((await chain.balanceMicro(address, signal)) >= missing) {
      outbox.enqueue(key, stakeCall(contracts, missing), STAKE);
    } else {
      this.#tell(missing);
    }
  }

  #tell(missingMicro: bigint): void {
    const { isFunded, log, address } = this.#context;
    if (isFunded || this.#missingMicro === missingMicro) return;
    this.#missingMicro = missingMicro;
    const fields = { solver: address, missingMicro };
    log.warn('the solver has no money for its stake: grant it some', fields);
  }
}
