/** The life of an own offer over wallet and log, with a crash after every step. */
import { AbiCoder, Transaction } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { newMatchingState } from '../../../agent/traders/matching.ts';
import type { OwnOffer, OwnTerms } from '../../../agent/traders/own-offer.ts';
import { MarketLog } from '../../../agent/trading/market-log.ts';
import { Moments } from '../../../agent/trading/moments.ts';
import { OfferSteps } from '../../../agent/trading/offer-steps.ts';
import { agentPolicy } from '../../../agent/trading/signing-rules.ts';
import { WALLET_MIGRATIONS } from '../../../agent/wallet/schema.ts';
import { createWallet } from '../../../agent/wallet/wallet.ts';
import { FollowerError } from '../../../chain/follower.ts';
import { Outbox } from '../../../chain/outbox.ts';
import type { WalletOutboxStore } from '../../../chain/outbox-store.ts';
import { RpcError } from '../../../chain/rpc-forms.ts';
import { SilentDelivery } from '../../../chain/silent-delivery.ts';
import type { Log } from '../../../host/ports.ts';
import { nodeRandom } from '../../../host/random.ts';
import { openSql } from '../../../host/sqlite.ts';
import { SteppedClock } from '../../../host/stepped-clock.ts';
import type { MarketEvent } from '../../../market/events.ts';
import { encodeChunk } from '../../../market/matching/chunk.ts';
import { exampleGrid } from '../../fixtures/example-grid.ts';
import { agreeOnTime } from '../wallet/agreed-time.ts';

const test = suite('trading: life of an offer');
const KEY = new Uint8Array(32).fill(5);
const NOW = 2_000_000;
const START = NOW * 900;
const ADDRESS = `0x${'1'.repeat(40)}`;
const FACTS = exampleGrid(ADDRESS, { deployedAtBlock: 3 });
const TERMS: OwnTerms = {
  side: 'buy',
  firstInterval: NOW + 1,
  lastInterval: NOW + 1,
  energyWs: 900_000,
  maxPowerW: 1000,
  priceMicroPerKwh: 280_000,
  isFlexible: false,
};
const quiet: Log = { info() {}, warn() {}, error() {} };

/** One process of an agent, as far as wallet and log go; `next` are the events of its next poll. */
function boot(sql: ReturnType<typeof openSql>) {
  const random = nodeRandom();
  const clock = new SteppedClock(START * 1000);
  const wallet = createWallet(sql, KEY, FACTS, random);
  agreeOnTime(wallet, START);
  const openLine = () => assert.unreachable('nothing is sent in this test') as never;
  const { chainId } = FACTS;
  const store = wallet.outbox;
  const times = { resendMs: 120_000, spreadMs: 60_000 };
  const delivery = new SilentDelivery({ store, openLine, clock, random, ...times });
  const policy = agentPolicy(FACTS, (address) => wallet.offerOf(address));
  const outbox = new Outbox({ store, delivery, chainId, policy, clock });
  const state = newMatchingState(FACTS, 10_000, 60);
  const asked: number[] = [];
  let next: MarketEvent[] | Error = [];
  let block = 10;
  const openFeed = (fromBlock: number) => {
    asked.push(fromBlock);
    return {
      async poll() {
        if (next instanceof Error) throw next;
        const events = next.splice(0);
        block += 1;
        return { events, head: { number: block, timestamp: START }, included: [] };
      },
    };
  };
  const firstBlock = FACTS.deployedAtBlock;
  const market = new MarketLog({
    ...{ wallet, outbox, state, openFeed, firstBlock, clock, log: quiet },
    ...{ blockLagSeconds: 15, blockSeconds: 15, watch: { observe() {} } },
  });
  const moments = new Moments({
    random: { ...random, uniform: () => 0 },
    ...{ silenceSeconds: 120, habit: null, gridSeconds: 0 },
  });
  const shared = { blockSeconds: 15, moments, log: quiet };
  const steps = new OfferSteps({ wallet, outbox, state, facts: FACTS, ...shared });
  const offer = (): OwnOffer | undefined => [...state.byAddress.values()][0];
  return {
    wallet,
    state,
    market,
    steps,
    asked,
    offer,
    async read(events: MarketEvent[] | Error) {
      next = events instanceof Error ? events : events.map((event) => asSent(event, store));
      await market.poll(new AbortController().signal);
    },
    /** @returns how many transactions were signed in all */
    advance(second: number): number {
      const own = offer();
      const moment = { now: START + second, headAt: START + second };
      if (own) steps.advance(own, moment);
      return wallet.outbox.signedOn(Math.floor(START / 86_400));
    },
  };
}

const KIND_OF: Partial<Record<MarketEvent['kind'], string>> = {
  'offer-posted': 'postOffer',
  'energy-deposited': 'depositEnergy',
  'financial-deposited': 'depositFinancial',
};

/** The event as the transaction that was signed for it brings it about. */
function asSent(event: MarketEvent, store: WalletOutboxStore): MarketEvent {
  const own = store.open().filter(({ kind }) => kind === KIND_OF[event.kind]);
  const [entry] = own;
  return entry === undefined ? event : { ...event, transactionHash: entry.hash };
}

function eventsOf({ address: owner, terms }: OwnOffer) {
  const at = { blockNumber: 9, logIndex: 0, transactionHash: '0x00' };
  const { side, firstInterval, lastInterval, energyWs, maxPowerW, priceMicroPerKwh } = terms;
  const range = {
    owner,
    assetId: 5,
    feeder: 1,
    side,
    firstInterval,
    lastInterval,
    energyWs,
    maxPowerW,
  };
  return {
    granted: [
      { ...at, kind: 'asset-added', ...range },
      { ...at, kind: 'financial-added', owner, amountMicro: 70_000n },
    ],
    posted: [{ ...at, kind: 'offer-posted', offerId: 9, ...range, priceMicroPerKwh }],
    final: [
      {
        ...at,
        kind: 'solution-finalized',
        interval: NOW + 1,
        solver: owner,
        trades: encodeChunk([{ askId: 2, bidId: 9, powerW: 600 }]),
      },
    ],
    closed: [
      { ...at, kind: 'offer-closed', offerId: 9, owner, energyWs: 360_000, moneyMicro: 30_000n },
    ],
    deposited: [
      { ...at, kind: 'energy-deposited', owner, assetId: 5, energyWs: 360_000 },
      { ...at, kind: 'financial-deposited', owner, amountMicro: 30_000n },
    ],
  } satisfies Record<string, MarketEvent[]>;
}

type Step = [MarketEvent[], second: number, signed: number, state: string | undefined];

/** Each step in a process of its own, and once more after a crash. */
async function live(sql: ReturnType<typeof openSql>, steps: Step[]): Promise<void> {
  for (const [told, second, signed, state] of steps) {
    const before = boot(sql);
    await before.read(told);
    assert.is(before.advance(second), signed, `at ${second} s`);
    // A crash, and the same moment again.
    const after = boot(sql);
    assert.is(after.offer()?.state, state, `at ${second} s`);
    assert.is(after.advance(second), signed, `again at ${second} s`);
  }
}

function reserved(terms: OwnTerms = TERMS) {
  const sql = openSql(':memory:', { migrations: WALLET_MIGRATIONS });
  const { wallet } = boot(sql);
  wallet.reserve(terms, START * 1000, (START + 100) * 1000, START + 500);
  const offer = boot(sql).offer();
  if (!offer) throw new Error('the address was reserved');
  const kinds = () =>
    wallet.outbox.ofAddress(offer.address).map(({ kind, nonce }) => `${nonce} ${kind}`);
  return { sql, wallet, offer, events: eventsOf(offer), kinds };
}

const SETTLED: MarketEvent = {
  ...{ blockNumber: 9, logIndex: 0, transactionHash: '0x00' },
  ...{ kind: 'interval-settled', interval: NOW + 1 },
};

const at = { blockNumber: 9, logIndex: 0, transactionHash: '0x00' };

test('a paused market gets no offer, also after a restart, until it is resumed', async () => {
  const { sql, events } = reserved();
  const first = boot(sql);
  await first.read(events.granted);
  await first.read([{ ...at, kind: 'paused', by: ADDRESS, reason: 'a fire' }]);
  assert.is(first.advance(120), 0);
  const after = boot(sql);
  await after.read([]);
  const said = 'the utility has paused the market (a fire): final commitments stand, ';
  assert.is(after.market.pause, `${said}nothing is offered`);
  assert.is(after.advance(120), 0);
  await after.read([{ ...at, kind: 'resumed', by: ADDRESS }]);
  assert.is(after.market.pause, null);
  assert.is(after.advance(120), 1);
  assert.is(boot(sql).market.pause, null);
});

test('every step is done once, whenever the process dies', async () => {
  const { sql, events, kinds } = reserved();
  await live(sql, [
    [[], 40, 0, 'reserved'],
    [events.granted, 60, 0, 'granted'],
    [[], 120, 1, 'granted'],
    [events.posted, 150, 1, 'posted'],
    [events.final, 900, 1, 'posted'],
    [[], 2100, 1, 'posted'],
    [[...events.closed, SETTLED], 2600, 3, 'settled'],
  ]);
  assert.equal(kinds(), ['0 postOffer', '1 depositEnergy', '2 depositFinancial']);
  await live(sql, [[events.deposited, 2700, 3, undefined]]);
  assert.equal(kinds(), [], 'a retired address leaves nothing behind');
});

test('an offer that did not trade is closed by itself', async () => {
  const { sql, events, kinds } = reserved();
  const back: MarketEvent[] = events.closed.map((event) => ({ ...event, energyWs: 900_000 }));
  await live(sql, [
    [[...events.granted, ...events.posted], 800, 0, 'posted'],
    [events.final.map((event) => ({ ...event, trades: '0x' })), 900, 0, 'posted'],
    [[], 1799, 0, 'posted'],
    [[], 2100, 1, 'posted'],
    [back, 2600, 3, 'settled'],
  ]);
  const posted = '0 postOffer';
  assert.equal(kinds(), [posted, '1 closeOffer', '2 depositEnergy', '3 depositFinancial']);
});

test('when nobody settles within a fair time, it does, with trades it has kept', async () => {
  const { sql, wallet, events, kinds } = reserved();
  const voided: MarketEvent = { ...SETTLED, kind: 'trades-voided', positions: [1] };
  const trades = encodeChunk([
    { askId: 2, bidId: 9, powerW: 600 },
    { askId: 2, bidId: 9, powerW: 100 },
  ]);
  await live(sql, [
    [[...events.granted, ...events.posted], 800, 0, 'posted'],
    [[voided, ...events.final.map((event) => ({ ...event, trades }))], 900, 0, 'posted'],
    [[], 2690, 0, 'posted'],
    [[], 2930, 1, 'posted'],
    [[], 3500, 1, 'posted'],
  ]);
  const types = ['uint32', 'bytes', 'uint32[]', 'uint256'];
  const raw = Transaction.from(wallet.outbox.open()[0]?.raw ?? '');
  const [interval, bytes, positions] = AbiCoder.defaultAbiCoder()
    .decode(types, `0x${raw.data.slice(10)}`)
    .toArray(true);
  assert.equal([interval, bytes, positions], [BigInt(NOW + 1), trades, [1n]]);
  await live(sql, [[[...events.closed, SETTLED], 3600, 3, 'settled']]);
  const posted = '0 postOffer';
  assert.equal(kinds(), [posted, '1 settle', '2 depositEnergy', '3 depositFinancial']);
  assert.equal([...wallet.factsUnder('log.unsettled.')], [], 'what it kept is dropped');
});

test('a settlement is tried three times, and gone on with after a slice', async () => {
  const { sql, wallet, events } = reserved();
  const run = boot(sql);
  await run.read([...events.granted, ...events.posted, ...events.final]);
  const kinds: string[] = [];
  for (const state of ['mined', 'reverted', 'reverted', 'reverted', 'reverted'] as const) {
    run.advance(3000);
    const [entry] = wallet.outbox.open();
    kinds.push(entry?.kind ?? 'none');
    const outcome = { blockNumber: 12, gasUsed: 1, reason: 'NotPast(1)' };
    if (entry) wallet.outbox.settle(entry.hash, { state, ...outcome });
  }
  assert.equal(kinds, ['settle', 'settle', 'settle', 'settle', 'closeOffer']);
});

test('an offer of several intervals is closed when those in its range are settled', async () => {
  const { sql, events, kinds } = reserved({ ...TERMS, lastInterval: NOW + 2 });
  // It ends at 2,700 s. Others traded in the first interval, nobody in the second.
  const [final] = events.final;
  const trades = encodeChunk([{ askId: 2, bidId: 3, powerW: 600 }]);
  const before: Step[] = [
    [[...events.granted, ...events.posted], 800, 0, 'posted'],
    [[{ ...final, trades } as MarketEvent], 900, 0, 'posted'],
    [[{ ...final, interval: NOW + 2, trades: '0x' } as MarketEvent], 1800, 0, 'posted'],
  ];
  await live(sql, [...before, [[SETTLED], 1900, 0, 'posted'], [[], 2930, 1, 'posted']]);
  assert.equal(kinds(), ['0 postOffer', '1 closeOffer']);
});

test('it settles one after the other what it waits for, and closes then', async () => {
  const { sql, wallet, events } = reserved({ ...TERMS, lastInterval: NOW + 2 });
  const [final] = events.final;
  const run = boot(sql);
  await run.read([...events.granted, ...events.posted, ...events.final]);
  await run.read([{ ...final, interval: NOW + 2 } as MarketEvent]);
  const signed: string[] = [];
  for (const [before, settled] of [NOW + 1, NOW + 2, null].entries()) {
    assert.is(run.advance(3850), before + 1);
    assert.is(run.advance(3850), before + 1, 'one at a time');
    const [entry] = wallet.outbox.open();
    signed.push(`${entry?.kind} ${entry?.ref}`);
    if (entry === undefined || settled === null) break;
    wallet.outbox.settle(entry.hash, { state: 'mined', blockNumber: 12, gasUsed: 1 });
    await run.read([{ ...SETTLED, interval: settled } as MarketEvent]);
  }
  const { index } = run.offer() ?? {};
  const settles = (at: number) => `settle ${index} settles ${NOW + at}`;
  assert.equal(signed, [settles(1), settles(2), `closeOffer ${index}`]);
});

test('a grant that comes too late is deposited and not posted', async () => {
  const sql = openSql(':memory:', { migrations: WALLET_MIGRATIONS });
  const run = boot(sql);
  run.wallet.reserve(TERMS, START * 1000, START * 1000, START + 500);
  const late = boot(sql);
  const offer = late.offer();
  if (!offer) throw new Error('the address was reserved');
  await late.read(eventsOf(offer).granted);
  assert.is(late.advance(530), 0);
  assert.is(offer.state, 'settled');
  assert.match(offer.note ?? '', /too late/);
  assert.is(late.advance(560), 2);
  assert.equal(
    late.wallet.outbox.open().map(({ kind }) => kind),
    ['depositEnergy', 'depositFinancial'],
  );
});

test('an offer without an answer is asked for until there is one, and never given up', async () => {
  const sql = openSql(':memory:', { migrations: WALLET_MIGRATIONS });
  boot(sql).wallet.reserve(TERMS, START * 1000, START * 1000, START + 500);
  const run = boot(sql);
  const offer = run.offer();
  if (!offer) throw new Error('the address was reserved');
  const isToAsk = (second: number) => run.steps.isToAsk(offer, { now: START + second });
  assert.ok(isToAsk(40));
  assert.ok(isToAsk(86_400), 'when it is too late as well: the first answer may have been lost');
  offer.state = 'withdrawn';
  assert.not(isToAsk(1_799), 'the grant is on its way');
  assert.ok(isToAsk(1_800), 'its last interval is over');
  assert.not(isToAsk(1_900));
  assert.ok(isToAsk(2_700), 'once an interval');
  run.advance(86_400);
  assert.is(offer.state, 'withdrawn');
  await run.read(eventsOf(offer).granted);
  run.advance(86_430);
  assert.is(run.advance(86_460), 2, 'a grant that comes a day late goes back');
});

test('what is granted of a request that the DSO refuses in the end goes back', async () => {
  const sql = openSql(':memory:', { migrations: WALLET_MIGRATIONS });
  boot(sql).wallet.reserve(TERMS, START * 1000, START * 1000, START + 500);
  const run = boot(sql);
  const offer = run.offer();
  if (!offer) throw new Error('the address was reserved');
  const events = eventsOf(offer);
  offer.state = 'withdrawn';
  run.steps.refuse(offer, 'power-limit: the contract refused the energy');
  await run.read(events.granted.slice(1));
  assert.is(run.advance(60), 1);
  const kinds = run.wallet.outbox.open().map(({ kind }) => kind);
  assert.equal(kinds, ['depositFinancial']);
  const moneyBack = { ...events.deposited[1], amountMicro: 70_000n } as MarketEvent;
  await run.read([moneyBack]);
  run.advance(90);
  run.steps.letGo(offer, { headAt: START + 2_699 });
  assert.is(boot(sql).offer()?.state, 'retired', 'a grant may still come');
  run.steps.letGo(offer, { headAt: START + 2_700 });
  assert.is(boot(sql).offer(), undefined, 'its interval and one more are over');
});

test('the log is read on from where it was, and anew when it was rewritten', async () => {
  const sql = openSql(':memory:', { migrations: WALLET_MIGRATIONS });
  const first = boot(sql);
  assert.equal(first.asked, [3]);
  first.wallet.reserve(TERMS, START * 1000, START * 1000, START + 500);
  const second = boot(sql);
  const offer = second.offer();
  if (!offer) throw new Error('the address was reserved');
  const events = eventsOf(offer);
  await second.read([...events.granted, ...events.posted]);
  const third = boot(sql);
  assert.equal(third.asked, [12], 'the block after the one read');
  await third.read(new RpcError('unreachable', 'nobody there'));
  assert.not(third.market.isFresh);
  await third.read([]);
  assert.ok(third.market.isFresh);
  await third.read(new FollowerError('block 9 was replaced'));
  assert.equal(third.asked, [12, 3]);
  assert.is(third.offer()?.state, 'withdrawn');
  assert.is(third.offer()?.offerId, null);
  await third.read([...events.granted, ...events.posted]);
  assert.is(third.offer()?.state, 'posted');
});

test.run();
