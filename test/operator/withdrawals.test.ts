/** The rules of a withdrawal, against real books in memory; nothing is sent. */
import { SigningKey, Wallet } from 'ethers';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { askingOutbox } from '../../chain/outbox.ts';
import { SqlOutboxStore } from '../../chain/outbox-store.ts';
import { openSql } from '../../host/sqlite.ts';
import { domainOf } from '../../market/grid-json.ts';
import { intervalAt } from '../../market/intervals.ts';
import { type AssetRequest, hashWithdrawal, type Withdrawal } from '../../market/messages.ts';
import { Books } from '../../operator/books/books.ts';
import { BOOKS_MIGRATIONS } from '../../operator/books/schema.ts';
import { Withdrawals } from '../../operator/dso/withdrawals.ts';
import { laxPolicy } from '../chain/lax-policy.ts';
import { stillClock } from '../chain/scripted-transport.ts';
import { exampleGrid } from '../fixtures/example-grid.ts';
import { assetAt } from './world.ts';

const test = suite('withdrawals');

const keyOf = (number: number) => `0x${number.toString(16).padStart(64, '0')}`;
const METER_KEY = keyOf(1);
const METER = new Wallet(METER_KEY).address;
const OTHER_METER = new Wallet(keyOf(2)).address;
const DSO_KEY = keyOf(3);
const DSO = new Wallet(DSO_KEY).address;
const GRID = exampleGrid(DSO);

function setUp(balanceMicro = 50_000_000n) {
  const sql = openSql(':memory:', { migrations: BOOKS_MIGRATIONS });
  const clock = stillClock();
  const books = new Books(sql);
  const store = new SqlOutboxStore(sql);
  store.seedNonce(DSO, 0);
  const rpcFor = () => {
    throw new Error('nothing is sent here');
  };
  const { finality, chainId } = GRID;
  const outbox = askingOutbox({ store, rpcFor, chainId, finality, clock, policy: laxPolicy });
  const meter = { feeder: 1, maxPowerW: 11_000, balanceMicro, suspended: false };
  books.transaction(() => books.meters.add({ meterId: METER, ...meter }, 0));
  const withdrawals = new Withdrawals({
    books,
    outbox,
    grid: GRID,
    usePriceMicroPerKwh: 300_000,
    clock,
  });
  const now = clock.nowMs / 1000;
  let count = 100;
  const sign = (withdrawal: Withdrawal, meterKey: string, addressKey: string) => {
    const digest = hashWithdrawal(domainOf(GRID), withdrawal);
    return withdrawals.answer({
      withdrawal,
      meterSignature: new SigningKey(meterKey).sign(digest).serialized,
      addressSignature: new SigningKey(addressKey).sign(digest).serialized,
    });
  };
  const make = (change: Partial<Withdrawal> = {}) => {
    count += 1;
    const addressKey = keyOf(count);
    const withdrawal: Withdrawal = {
      requestId: keyOf(count),
      meterId: METER,
      address: new Wallet(addressKey).address,
      market: GRID.contracts.matching,
      feeder: 1,
      assets: [assetAt(current + 4)],
      amountMicro: 1_000n,
      expiresAt: now + 60,
      ...change,
    };
    return { withdrawal, addressKey };
  };
  const ask = (change: Partial<Withdrawal> = {}) => {
    const { withdrawal, addressKey } = make(change);
    const answer = sign(withdrawal, METER_KEY, addressKey);
    return answer.state === 'failed' ? answer.code : answer.state;
  };
  const current = intervalAt(GRID.calendar, now);
  return { books, store, clock, ask, make, sign, current };
}

test('an accepted withdrawal is debited, and waits to be granted', () => {
  const { books, store, make, sign, current } = setUp();
  const assets = [assetAt(current + 4), assetAt(current + 5, { side: 'buy', maxPowerW: 500 })];
  const { withdrawal, addressKey } = make({ assets, amountMicro: 7_000n });
  assert.is(sign(withdrawal, METER_KEY, addressKey).state, 'accepted');
  assert.is(books.meters.find(METER)?.balanceMicro, 49_993_000n);
  const { requestId } = withdrawal;
  assert.equal(
    books.grants.unsigned().map((each) => each.requestId),
    [requestId],
  );
  assert.equal(
    books.grants.grantsOf(requestId).map(({ state }) => state),
    ['waiting', 'waiting'],
  );
  assert.is(store.open().length, 0);
});

test('a repeated request gets its answer again and nothing else happens', () => {
  const { books, make, sign, clock } = setUp();
  const { withdrawal, addressKey } = make();
  for (let times = 0; times < 3; times += 1) {
    assert.is(sign(withdrawal, METER_KEY, addressKey).state, 'accepted');
    clock.nowMs += 3_600_000;
  }
  assert.is(books.meters.find(METER)?.balanceMicro, 49_999_000n);
  assert.is(books.grants.unsigned().length, 1);
  const changed = sign({ ...withdrawal, amountMicro: 5n }, METER_KEY, addressKey);
  assert.equal([changed.state, 'code' in changed && changed.code], ['failed', 'malformed']);
  assert.is(sign(withdrawal, METER_KEY, addressKey).state, 'accepted');
});

test('a refusal is kept and repeated, and costs nothing', () => {
  const { books, make, sign } = setUp(10n);
  const { withdrawal, addressKey } = make();
  const first = sign(withdrawal, METER_KEY, addressKey);
  assert.is('code' in first && first.code, 'no-money');
  books.transaction(() => books.meters.book(METER, 1_000_000n, 'deposited', 'x', 0));
  assert.equal(sign(withdrawal, METER_KEY, addressKey), first);
  assert.is(books.grants.unsigned().length, 0);
  assert.is(books.grants.linkOf(withdrawal.address), null);
});

test('each rule refuses what breaks it and nothing else, with its code', () => {
  const { ask, current, books, clock } = setUp();
  const now = clock.nowMs / 1000;
  const one = (more: Partial<AssetRequest>) => [assetAt(current + 4, more)];
  const cases: [string, Partial<Withdrawal>][] = [
    ['expired', { expiresAt: now }],
    ['wrong-market', { market: GRID.contracts.assets }],
    ['wrong-feeder', { feeder: 2 }],
    ['malformed', { assets: [], amountMicro: 0n }],
    ['malformed', { assets: one({ energyWs: 0 }) }],
    ['malformed', { assets: one({ maxPowerW: 0 }) }],
    ['malformed', { assets: one({ lastInterval: current + 3 }) }],
    ['closed-interval', { assets: one({ lastInterval: current + 13 }) }],
    ['closed-interval', { assets: one({ firstInterval: current - 1 }) }],
    ['closed-interval', { assets: one({ firstInterval: current, lastInterval: current }) }],
    ['power-limit', { assets: one({ maxPowerW: 11_001 }) }],
    ['power-limit', { assets: [...one({ maxPowerW: 6_000 }), ...one({ maxPowerW: 6_000 })] }],
    ['other-side', { assets: [...one({ side: 'sell' }), ...one({ side: 'buy' })] }],
    ['no-money', { amountMicro: 50_000_001n }],
  ];
  for (const [code, change] of cases) assert.is(ask(change), code, JSON.stringify(change.assets));
  const accepted: Partial<Withdrawal>[] = [
    { assets: one({ firstInterval: current, lastInterval: current + 12, maxPowerW: 4_000 }) },
    { assets: one({ maxPowerW: 7_000 }), amountMicro: 0n },
    { assets: [], amountMicro: 40_000_000n },
  ];
  for (const change of accepted) assert.is(ask(change), 'accepted');
  books.meters.setSuspended(METER, true);
  assert.is(ask({ assets: [], amountMicro: 1n }), 'suspended-meter');
});

test('both signatures must be those of the meter and of the address', () => {
  const { make, sign } = setUp();
  const { withdrawal, addressKey } = make();
  const codeOf = (answer: ReturnType<typeof sign>) => 'code' in answer && answer.code;
  assert.is(codeOf(sign(withdrawal, keyOf(9), addressKey)), 'bad-signature');
  assert.is(codeOf(sign(withdrawal, METER_KEY, keyOf(9))), 'bad-signature');
  const unknown = { ...withdrawal, meterId: OTHER_METER };
  assert.is(codeOf(sign(unknown, keyOf(2), addressKey)), 'unknown-meter');
  // None of these spoils the id of the true request.
  assert.is(sign(withdrawal, METER_KEY, addressKey).state, 'accepted');
});

test('an address is granted to once, and never one that is known otherwise', () => {
  const { make, sign, ask } = setUp();
  const { withdrawal, addressKey } = make();
  sign(withdrawal, METER_KEY, addressKey);
  const again = { ...make().withdrawal, address: withdrawal.address };
  const answer = sign(again, METER_KEY, addressKey);
  assert.is('code' in answer && answer.code, 'used-address');
  for (const [address, key] of [
    [METER, METER_KEY],
    [DSO, DSO_KEY],
  ] as const) {
    const known = sign({ ...make().withdrawal, address }, METER_KEY, key);
    assert.is('code' in known && known.code, 'used-address');
  }
  assert.is(ask(), 'accepted');
});

test('the other side is granted up to what is finally traded, and counts once it came back', () => {
  const { ask, books, current } = setUp();
  const at = current + 4;
  assert.is(ask({ assets: [assetAt(at, { side: 'sell', maxPowerW: 3_000 })] }), 'accepted');
  assert.is(ask({ assets: [assetAt(at, { maxPowerW: 1 })] }), 'other-side');
  books.positions.addOffer(5, METER, 'sell');
  books.positions.addTrade(at, 0, 5, 2_000);
  assert.is(ask({ assets: [assetAt(at, { maxPowerW: 2_001 })] }), 'other-side');
  assert.is(ask({ assets: [assetAt(at, { maxPowerW: 1_200 })] }), 'accepted');
  assert.is(ask({ assets: [assetAt(at, { maxPowerW: 801 })] }), 'other-side');
  assert.is(ask({ assets: [assetAt(at, { maxPowerW: 800 })] }), 'accepted');
  books.positions.voidTrades(at, [0]);
  assert.is(ask({ assets: [assetAt(at, { maxPowerW: 1 })] }), 'other-side');
  const [sold] = books.grants.touching([METER], at, at);
  assert.ok(sold);
  books.grants.setGrant(sold, 'returned', 1);
  assert.is(ask({ assets: [assetAt(at, { maxPowerW: 1 })] }), 'accepted');
});

test('the account must cover what is sold and not yet delivered', () => {
  const { ask, books, current, clock } = setUp(1_000_000n);
  // 10 kW for a quarter of an hour, at 0.30: 0.75.
  books.positions.addOffer(5, METER, 'sell');
  books.positions.addTrade(current + 1, 0, 5, 10_000);
  assert.is(ask({ assets: [], amountMicro: 250_001n }), 'no-money');
  assert.is(ask({ assets: [], amountMicro: 250_000n }), 'accepted');
  assert.is(ask({ assets: [], amountMicro: 1n }), 'no-money');
  clock.nowMs += 2 * 900_000;
  assert.is(ask({ assets: [], amountMicro: 1n, expiresAt: clock.nowMs / 1000 + 9 }), 'accepted');
});

test('in no interval is ever more granted than the limit, whatever is asked', () => {
  const request = fc.record({
    first: fc.integer({ min: 0, max: 12 }),
    length: fc.integer({ min: 1, max: 6 }),
    powerW: fc.integer({ min: 1, max: 9_000 }),
    side: fc.constantFrom<'sell' | 'buy'>('sell', 'buy'),
  });
  let refused = 0;
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(request, { minLength: 5, maxLength: 25 }), (requests) => {
      const { ask, books, current } = setUp();
      for (const { first, length, powerW, side } of requests) {
        const asset = assetAt(current + first, {
          lastInterval: Math.min(current + 12, current + first + length - 1),
          maxPowerW: powerW,
          side,
        });
        if (ask({ assets: [asset], amountMicro: 0n }) === 'accepted') accepted += 1;
        else refused += 1;
      }
      for (let at = current; at <= current + 12; at += 1) {
        const held = books.grants.touching([METER], at, at);
        const power = held.reduce((sum, { maxPowerW }) => sum + maxPowerW, 0);
        assert.ok(power <= 11_000);
        assert.ok(new Set(held.map(({ side }) => side)).size <= 1);
      }
    }),
    { numRuns: 15 },
  );
  assert.ok(refused > 10 && accepted > 10);
});

test.run();
