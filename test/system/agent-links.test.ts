/**
 * Chain and DSO away, at the start and in the middle of trading: two real agents in a real market.
 * Each is told in one line, final commitments are followed, nothing new is offered, and trading
 * goes on by itself.
 */
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Journal } from '../../agent/journal/journal.ts';
import type { AgentStatus } from '../../agent/status.ts';
import { openSql } from '../../host/sqlite.ts';
import { brokenOf } from '../../market/broken-trades.ts';
import { type InstalledHome, steadyHome } from './installed-home.ts';
import { INTERVAL_MS, type Market, withMarket } from './one-home.ts';
import { type Started, until } from './processes.ts';

const test = suite('agent: chain and DSO away');

const INTERVAL_REAL_MS = 8_000;
/** A commitment found so early in its interval can still be watched for most of it. */
const EARLY = 0.35;
const MOST_BROKEN = 0.05;
/** An outage between a grant and its posting costs the offer, and the agent says so. */
const OFFER_CAUGHT = /an offer ended before it was in the market .*the grant came too late/;

interface Scene {
  market: Market;
  /** The home looked at: it sells to its neighbour, and has battery and boiler to hold to it. */
  home: InstalledHome;
  agent: Started;
}

const statusOf = ({ home }: Scene) => until('a status', home.status);

/** A status that fits. */
const statusWith = (scene: Scene, what: string, fits: (status: AgentStatus) => boolean) =>
  until(what, async () => {
    const status = await scene.home.status();
    return status !== null && fits(status) && status;
  });

const addresses = ({ wallet }: AgentStatus) =>
  Object.values(wallet.addresses).reduce((sum, count) => sum + count, 0);

const linesOf = ({ agent }: Scene, what: RegExp) => agent.lines.filter((line) => what.test(line));

/** An interval from `first` on that has begun, and has a final trade. */
function commitment(scene: Scene, first = 0): Promise<{ interval: number; committedW: number }> {
  return until('a commitment', async () => {
    const status = await scene.home.status();
    const share = (scene.market.clock.now() % INTERVAL_MS) / INTERVAL_MS;
    const row = status?.schedule.find(({ interval }) => interval === scene.market.interval());
    const isIt = row !== undefined && row.committedW !== 0 && row.interval >= first;
    return share < EARLY && isIt && row;
  });
}

const endOf = ({ market }: Scene, interval: number) =>
  until('the end of the interval', () => market.interval() > interval);

/** Its trade kept to the last second, by the meter's own reading. */
async function assertFollowed(scene: Scene, interval: number, committedW: number): Promise<void> {
  const status = await statusOf(scene);
  assert.is(status.following.way, 'following');
  assert.is(brokenOf(committedW, status.following.targetW ?? 0), 0);
  await endOf(scene, interval);
  const reading = await until('the reading', () => readingOf(scene, interval));
  const { importedWs, exportedWs } = reading;
  assert.ok(importedWs !== null && exportedWs !== null);
  const tradedWs = (committedW * INTERVAL_MS) / 1000;
  const broken = brokenOf(tradedWs, importedWs - exportedWs) / Math.abs(tradedWs);
  assert.ok(broken < MOST_BROKEN, `${(100 * broken).toFixed(1)} % is missing`);
}

function readingOf({ home }: Scene, interval: number) {
  const sql = openSql(join(home.folder, 'journal.db'), { readOnly: true });
  try {
    return new Journal(sql).reading(interval);
  } finally {
    sql.close();
  }
}

/** What `status` says to an installer, and its exit code. */
async function assertSaid(scene: Scene, what: RegExp): Promise<void> {
  const { code, out } = await scene.home.command('status');
  assert.is(code, 1);
  assert.match(out, what);
}

/** No schedule: battery and boiler are left to themselves, and nothing is offered. */
async function assertByItself(scene: Scene, after: number, offered: number): Promise<void> {
  const { home, market } = scene;
  const status = await statusWith(
    scene,
    'the home runs by itself',
    ({ following }) => market.interval() > after && following.way === 'automatic',
  );
  assert.match(status.following.reason ?? '', /nothing is scheduled/);
  await until('battery by itself', () => home.emulated.state().batteryMode === 'automatic');
  await endOf(scene, market.interval());
  assert.is(addresses(await statusOf(scene)), offered, 'no new offers');
}

async function chainAwayAtStart(scene: Scene): Promise<void> {
  const status = await statusWith(scene, 'the chain is missed', (each) =>
    each.problems.some((problem) => /the chain is not read: http:/.test(problem)),
  );
  assert.is(status.following.way, 'automatic');
  await endOf(scene, scene.market.interval());
  const metered = await statusOf(scene);
  assert.ok(metered.meter.powerW !== null && !metered.meter.isSilent, 'metering goes on');
  assert.is(addresses(metered), 0, 'nothing is offered');
  await assertSaid(scene, /! the chain is not read: http:.* cannot be reached \(ECONNREFUSED\)/);
  await scene.market.gate.open();
  await statusWith(scene, 'good', ({ state }) => state === 'good');
}

async function chainAwayWhileTrading(scene: Scene): Promise<void> {
  const { gate } = scene.market;
  const { interval, committedW } = await commitment(scene);
  await gate.cut();
  const missed = await statusWith(scene, 'the chain is missed', ({ chain }) => !chain?.isFresh);
  const offered = addresses(missed);
  await assertFollowed(scene, interval, committedW);
  await assertByItself(scene, interval, offered);
  await gate.open();
  const again = await commitment(scene, interval + 2);
  assert.ok(again.interval > interval);
  assert.ok(addresses(await statusOf(scene)) > offered, 'new offers');
  assert.is(linesOf(scene, /the chain does not answer/).length, 2, 'one line each time');
  assert.is(linesOf(scene, /the chain answers again/).length, 2);
}

async function dsoAway(scene: Scene): Promise<void> {
  const { utility } = scene.market;
  const { interval, committedW } = await commitment(scene);
  utility.dso.kill('SIGKILL');
  await assertFollowed(scene, interval, committedW);
  const missed = await statusWith(scene, 'the DSO is missed', ({ dso }) => dso?.problem !== null);
  await assertByItself(scene, interval, addresses(missed));
  await statusWith(scene, 'readings wait', ({ settling }) => (settling?.waiting ?? 0) > 0);
  await assertSaid(scene, /! the DSO does not answer: .*ECONNREFUSED/);
  utility.restartDso();
  const again = await commitment(scene, scene.market.interval() + 1);
  assert.ok(again.interval > interval);
  await statusWith(
    scene,
    'readings are settled',
    ({ settling, state }) => state === 'good' && settling !== null && settling.waiting <= 1,
  );
  assert.is(linesOf(scene, /no offers until the DSO answers/).length, 1, 'one line');
  assert.ok(linesOf(scene, /readings could not be settled/).length <= 1);
  assert.is(linesOf(scene, /the DSO answers again/).length, 1);
}

test('chain away at the start and while trading, then the DSO killed and started again', () =>
  withMarket(
    [
      {
        spec: steadyHome({
          ...{ name: 'seller', pvW: 5000, loadW: 500, hasBattery: true, hasBoiler: true },
        }),
      },
      { spec: steadyHome({ name: 'buyer', loadW: 3000 }) },
    ],
    INTERVAL_REAL_MS,
    async (market) => {
      await market.gate.cut();
      const agents = market.homes.map((home) => home.start());
      const [home] = market.homes;
      const [agent] = agents;
      assert.ok(home !== undefined && agent !== undefined);
      const scene = { market, home, agent };
      try {
        await chainAwayAtStart(scene);
        await chainAwayWhileTrading(scene);
        await dsoAway(scene);
        const others = agent
          .complaints()
          .filter((line) => !/chain|DSO/.test(line) && !OFFER_CAUGHT.test(line));
        assert.equal(others, [], 'nothing else to complain of');
      } catch (error) {
        console.error(agent.lines.join('\n'));
        throw error;
      } finally {
        for (const each of agents) assert.is((await each.stop()).code, 0);
      }
    },
  ));

test.run();
