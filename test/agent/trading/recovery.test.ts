/** What a restored wallet holds in the market comes back, found in the log alone. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addOwnOffer, matchingTrader, newMatchingState } from '../../../agent/traders/matching.ts';
import type { OwnOffer, OwnTerms } from '../../../agent/traders/own-offer.ts';
import { MarketLog } from '../../../agent/trading/market-log.ts';
import { AddressRecovery } from '../../../agent/trading/recovery.ts';
import { agentPolicy } from '../../../agent/trading/signing-rules.ts';
import { WALLET_MIGRATIONS } from '../../../agent/wallet/schema.ts';
import { createWallet, openWallet } from '../../../agent/wallet/wallet.ts';
import { bindGrid, restoreWallet, wordsOf } from '../../../agent/wallet/wallet-file.ts';
import { Outbox } from '../../../chain/outbox.ts';
import { SilentDelivery } from '../../../chain/silent-delivery.ts';
import type { Log } from '../../../host/ports.ts';
import { nodeRandom } from '../../../host/random.ts';
import { openSql } from '../../../host/sqlite.ts';
import { SteppedClock } from '../../../host/stepped-clock.ts';
import type { MarketEvent } from '../../../market/events.ts';
import { exampleGrid } from '../../fixtures/example-grid.ts';
import { agreeOnTime } from '../wallet/agreed-time.ts';

const test = suite('trading: recovery');
const KEY = new Uint8Array(32).fill(5);
const NOW = 2_000_000;
const START = NOW * 900;
const ADDRESS = `0x${'1'.repeat(40)}`;
const FACTS = exampleGrid(ADDRESS, { deployedAtBlock: 3 });
const quiet: Log = { info() {}, warn() {}, error: (text) => assert.unreachable(text) };
const TERMS: OwnTerms = {
  ...{ side: 'buy', firstInterval: NOW + 1, lastInterval: NOW + 1, energyWs: 900_000 },
  ...{ maxPowerW: 1000, priceMicroPerKwh: 280_000, isFlexible: false },
};
const AT = { blockNumber: 9, logIndex: 0, transactionHash: '0x00' };

function granted(owner: string, assetId: number): MarketEvent[] {
  const { side, firstInterval, lastInterval, energyWs, maxPowerW } = TERMS;
  const range = { feeder: 1, side, firstInterval, lastInterval, energyWs, maxPowerW };
  return [
    { ...AT, kind: 'asset-added', owner, assetId, ...range },
    { ...AT, kind: 'financial-added', owner, amountMicro: 70_000n },
  ];
}

function posted(owner: string, assetId: number): MarketEvent {
  const { side, firstInterval, lastInterval, energyWs, maxPowerW, priceMicroPerKwh } = TERMS;
  const range = { feeder: 1, side, firstInterval, lastInterval, energyWs, maxPowerW };
  return {
    ...AT,
    kind: 'offer-posted',
    offerId: assetId + 10,
    owner,
    assetId,
    ...range,
    priceMicroPerKwh,
  };
}

function deposited(owner: string, assetId: number): MarketEvent[] {
  return [
    { ...AT, kind: 'energy-deposited', owner, assetId, energyWs: TERMS.energyWs },
    { ...AT, kind: 'financial-deposited', owner, amountMicro: 70_000n },
  ];
}

/** A meter restored from the words of another wallet; the market's log is what is told. */
function restoredFrom(words: string, log: readonly MarketEvent[]) {
  const sql = openSql(':memory:', { migrations: WALLET_MIGRATIONS });
  restoreWallet(sql, KEY, words, 1);
  bindGrid(sql, FACTS);
  const random = nodeRandom();
  const wallet = openWallet(sql, KEY, FACTS, random);
  const clock = new SteppedClock(START * 1000);
  const state = newMatchingState(FACTS, 10_000, 60);
  let block = 10;
  const openFeed = (fromBlock: number) => {
    assert.is(fromBlock, 3, 'from the deployment on');
    let told = 0;
    return {
      async poll() {
        const events = log.slice(told);
        told = log.length;
        block += 1;
        const head = { number: block, timestamp: clock.now() / 1000 };
        return { events, head, included: [] };
      },
    };
  };
  const store = wallet.outbox;
  const openLine = () => assert.unreachable('nothing is sent') as never;
  const times = { resendMs: 120_000, spreadMs: 60_000 };
  const delivery = new SilentDelivery({ store, openLine, clock, random, ...times });
  const policy = agentPolicy(FACTS, (address) => wallet.offerOf(address));
  const outbox = new Outbox({ store, delivery, chainId: FACTS.chainId, policy, clock });
  const shared = { wallet, state, openFeed, clock, log: quiet };
  const blocks = { firstBlock: 3, blockLagSeconds: 15, blockSeconds: 15 };
  const watch = { observe() {} };
  const market = new MarketLog({ ...shared, ...blocks, outbox, watch });
  const recovery = new AddressRecovery({ ...shared, facts: FACTS });
  const { signal } = new AbortController();
  /** @returns whether addresses came in */
  const tick = async (seconds: number): Promise<boolean> => {
    void clock.advance(clock.now() + seconds * 1000);
    await market.poll(signal);
    return recovery.step(market, signal);
  };
  const untilSo = async (isSo: (found: boolean) => boolean): Promise<void> => {
    for (let turn = 0; turn < 20_000; turn += 1) {
      if (isSo(await tick(0))) return;
      await clock.delay(0, signal);
    }
    assert.unreachable('it takes for ever');
  };
  return { sql, wallet, state, tick, untilSo };
}

/** Another wallet that took addresses; it is gone. */
function lost(count: number) {
  const sql = openSql(':memory:', { migrations: WALLET_MIGRATIONS });
  const wallet = createWallet(sql, KEY, FACTS, nodeRandom());
  agreeOnTime(wallet, START);
  const offers: OwnOffer[] = [];
  for (let at = 0; at < count; at += 1) {
    offers.push(wallet.reserve(TERMS, START * 1000, 0, START + 500));
  }
  return { wallet, offers, words: wordsOf(sql, KEY) ?? '' };
}

test('posted and granted is found, paid back and never granted is not needed', async () => {
  const { wallet, offers, words } = lost(4);
  const [a, b, c] = offers as [OwnOffer, OwnOffer, OwnOffer];
  const stranger = `0x${'2'.repeat(40)}`;
  const run = restoredFrom(words, [
    ...granted(a.address, 1),
    ...granted(stranger, 2),
    ...granted(b.address, 3),
    posted(a.address, 1),
    ...granted(c.address, 4),
    ...deposited(c.address, 4),
  ]);
  assert.is(run.wallet.meterId, wallet.meterId);
  await run.tick(0);
  await run.tick(120);
  await run.untilSo((found) => found);
  await run.tick(1);
  const { state } = run;
  const stateOf = (each: OwnOffer) => state.byAddress.get(each.address)?.state;
  assert.equal(offers.map(stateOf), ['posted', 'granted', undefined, undefined]);
  const again = state.byAddress.get(a.address);
  assert.is(again && run.wallet.keyOf(again).privateKey, wallet.keyOf(a).privateKey);
  assert.is(again?.expiresAt, 0, 'nothing more is posted from it');
  assert.is(run.wallet.outbox.nextNonce(a.address), 1, 'its offer was its first transaction');
  assert.is(run.wallet.outbox.nextNonce(b.address), 0);
  assert.ok(run.wallet.search, 'a grant may be under way');
  await run.tick(2_000);
  await run.untilSo(() => run.wallet.search === null);
  assert.is(state.byAddress.size, 2);
  assert.is(openWallet(run.sql, KEY, FACTS, nodeRandom()).search, null);
});

test('a grant that comes to a retired address after all is to go back', () => {
  const [offer] = lost(1).offers as [OwnOffer];
  offer.state = 'retired';
  const state = newMatchingState(FACTS, 10_000, 60);
  addOwnOffer(state, offer);
  for (const event of granted(offer.address, 1)) matchingTrader.observe(event, state);
  assert.is(offer.state, 'settled');
  assert.is(offer.heldMicro, 70_000n);
});

test.run();
