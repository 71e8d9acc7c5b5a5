/**
 * Watches a run from outside and tells the page's record what it sees: the chain's log, the
 * emulated homes, and the journals that the agents write. It changes nothing.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LogFollower } from '../chain/follower.ts';
import { JsonRpc } from '../chain/rpc.ts';
import { RpcError } from '../chain/rpc-forms.ts';
import { clearTransport } from '../host/http-transport.ts';
import type { Clock, Sql } from '../host/ports.ts';
import { openSql } from '../host/sqlite.ts';
import type { GridFacts } from '../market/grid.ts';
import { Book } from '../market/matching/book.ts';
import { midpointPrice } from '../market/units.ts';
import { INTERVAL_SECONDS, type NeighbourHome } from './neighbourhood.ts';
import type { CommunityRecord } from './page/record.ts';
import type { Stage, TradeState } from './page/state.ts';
import type { Run } from './run.ts';

/** A chain without a block for so long of market time has stopped: blocks are mined on demand. */
const STALE_SECONDS = 900;

/** What the observer has of one home's agent. */
interface WatchedHome {
  home: NeighbourHome;
  /** Opened once the agent has made it. */
  journal: Sql | null;
}

export class Observer {
  readonly book: Book;
  /** Why the last look could not read the chain. */
  problem: RpcError | null = null;
  readonly #run: Run;
  readonly #record: CommunityRecord;
  readonly #follower: LogFollower;
  readonly #homes: WatchedHome[];
  #solver: Sql | null = null;
  readonly #homeOf: (address: string) => string | null;
  /** Homes by id of the address that posted for an interval. */
  readonly #granted = new Map<number, Set<string>>();
  readonly #posted = new Map<number, Set<string>>();
  #lastInterval: number;
  /** Intervals whose final trades are told. */
  readonly #told = new Set<number>();

  /** @param homeOf name of the home behind an address, as the utility's books have it */
  constructor(
    run: Run,
    facts: GridFacts,
    record: CommunityRecord,
    clock: Clock,
    homeOf: (address: string) => string | null,
  ) {
    this.#run = run;
    this.#record = record;
    this.#homeOf = homeOf;
    this.book = new Book(facts.calendar.intervalSeconds);
    this.#homes = run.neighbourhood.homes.map((home) => ({ home, journal: null }));
    const urls = [run.chain.anvil.url];
    const transport = clearTransport({ origins: urls });
    this.#follower = new LogFollower({
      rpc: new JsonRpc({ urls, transport, identity: 'observer', clock }),
      chainId: facts.chainId,
      contracts: facts.contracts,
      fromBlock: facts.deployedAtBlock,
      finality: facts.finality,
    });
    this.#lastInterval = run.firstInterval - 1;
  }

  /** One look. @returns the interval that has just ended, or null */
  async look(signal: AbortSignal): Promise<number | null> {
    const nowMs = this.#run.now();
    await this.#follow(signal);
    const interval = Math.floor(nowMs / 1000 / INTERVAL_SECONDS);
    this.#record.time(nowMs);
    for (const watched of this.#homes) this.#lookAt(watched, interval);
    this.#tellFinals();
    this.#tellStages(interval);
    this.#tellRejected();
    const ended = this.#lastInterval < interval ? interval - 1 : null;
    if (ended !== null && ended >= this.#run.firstInterval) this.#tellEnded(ended);
    this.#lastInterval = interval;
    return ended !== null && ended >= this.#run.firstInterval ? ended : null;
  }

  close(): void {
    for (const watched of this.#homes) watched.journal?.close();
    this.#solver?.close();
  }

  /** A chain that answers badly for once is read again with the next look. */
  async #follow(signal: AbortSignal): Promise<void> {
    this.problem = null;
    try {
      await this.#read(signal);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      this.problem = error;
      this.#record.health('chain', 'down', error.message);
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { events, head } = await this.#follower.poll(signal);
    for (const event of events) {
      this.book.observe(event);
      if (event.kind === 'asset-added') this.#mark(this.#granted, event.firstInterval, event.owner);
      if (event.kind === 'offer-posted') this.#mark(this.#posted, event.firstInterval, event.owner);
    }
    const ageSeconds = Math.max(0, Math.round(this.#run.now() / 1000 - head.timestamp));
    const isFresh = ageSeconds < STALE_SECONDS;
    const sentence = `block ${head.number}, ${ageSeconds} s of market time old`;
    this.#record.health('chain', isFresh ? 'ok' : 'degraded', sentence);
  }

  #mark(seen: Map<number, Set<string>>, interval: number, address: string): void {
    const homes = seen.get(interval) ?? new Set();
    homes.add(this.#homeOf(address) ?? address);
    seen.set(interval, homes);
  }

  #lookAt(watched: WatchedHome, interval: number): void {
    const { home } = watched;
    home.emulated.advance(this.#run.now());
    const state = home.emulated.state();
    const file = join(home.directory, 'journal.db');
    watched.journal ??= openWith(file, ['plans', 'schedule']);
    const plan = watched.journal?.get(
      'SELECT sentence FROM plans WHERE sentence IS NOT NULL ORDER BY interval DESC LIMIT 1',
    );
    this.#record.live(home.spec.name, {
      agent: watched.journal === null ? 'starting' : 'ok',
      powerW: state.netW,
      batteryPowerW: state.stateOfCharge === null ? null : state.batteryW,
      storedShare: state.stateOfCharge,
      isLoadOn: state.relayOn,
      reason: (plan?.sentence as string | undefined) ?? null,
    });
    for (const at of [interval, interval + 1]) {
      const row = watched.journal?.get(
        'SELECT committed_w, untraded_w FROM schedule WHERE interval = ?',
        at,
      );
      if (row && at < this.#run.firstInterval + this.#run.options.intervals) {
        const { committed_w, untraded_w } = row;
        this.#record.schedule(home.spec.name, at, Number(committed_w), Number(untraded_w));
      }
    }
  }

  #tellEnded(interval: number): void {
    for (const { home } of this.#homes) {
      const name = home.spec.name;
      const book = home.emulated.interval(interval);
      this.#record.reading(name, interval, book.importedWs, book.exportedWs);
      const usedWs = book.loadWs + book.switchedLoadWs;
      this.#record.physics(name, interval, usedWs, book.generationWs);
      const share = home.emulated.state().stateOfCharge;
      if (share !== null) this.#record.stored(name, interval, share);
    }
  }

  #tellFinals(): void {
    const { firstInterval, options } = this.#run;
    for (let interval = firstInterval; interval < firstInterval + options.intervals; interval++) {
      const final = this.#told.has(interval) ? undefined : this.book.finalOf(interval);
      // One that nobody finalized before it began has no trades, and the next may have.
      if (final === undefined) continue;
      this.#told.add(interval);
      const trades: TradeState[] = [];
      final.trades.forEach((trade, position) => {
        const ask = this.book.offer(trade.askId);
        const bid = this.book.offer(trade.bidId);
        if (final.voided.has(position) || ask === undefined || bid === undefined) return;
        const seller = this.#homeOf(ask.owner) ?? 'utility';
        const buyer = this.#homeOf(bid.owner) ?? 'utility';
        trades.push({
          interval,
          seller,
          buyer,
          energyWs: trade.powerW * INTERVAL_SECONDS,
          priceMicroPerKwh: midpointPrice(ask.priceMicroPerKwh, bid.priceMicroPerKwh),
          sellerReason: this.#reasonOf(seller, interval),
          buyerReason: this.#reasonOf(buyer, interval),
        });
      });
      this.#record.finalized(interval, trades);
    }
  }

  #reasonOf(name: string, interval: number): string | null {
    const journal = this.#homes.find(({ home }) => home.spec.name === name)?.journal;
    const row = journal?.get('SELECT sentence FROM plans WHERE interval = ?', interval);
    return (row?.sentence as string | undefined) ?? null;
  }

  #tellStages(interval: number): void {
    const next = interval + 1;
    const count = this.#homes.length;
    const tell = (stage: Stage, of: number, query: string) =>
      this.#record.stage(stage, of, this.#homesWith(query, of), count);
    tell('read', interval - 1, 'SELECT 1 FROM readings WHERE interval = ?');
    tell('forecast', next, `SELECT 1 FROM forecasts WHERE made_in = ${interval} AND interval = ?`);
    tell('plan', next, `SELECT 1 FROM plans WHERE made_in = ${interval} AND interval = ?`);
    // Not every home has something to trade: those that do are the measure.
    const wanting = this.#homesWith(
      `SELECT 1 FROM plans WHERE made_in = ${interval} AND interval = ?
       AND code IS NOT NULL AND code <> 'nothing-offered'`,
      next,
    );
    const granted = this.#granted.get(next)?.size ?? 0;
    const posted = this.#posted.get(next)?.size ?? 0;
    this.#record.stage('withdraw', next, granted, Math.max(wanting, granted));
    this.#record.stage('post', next, posted, Math.max(wanting, granted));
    const isCleared = this.book.finalOf(next) ?? this.book.candidate?.chunks.get(next);
    this.#record.stage('clear', next, isCleared === undefined ? 0 : 1, 1);
    tell('follow', interval, 'SELECT 1 FROM schedule WHERE interval = ?');
    tell('settle', interval - 1, 'SELECT 1 FROM readings WHERE acknowledged = 1 AND interval = ?');
  }

  /** The solver keeps what became of each of its transactions. */
  #tellRejected(): void {
    this.#solver ??= openWith(this.#solverFile(), ['outbox']);
    const row = this.#solver?.get(
      `SELECT count(*) AS refused FROM outbox
       WHERE state = 'reverted' AND kind IN ('submitSolution', 'addChunks', 'commitSolution')`,
    );
    if (row) this.#record.rejected(Number(row.refused));
  }

  #solverFile(): string {
    return join(this.#run.neighbourhood.operatorConfig, '..', 'solver.db');
  }

  #homesWith(query: string, interval: number): number {
    return this.#homes.filter(({ journal }) => journal?.get(query, interval) !== undefined).length;
  }
}

/** Null until the agent has made its tables. */
function openWith(file: string, tables: string[]): Sql | null {
  if (!existsSync(file)) return null;
  const sql = openSql(file, { readOnly: true });
  const names = sql.all("SELECT name FROM sqlite_master WHERE type = 'table'");
  if (tables.every((table) => names.some(({ name }) => name === table))) return sql;
  sql.close();
  return null;
}
