/**
 * No address is ever used twice, and none that holds something is lost, whatever becomes of clock
 * and file: jumps of ten years and back, restarts, older copies put back with and without the
 * words, an empty folder.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { computeAddress } from 'ethers';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { OwnOffer, OwnTerms } from '../../../agent/traders/own-offer.ts';
import { WALLET_MIGRATIONS } from '../../../agent/wallet/schema.ts';
import { LEAST_SLOTS } from '../../../agent/wallet/search.ts';
import { createWallet, openWallet, type Wallet } from '../../../agent/wallet/wallet.ts';
import { WalletError } from '../../../agent/wallet/wallet-error.ts';
import { bindGrid, restoreWallet, wordsOf } from '../../../agent/wallet/wallet-file.ts';
import { nodeRandom } from '../../../host/random.ts';
import { openSql } from '../../../host/sqlite.ts';
import { exampleGrid } from '../../fixtures/example-grid.ts';

const test = suite('wallet: no address twice');
const KEY = new Uint8Array(32).fill(7);
const ADDRESS = '0x00000000000000000000000000000000000000aA';
const example = exampleGrid(ADDRESS);
/** Long, so that a search of days is short. */
const INTERVAL = 21_600;
const SLOT = INTERVAL / 15;
const GRID = { ...example, calendar: { ...example.calendar, intervalSeconds: INTERVAL } };
const TERMS: OwnTerms = {
  ...{ side: 'sell', firstInterval: 5, lastInterval: 6, energyWs: 900_000, maxPowerW: 1000 },
  ...{ priceMicroPerKwh: 280_000, isFlexible: false },
};
const START = 20_600 * 86_400 + 5_000;
const TEN_YEARS = 3_652 * 86_400;
const DAYS = 4;
const HEAD_LAG = 5;
/** A play takes a second: a search derives thousands of keys. */
const RUNS = 8;
/** A process that began with a clock, or a chain, so far ahead makes no address for as long. */
const TOLERANCE = 3_600;

type Move =
  | { do: 'wait'; seconds: number }
  | { do: 'reserve'; count: number }
  | { do: 'jump'; seconds: number }
  | { do: 'retire' }
  | { do: 'copy' }
  | { do: 'restart' }
  | { do: 'old copy'; isYoung: boolean }
  | { do: 'old copy and words' }
  | { do: 'empty folder' };

/** A meter in its world; one of clock and chain may lie. */
class World {
  readonly #folder = mkdtempSync(join(tmpdir(), 'transax-twice-'));
  readonly #words: string;
  readonly #seen = new Set<string>();
  /** What stands in the market's log and was not taken back, by address. */
  readonly #funded = new Map<string, number>();
  readonly #isChainLiar: boolean;
  #copied: string[] | null = null;
  #now = START;
  #offset = 0;
  #wallet: Wallet;

  constructor(isChainLiar: boolean) {
    this.#isChainLiar = isChainLiar;
    const sql = openSql(this.#path, { key: KEY, migrations: WALLET_MIGRATIONS });
    this.#wallet = createWallet(sql, KEY, GRID, nodeRandom());
    this.#words = wordsOf(sql, KEY) ?? '';
  }

  get #path(): string {
    return join(this.#folder, 'wallet.db');
  }

  play(move: Move): void {
    switch (move.do) {
      case 'wait':
        this.#wait(move.seconds);
        break;
      case 'jump':
        this.#offset = move.seconds;
        this.#wait(0);
        break;
      case 'reserve':
        for (let at = 0; at < move.count; at += 1) this.#reserve();
        break;
      case 'retire':
        this.#retire();
        break;
      case 'copy':
        this.#reopen(() => copyFileSync(this.#path, `${this.#path}.copy`));
        this.#copied = [...this.#funded.keys()];
        break;
      case 'restart':
        this.#reopen(() => undefined);
        break;
      case 'old copy':
        this.#putCopyBack(move.isYoung);
        break;
      case 'old copy and words':
        this.#reopen(() => this.#takeCopy(), true);
        break;
      case 'empty folder':
        this.#reopen(() => this.#empty(), true);
        break;
    }
  }

  /** All is well again: everything is found. */
  end(): void {
    this.#offset = 0;
    this.#settle();
    for (const [address, index] of this.#funded) {
      const key = this.#wallet.keyOf({ index });
      assert.is(computeAddress(key.publicKey).toLowerCase(), address, 'spendable');
    }
    assert.ok(this.#reserve(), 'and it goes on');
  }

  get used(): number {
    return this.#seen.size;
  }

  close(): void {
    this.#wallet.close();
    rmSync(this.#folder, { recursive: true });
  }

  #wait(seconds: number): void {
    this.#now += seconds;
    const [clock, chain] = this.#isChainLiar ? [0, this.#offset] : [this.#offset, 0];
    this.#wallet.agree((this.#now + clock) * 1000, this.#now - HEAD_LAG + chain);
  }

  #reserve(): boolean {
    let offer: OwnOffer;
    try {
      offer = this.#wallet.reserve(TERMS, this.#now * 1000, 0, 0);
    } catch (error) {
      if (error instanceof WalletError && error.code === 'not-now') return false;
      throw error;
    }
    assert.not(this.#seen.has(offer.address), `an address twice: ${offer.index}`);
    this.#seen.add(offer.address);
    this.#funded.set(offer.address, offer.index);
    return true;
  }

  #retire(): void {
    const [offer] = this.#wallet.liveOffers();
    if (offer === undefined) return;
    offer.state = 'retired';
    this.#wallet.keep([offer]);
    this.#wallet.forgetKey(offer);
    this.#funded.delete(offer.address);
  }

  #reopen(work: () => void, withWords = false): void {
    this.#wallet.close();
    work();
    const sql = openSql(this.#path, { key: KEY, migrations: WALLET_MIGRATIONS });
    if (withWords) {
      restoreWallet(sql, KEY, this.#words, DAYS);
      bindGrid(sql, GRID);
    }
    this.#wallet = openWallet(sql, KEY, GRID, nodeRandom());
    this.#wait(0);
  }

  #empty(): void {
    for (const end of ['', '.meta.json']) rmSync(this.#path + end);
  }

  #takeCopy(): void {
    if (existsSync(`${this.#path}.copy`)) copyFileSync(`${this.#path}.copy`, this.#path);
  }

  /** Without the words a copy is known as one only by the time that it missed. */
  #putCopyBack(isYoung: boolean): void {
    if (this.#copied === null) return;
    if (!isYoung) this.#now += (LEAST_SLOTS + 2) * SLOT;
    const kept = new Set(this.#copied);
    this.#reopen(() => this.#takeCopy());
    if (isYoung || this.#offset !== 0 || kept.size === 0) {
      for (const address of this.#funded.keys()) {
        if (!kept.has(address)) this.#funded.delete(address);
      }
    } else this.#settle();
  }

  /** Time passes until the wallet works, and what the log tells is compared. */
  #settle(): void {
    this.#wait(0);
    this.#wait(TOLERANCE + 2 * SLOT);
    assert.is(this.#wallet.addressProblem, null);
    const { search } = this.#wallet;
    if (search === null) return;
    const found = [];
    for (const each of this.#wallet.candidates(search, (address) => this.#funded.has(address))) {
      if (!this.#funded.has(each.address) || this.#wallet.knows(each.address)) continue;
      found.push({ ...each, terms: TERMS });
    }
    this.#wallet.adopt(found, this.#now * 1000);
    this.#wallet.endSearch();
  }
}

const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('wait'), seconds: fc.nat(5 * SLOT) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('reserve'), count: fc.nat(5) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('jump'),
      seconds: fc.constantFrom(0, 0, TEN_YEARS, -TEN_YEARS, 1_800, -1_800, 86_400),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('retire') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('copy') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('old copy'), isYoung: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('old copy and words') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('empty folder') }) },
) as fc.Arbitrary<Move>;

function play(moves: readonly Move[], isChainLiar: boolean): number {
  const world = new World(isChainLiar);
  try {
    for (const each of moves) world.play(each);
    world.end();
    return world.used;
  } finally {
    world.close();
  }
}

test('whatever happens to clock, chain and file', () => {
  let used = 0;
  const property = fc.property(
    fc.array(move, { minLength: 10, maxLength: 25 }),
    fc.boolean(),
    (moves, isChainLiar) => {
      used += play(moves, isChainLiar);
    },
  );
  fc.assert(property, { numRuns: RUNS, endOnFailure: true });
  // Each play makes one at its end.
  assert.ok(used > RUNS, 'addresses were made meanwhile');
});

test('a clock that jumps ten years ahead and back, then both kinds of restore', () => {
  const reserve: Move = { do: 'reserve', count: 3 };
  const wait: Move = { do: 'wait', seconds: 3 * SLOT };
  const ahead: Move = { do: 'jump', seconds: TEN_YEARS };
  const back: Move = { do: 'jump', seconds: 0 };
  const jump: Move[] = [ahead, reserve, wait, reserve, { do: 'restart' }, wait, reserve, back];
  for (const restore of ['empty folder', 'old copy and words', 'old copy'] as const) {
    const lost: Move[] = [{ do: restore, isYoung: false } as Move, reserve, wait, reserve];
    const moves: Move[] = [wait, wait, reserve, { do: 'copy' }, wait, wait, reserve, ...jump];
    const used = play([...moves, wait, wait, ...lost, wait, reserve, ...jump, ...lost], false);
    assert.ok(used >= 12, `${restore}: ${used}`);
  }
});

test.run();
