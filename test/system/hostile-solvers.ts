/** Solvers that want to be paid for the work of others, or for nothing. */
import { Interface } from 'ethers';
import { MATCHING_ABI } from '../../chain/abi.ts';
import {
  announceCall,
  type Call,
  type ClaimedChunk,
  finalizeCall,
  submitSolutionCall,
} from '../../chain/calls.ts';
import { firstOpenInterval, type Interval } from '../../market/intervals.ts';
import { Book } from '../../market/matching/book.ts';
import { decodeChunk } from '../../market/matching/chunk.ts';
import { objectiveOf } from '../../market/matching/objective.ts';
import { solutionDigest } from '../../market/matching/solution-digest.ts';
import type { Chunk } from '../../market/offers.ts';
import { signedBytes, type Waiting } from '../../testbed/waiting.ts';
import type { Hand, SolverMarket } from './solver-market.ts';

const matching = new Interface(MATCHING_ABI);
const SUBMIT = matching.getFunction('submitSolution')?.selector ?? '';
/** Small, so that all of a block's transactions fit into it. */
const GAS_COPY = 3_000_000;
const GAS_RUBBISH = 1_000_000;
const signal = new AbortController().signal;

/** What every one of them knows: the market's log. */
class Watcher {
  readonly market: SolverMarket;
  readonly hand: Hand;
  /** Limit of each of its submissions. */
  readonly gas: number;
  readonly book = new Book(900);
  /** Of all that it sent to be accepted. */
  readonly submissions: string[] = [];
  readonly #feed;

  constructor(market: SolverMarket, hand: Hand, gas: number) {
    this.market = market;
    this.hand = hand;
    this.gas = gas;
    this.#feed = market.feed();
  }

  /** @returns the newest block */
  async follow(): Promise<number> {
    const { events, head } = await this.#feed.poll(signal);
    for (const event of events) this.book.observe(event);
    return head.number;
  }

  /** The candidate's chunks whose gates are open. */
  candidate(): Chunk[] {
    const { calendar } = this.market.deployment;
    return this.book.candidateChunks(firstOpenInterval(calendar, this.market.now + 10));
  }

  claimed(chunk: Chunk): ClaimedChunk {
    return { ...chunk, claimed: objectiveOf(chunk, (id) => this.book.offer(id), 900) };
  }

  async submit(chunks: readonly ClaimedChunk[]): Promise<void> {
    const call = submitSolutionCall(this.market.deployment.contracts, chunks, this.gas);
    this.submissions.push(await this.market.send(this.hand, call));
  }
}

/**
 * Copies. A submission that waits for a block it sends again as its own, announced in all haste;
 * and in one interval it also has its way with the order of the block. A solution that was accepted
 * it takes as its own, with a little more of offers that nobody has used yet.
 */
export class FrontRunner extends Watcher {
  /** Copies that came before what they were copied from. */
  overtaken = 0;
  readonly #seen = new Set<string>();
  readonly #raised = new Set<Interval>();
  #announced: { chunks: ClaimedChunk[]; block: number } | null = null;
  readonly #victims: readonly string[];
  readonly #overtakes: Interval;

  /**
   * @param victims whom it copies, lower case
   * @param overtakes the interval whose first solution it overtakes inside the block
   */
  constructor(market: SolverMarket, hand: Hand, victims: readonly string[], overtakes: Interval) {
    super(market, hand, GAS_COPY);
    this.#victims = victims;
    this.#overtakes = overtakes;
  }

  async step(): Promise<void> {
    const block = await this.follow();
    for (const waiting of await this.market.pool()) {
      const isWorthIt = this.#victims.includes(waiting.from);
      if (isWorthIt && waiting.input.startsWith(SUBMIT)) await this.#copy(waiting);
    }
    if (this.#announced !== null && block > this.#announced.block) {
      await this.submit(this.#announced.chunks);
      this.#announced = null;
    }
    if (this.#announced === null) await this.#raise(block);
  }

  async #copy(waiting: Waiting): Promise<void> {
    if (this.#seen.has(waiting.hash)) return;
    this.#seen.add(waiting.hash);
    const { anvil } = this.market.chain;
    const { contracts } = this.market.deployment;
    const [tuples] = matching.decodeFunctionData('submitSolution', waiting.input);
    const chunks: Chunk[] = [...tuples].map(([interval, , trades]) => ({
      interval: Number(interval),
      trades: decodeChunk(trades),
    }));
    const isFirst = chunks.some(({ interval }) => interval === this.#overtakes);
    const overtakes = isFirst && this.overtaken === 0;
    if (overtakes) await anvil.call('anvil_dropTransaction', [waiting.hash]);
    const digest = solutionDigest(this.hand.address, chunks);
    await this.market.send(this.hand, announceCall(contracts, digest));
    const to = contracts.matching;
    const copy: Call = { to, data: waiting.input, gasLimit: this.gas, kind: 'submitSolution' };
    this.submissions.push(await this.market.send(this.hand, copy));
    if (!overtakes) return;
    this.overtaken++;
    await anvil.call('eth_sendRawTransaction', [signedBytes(waiting)]);
  }

  /** Announces the candidate and five watts of a pair of offers that it leaves out. */
  async #raise(block: number): Promise<void> {
    const chunks = this.candidate();
    for (const { interval, trades } of chunks) {
      if (this.#raised.has(interval)) continue;
      const used = new Set(trades.flatMap(({ askId, bidId }) => [askId, bidId]));
      const free = this.book.openOffers(interval, interval).filter(({ id }) => !used.has(id));
      const ask = free.find(
        ({ side, firstInterval }) => side === 'sell' && firstInterval === interval,
      );
      const bid = free.find(
        ({ side, firstInterval }) => side === 'buy' && firstInterval === interval,
      );
      if (ask === undefined || bid === undefined) continue;
      this.#raised.add(interval);
      const more = { interval, trades: [...trades, { askId: ask.id, bidId: bid.id, powerW: 5 }] };
      const raised = chunks.map((chunk) =>
        this.claimed(chunk.interval === interval ? more : chunk),
      );
      const digest = solutionDigest(this.hand.address, raised);
      const { contracts } = this.market.deployment;
      await this.market.send(this.hand, announceCall(contracts, digest));
      this.#announced = { chunks: raised, block };
      return;
    }
  }
}

const PLENTY = { homeEnergyWs: 10n ** 12n, utilityEnergyWs: 0n, welfare: 10n ** 18n };

/** Submits rubbish, once each interval: all of it must be refused. */
export class RubbishSolver extends Watcher {
  readonly #stranger: Hand;
  #last = 0;

  /** @param stranger has no stake */
  constructor(market: SolverMarket, hand: Hand, stranger: Hand) {
    super(market, hand, GAS_RUBBISH);
    this.#stranger = stranger;
  }

  async step(): Promise<void> {
    await this.follow();
    const { contracts } = this.market.deployment;
    const [first, ...more] = this.candidate();
    if (first === undefined || this.#last === first.interval) return;
    this.#last = first.interval;
    const { interval, trades } = first;
    const others = more.map((chunk) => this.claimed(chunk));
    const rubbish = async (chunk: ClaimedChunk) => await this.submit([chunk, ...others]);
    // Offers that there are not; the candidate, made out to be worth more; more than is offered.
    const nowhere = { askId: 900_001, bidId: 900_002, powerW: 1_000_000 };
    await rubbish({ interval, trades: [nowhere], claimed: PLENTY });
    await rubbish({ interval, trades, claimed: PLENTY });
    const raised = trades.map((trade) => ({ ...trade, powerW: trade.powerW + 1 }));
    await rubbish(this.claimed({ interval, trades: raised }));
    await rubbish({ interval, trades: [], claimed: PLENTY });
    const bytes = matching.encodeFunctionData('submitSolution', [
      [[interval, [1, 1, 1], '0x0102']],
    ]);
    for (const data of [bytes, `${SUBMIT}ff`]) {
      const call = { to: contracts.matching, data, gasLimit: this.gas, kind: 'rubbish' };
      this.submissions.push(await this.market.send(this.hand, call));
    }
    // Trades of its own made final, before the gate has closed.
    const own = finalizeCall(contracts, { interval, trades: [nowhere] });
    this.submissions.push(await this.market.send(this.hand, { ...own, gasLimit: this.gas }));
    const sound = submitSolutionCall(contracts, [this.claimed(first), ...others], this.gas);
    this.submissions.push(await this.market.send(this.#stranger, sound));
  }
}
