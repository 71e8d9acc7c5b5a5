/**
 * A solver inside the agent, where `[solver]` wants one: the loop of solver/ with a key of its own
 * and files of its own. The market trusts it with nothing, and the home depends on it for nothing:
 * whatever goes wrong with it is said, and it starts anew; metering and trading go on.
 *
 * Clearing runs on the agent's own thread, there being no workers yet. `most_offers` bounds for how
 * long that is held up: a thousand offers take up to a second.
 */
import { askingOutbox } from '../chain/outbox.ts';
import { OUTBOX_DAYS_SQL, OUTBOX_SQL, SqlOutboxStore } from '../chain/outbox-store.ts';
import { MarketReads, type SolverTerms } from '../chain/reads.ts';
import type { JsonRpc } from '../chain/rpc.ts';
import { RpcError } from '../chain/rpc-forms.ts';
import type { Clock, Log, Pacer, Sql } from '../host/ports.ts';
import type { GridFacts } from '../market/grid.ts';
import { RpcSolverChain } from '../solver/chain-reads.ts';
import { SolverLoop, type SolverStatistics } from '../solver/loop.ts';
import { solverPolicy } from '../solver/signing-rules.ts';
import type { SolverSettings } from './config.ts';
import { SolverStake } from './solving/stake.ts';
import type { OpenFeed } from './trading/market-log.ts';
import type { DsoClient } from './wallet/dso-client.ts';
import type { Wallet } from './wallet/wallet.ts';

export interface SolvingOptions {
  settings: SolverSettings;
  facts: GridFacts;
  clock: Clock;
  log: Log;
  wallet: Wallet;
  dso: DsoClient;
  /** A connection that is the solver's alone. */
  rpc: JsonRpc;
  openFeed: OpenFeed;
  /** Opens the solver's transactions. @throws SqlError */
  openSql: (migrations: readonly string[]) => Sql;
}

export interface SolvingStatus extends SolverStatistics {
  isStaked: boolean;
  /** Why it does not work, for people; null when it does. */
  problem: string | null;
}

const NOTHING_YET = { submitted: 0, accepted: 0, rejected: 0, finalized: 0, settled: 0 };

export class SolvingService {
  readonly #o: SolvingOptions;
  readonly #stopping = new AbortController();
  #loop: SolverLoop | null = null;
  #stake: SolverStake | null = null;
  #problem: string | null = null;
  #done: Promise<void> = Promise.resolve();

  constructor(options: SolvingOptions) {
    this.#o = options;
  }

  start(signal: AbortSignal): void {
    signal.addEventListener('abort', () => this.#stopping.abort(signal.reason), { once: true });
    if (signal.aborted) this.#stopping.abort(signal.reason);
    this.#done = this.#run(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
  }

  status(): SolvingStatus {
    return {
      ...(this.#loop?.statistics ?? NOTHING_YET),
      isStaked: this.#stake?.isHeld ?? false,
      problem: this.#problem ?? this.#stake?.problem ?? null,
    };
  }

  /** One solver after the other, each from the beginning of the log, until the signal aborts. */
  async #run(signal: AbortSignal): Promise<void> {
    const { clock, log, facts } = this.#o;
    const restartMs = facts.calendar.intervalSeconds * 1000;
    while (!signal.aborted) {
      const pacer = clock.pacer('solving');
      try {
        await this.#runOne(pacer, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#problem = `the solver failed: ${error instanceof Error ? error.message : error}`;
        log.error(`${this.#problem}; the home goes on, the solver starts anew in an interval`);
        await pacer.until(clock.now() + restartMs, signal).catch(() => undefined);
      } finally {
        pacer.close();
      }
    }
  }

  /** @param pacer is closed once nothing is left to do but what the solver's own loop does */
  async #runOne(pacer: Pacer, signal: AbortSignal): Promise<void> {
    const { openSql, log } = this.#o;
    const terms = await this.#terms(pacer, signal);
    const sql = openSql([OUTBOX_SQL, OUTBOX_DAYS_SQL]);
    const ending = new AbortController();
    const end = () => ending.abort(signal.reason);
    signal.addEventListener('abort', end, { once: true });
    try {
      if (signal.aborted) end();
      const loop = this.#makeLoop(sql, terms);
      const stake = this.#makeStake(terms);
      this.#loop = loop;
      this.#stake = stake;
      this.#problem = null;
      log.info('the solver runs');
      const parts = [loop.run(ending.signal), this.#fund(stake, pacer, ending.signal)];
      // The first that fails ends the other too, and only then the file is closed.
      for (const part of parts) part.catch((error: unknown) => ending.abort(error));
      await Promise.allSettled(parts);
      ending.signal.throwIfAborted();
    } finally {
      signal.removeEventListener('abort', end);
      sql.close();
    }
  }

  /** Asked until the chain answers. */
  async #terms(pacer: Pacer, signal: AbortSignal): Promise<SolverTerms> {
    const { rpc, facts, clock, log, settings } = this.#o;
    const reads = new MarketReads(rpc, facts.contracts);
    for (;;) {
      try {
        return await reads.solverTerms(signal);
      } catch (error) {
        if (signal.aborted || !(error instanceof RpcError)) throw error;
        const problem = `the solver waits for the chain: ${error.message}`;
        if (problem !== this.#problem) log.warn(problem);
        this.#problem = problem;
        await pacer.until(clock.now() + settings.pollMs, signal);
      }
    }
  }

  /** Looks after the stake at each poll until it is there. */
  async #fund(stake: SolverStake, pacer: Pacer, signal: AbortSignal): Promise<void> {
    const { clock, settings } = this.#o;
    await stake.ensure(signal);
    while (!stake.isHeld) {
      await pacer.until(clock.now() + settings.pollMs, signal);
      await stake.ensure(signal);
    }
    pacer.close();
  }

  #makeLoop(sql: Sql, terms: SolverTerms): SolverLoop {
    const { settings, facts, clock, log, wallet, rpc, openFeed } = this.#o;
    const { contracts, calendar, chainId, finality, minTradeWs, deployedAtBlock } = facts;
    const { minStakeMicro: stakeMicro, ...others } = terms;
    const store = new SqlOutboxStore(sql);
    return new SolverLoop(
      {
        ...others,
        ...{ contracts, calendar, minTradeWs, stakeMicro, isFunded: true },
        pollSeconds: settings.pollMs / 1000,
        tieRule: { kind: 'earliest-deadline', second: settings.secondTieRule },
        mostOffers: settings.mostOffers,
      },
      {
        ...{ clock, log, key: wallet.solverKey },
        feed: openFeed(deployedAtBlock),
        outbox: askingOutbox({
          ...{ store, rpcFor: () => rpc, chainId, finality, clock, log },
          policy: solverPolicy({ chainId, contracts }),
        }),
        chain: new RpcSolverChain(rpc, contracts),
      },
    );
  }

  #makeStake({ minStakeMicro: leastMicro }: SolverTerms): SolverStake {
    const { facts, clock, log, wallet, dso, rpc } = this.#o;
    const chain = new RpcSolverChain(rpc, facts.contracts);
    const retryMs = facts.calendar.intervalSeconds * 1000;
    const key = wallet.solverKey;
    return new SolverStake({ wallet, dso, chain, key, leastMicro, retryMs, clock, log });
  }
}
