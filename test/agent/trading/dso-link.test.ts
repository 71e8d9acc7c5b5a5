/** A home and a DSO that asks to wait, restores its books, or is away. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { OwnOffer } from '../../../agent/traders/own-offer.ts';
import { DsoLink } from '../../../agent/trading/dso-link.ts';
import { DsoError } from '../../../agent/wallet/dso-client.ts';
import { ManualClock } from '../manual-clock.ts';

const test = suite('agent: link to the DSO');

const START_MS = Date.UTC(2026, 5, 12, 9);
const NAME = `0x${'aa'.repeat(32)}`;
const SIGNAL = new AbortController().signal;

const offer = (requestId: string, state: OwnOffer['state']) => ({ requestId, state }) as OwnOffer;

function setUp(live: OwnOffer[] = []) {
  const clock = new ManualClock(START_MS);
  const world = { fault: null as DsoError | null, asked: [] as string[], said: [] as string[] };
  const say = (text: string) => void world.said.push(text);
  const answer = <T>(what: string, good: T): T => {
    world.asked.push(what);
    if (world.fault !== null) throw world.fault;
    return good;
  };
  const link = new DsoLink({
    dso: {
      account: async () =>
        answer('account', {
          ...{ requestId: NAME, meterId: NAME, state: 'open', balanceMicro: 5n },
          ...{ feeder: 3, maxPowerW: 9_000, suspended: false },
        }),
      withdraw: async ({ requestId }) =>
        answer(requestId, { requestId, address: NAME, state: 'accepted' }),
    },
    wallet: { fact: () => null, keep: () => undefined, liveOffers: () => live },
    clock,
    log: { info: say, warn: say, error: say },
    intervalSeconds: 900,
  });
  // A stepped clock moves on when somebody waits for it.
  void clock.pacer().until(Number.MAX_SAFE_INTEGER, SIGNAL);
  const after = (ms: number) => clock.runTo(clock.now() + ms);
  return { clock, world, link, after };
}

test('a DSO that asks to wait is left alone for that long, and nothing is refused', async () => {
  const { world, link, after } = setUp();
  await link.refresh(SIGNAL);
  world.fault = new DsoError('too-many', 'the DSO asks to wait for 40 s');
  world.fault.waitMs = 40_000;
  assert.is(await link.withdraw(offer('one', 'reserved'), SIGNAL), null);
  assert.is(link.problem, 'the DSO asks to wait for 40 s');

  world.fault = null;
  await after(39_000);
  assert.is(await link.withdraw(offer('one', 'reserved'), SIGNAL), null);
  assert.equal(world.asked, ['account', 'one'], 'nothing was asked meanwhile');
  await after(1_000);
  assert.is(await link.withdraw(offer('one', 'reserved'), SIGNAL), 'accepted');
  assert.is(link.problem, null);
});

test('a DSO that restored its books hears again what it granted, once each time', async () => {
  const live = [offer('granted', 'granted'), offer('asked', 'reserved'), offer('out', 'posted')];
  const { world, link, after } = setUp(live);
  await link.refresh(SIGNAL);
  world.fault = new DsoError('recovering', 'the DSO restored its books');
  assert.is(await link.withdraw(offer('new', 'reserved'), SIGNAL), null);
  assert.equal(world.asked, ['account', 'new', 'granted', 'out']);
  world.fault = new DsoError('unreachable', 'no answer');
  await after(60_000);
  assert.is(await link.withdraw(offer('new', 'reserved'), SIGNAL), null);
  assert.equal(world.asked.slice(4), ['new'], 'being away is no restoring');
});

test('an outage is told once, and its end', async () => {
  const { world, link, after } = setUp();
  world.fault = new DsoError('unreachable', 'no answer');
  for (let time = 0; time < 5; time += 1) {
    await link.refresh(SIGNAL);
    await after(20_000);
  }
  world.fault = null;
  await link.refresh(SIGNAL);
  assert.equal(world.said, ['no offers until the DSO answers', 'the DSO answers again']);
  assert.is(link.account?.feeder, 3);
});

test('without a proven clock nothing is asked', async () => {
  const { clock, world, link } = setUp();
  await link.refresh(SIGNAL);
  clock.isTimeProven = false;
  await link.refresh(SIGNAL);
  assert.is(await link.withdraw(offer('one', 'reserved'), SIGNAL), null);
  assert.equal(world.asked, ['account']);
});

test.run();
