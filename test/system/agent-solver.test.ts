/**
 * The market cleared by a meter: no other solver runs, and the agent that is configured as one gets
 * its stake from the DSO, submits, finalizes and settles, while its own home trades.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LogFollower } from '../../chain/follower.ts';
import { JsonRpc } from '../../chain/rpc.ts';
import { clearTransport } from '../../host/http-transport.ts';
import type { MarketEvent } from '../../market/events.ts';
import { parseGridFile } from '../../market/grid-json.ts';
import { parseDeployment } from '../../operator/deployment.ts';
import { steadyHome } from './installed-home.ts';
import { type Market, withMarket } from './one-home.ts';
import { until } from './processes.ts';

const test = suite('agent: solver');

const INTERVAL_REAL_MS = 8_000;
const OFFER_CAUGHT = /an offer ended before it was in the market/;

/** All that the market's log tells, read apart from everyone. */
async function eventsOf({ utility, chain, clock }: Market): Promise<MarketEvent[]> {
  const folder = join(utility.config, '..');
  const { facts } = parseGridFile(readFileSync(join(folder, 'grid.json'), 'utf8'));
  const { url } = chain.anvil;
  const transport = clearTransport({ origins: [url] });
  try {
    const rpc = new JsonRpc({ urls: [url], transport, identity: 'test', clock });
    const { chainId, contracts, finality, deployedAtBlock: fromBlock } = facts;
    const feed = new LogFollower({ rpc, chainId, contracts, fromBlock, finality });
    return (await feed.poll(new AbortController().signal)).events;
  } finally {
    transport.close();
  }
}

function utilitySolver({ utility }: Market): string {
  const path = join(utility.config, '..', 'deployment.json');
  return parseDeployment(readFileSync(path, 'utf8'), path).solver.toLowerCase();
}

test('an agent with [solver] clears the market by itself, and its home trades', () =>
  withMarket(
    [
      { spec: steadyHome({ name: 'seller', pvW: 5000, loadW: 500, hasBattery: true }) },
      { spec: steadyHome({ name: 'buyer', loadW: 3000 }) },
    ],
    INTERVAL_REAL_MS,
    async (market) => {
      await market.utility.solver.stop();
      const [home] = market.homes;
      assert.ok(home !== undefined);
      appendFileSync(home.config, '\n[solver]\npoll = "30 s"\n');
      const agents = market.homes.map((each) => each.start());
      const [agent] = agents;
      assert.ok(agent !== undefined);
      const seen = (what: string, fits: (status: NonNullable<Status>) => boolean) =>
        until(what, async () => {
          const status = await home.status();
          return status !== null && fits(status) && status;
        });
      type Status = Awaited<ReturnType<typeof home.status>>;
      try {
        await seen('the stake', ({ solver }) => solver?.isStaked === true);
        await seen('a candidate', ({ solver }) => (solver?.accepted ?? 0) > 0);
        await seen('a trade', ({ schedule }) => schedule.some((row) => row.committedW !== 0));
        await seen('a settlement', ({ solver }) => (solver?.settled ?? 0) > 0);
        const events = await eventsOf(market);
        const solvers = events.flatMap((each) =>
          each.kind === 'candidate-accepted' ? [each.solver] : [],
        );
        assert.is(new Set(solvers).size, 1);
        assert.is.not(solvers[0], utilitySolver(market));
        const offers = events.flatMap((each) => (each.kind === 'offer-posted' ? [each.owner] : []));
        assert.not.ok(offers.includes(solvers[0] ?? ''), 'no offer stands at its address');
        const paid = events.filter(
          (each) => each.kind === 'financial-added' && each.owner === solvers[0],
        );
        assert.is(paid.length, 1, 'the stake is granted once');
        const { out } = await home.command('status');
        assert.match(out, /solver +ok +\d+ solutions accepted/);
        const complaints = agent.complaints().filter((line) => !OFFER_CAUGHT.test(line));
        assert.equal(complaints, []);
      } catch (error) {
        console.error(agent.lines.join('\n'));
        throw error;
      } finally {
        for (const each of agents) assert.is((await each.stop()).code, 0);
      }
    },
  ));

test.run();
