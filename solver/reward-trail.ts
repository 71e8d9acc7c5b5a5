/**
 * Which intervals may owe a solver a reward, and what it was paid, by the market's log alone. The
 * contract keeps the credits; the log says where to ask for them: an interval that is final with
 * trades, and of which an accepted solution of this solver had a chunk.
 */
import type { MarketEvent } from '../market/events.ts';
import type { Interval } from '../market/intervals.ts';

type Of<K extends MarketEvent['kind']> = Extract<MarketEvent, { kind: K }>;

export class RewardTrail {
  readonly #only: string | null;
  /** Intervals of solutions that are not accepted, or not yet. */
  readonly #offered = new Map<number, Set<Interval>>();
  /** Intervals that each solver may have raised, and whether they are final. */
  readonly #raised = new Map<string, Map<Interval, boolean>>();
  readonly #paidMicro = new Map<string, bigint>();

  /** @param only the one solver to follow, lower case; null for all */
  constructor(only: string | null = null) {
    this.#only = only;
  }

  observe(event: MarketEvent): void {
    switch (event.kind) {
      case 'candidate-chunk': {
        const intervals = this.#offered.get(event.solutionId) ?? new Set();
        this.#offered.set(event.solutionId, intervals.add(event.interval));
        break;
      }
      case 'candidate-accepted':
        this.#accept(event);
        break;
      case 'solution-finalized':
        this.#finalize(event.interval, event.trades !== '0x');
        break;
      case 'reward-paid':
        this.#raised.get(event.solver)?.delete(event.interval);
        this.#paidMicro.set(event.solver, this.paidMicro(event.solver) + event.amountMicro);
        break;
    }
  }

  /** Those whose solutions were accepted, in the order of their first; addresses in lower case. */
  solvers(): string[] {
    return [...this.#raised.keys()];
  }

  /** Final intervals that may owe this solver something, ascending. */
  owed(solver: string): Interval[] {
    const intervals = [...(this.#raised.get(solver) ?? [])];
    return intervals
      .filter(([, isFinal]) => isFinal)
      .map(([interval]) => interval)
      .sort((a, b) => a - b);
  }

  /** The contract said that these owe nothing: once final, they never will. */
  forget(solver: string, intervals: readonly Interval[]): void {
    for (const interval of intervals) this.#raised.get(solver)?.delete(interval);
  }

  paidMicro(solver: string): bigint {
    return this.#paidMicro.get(solver) ?? 0n;
  }

  #accept({ solutionId, solver }: Of<'candidate-accepted'>): void {
    const intervals = this.#offered.get(solutionId) ?? [];
    this.#offered.delete(solutionId);
    if (this.#only !== null && solver !== this.#only) return;
    const raised = this.#raised.get(solver) ?? new Map<Interval, boolean>();
    this.#raised.set(solver, raised);
    for (const interval of intervals) {
      if (!raised.has(interval)) raised.set(interval, false);
    }
  }

  #finalize(interval: Interval, hasTrades: boolean): void {
    for (const raised of this.#raised.values()) {
      if (!raised.has(interval)) continue;
      if (hasTrades) raised.set(interval, true);
      else raised.delete(interval);
    }
    for (const [solutionId, intervals] of this.#offered) {
      intervals.delete(interval);
      if (intervals.size === 0) this.#offered.delete(solutionId);
    }
  }
}
