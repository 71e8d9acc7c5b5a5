/**
 * Real agents with three endpoints of which one lies: they trade, and name the liar. With one of
 * the two honest ones away as well nothing new is believed and nothing offered, `status` says why,
 * and trading goes on by itself when it is back.
 */
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AgentStatus } from '../../agent/status.ts';
import type { Behaviour } from '../hostile/ask.ts';
import { honest, serve } from '../hostile/endpoint.ts';
import { LIES_OF_CHAIN } from '../hostile/lies-of-chain.ts';
import { type InstalledHome, steadyHome } from './installed-home.ts';
import { type Market, withMarket } from './one-home.ts';
import { until } from './processes.ts';

const test = suite('agent: an endpoint that lies');

const INTERVAL_REAL_MS = 8_000;
const hidesLogs = LIES_OF_CHAIN['no logs'] ?? honest;
const isAway: Behaviour = (ask) => void ask.socket.destroy();

/** Endpoints of a chain, whose behaviour is changed at will. */
async function threeEndpoints(chainPort: number, behaviours: Behaviour[]) {
  const session = { turn: 0, kept: new Map() };
  const servers = await Promise.all(
    behaviours.map((_, at) =>
      serve(`http://127.0.0.1:${chainPort}`, () => ({
        behave: behaviours[at] ?? honest,
        session,
      })),
    ),
  );
  const rpc = servers.map((server) => {
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  const close = () => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  };
  return { rpc, close };
}

const addresses = ({ wallet }: AgentStatus) =>
  Object.values(wallet.addresses).reduce((sum, count) => sum + count, 0);

const statusWith = (home: InstalledHome, what: string, fits: (status: AgentStatus) => boolean) =>
  until(what, async () => {
    const status = await home.status();
    return status !== null && fits(status) && status;
  });

const isHeldFrom = (first: number) => (status: AgentStatus) =>
  status.schedule.some(({ interval, committedW }) => interval >= first && committedW !== 0);

async function lieAndRecover(
  market: Market,
  home: InstalledHome,
  behaviours: Behaviour[],
): Promise<void> {
  const trading = await statusWith(home, 'trades beside a liar', isHeldFrom(0));
  const states = trading.chain?.endpoints?.map(({ state }) => state);
  assert.equal(states, ['agrees', 'agrees', 'wrong']);
  assert.ok(trading.chain?.isVerified);
  assert.ok(
    trading.problems.some((each) => /endpoint http:.* is not counted: .*unlike/.test(each)),
  );
  assert.not(trading.warnings.some((each) => /unverified/.test(each)));

  behaviours[1] = isAway;
  const stopped = await statusWith(home, 'no majority', ({ chain }) => !chain?.isFresh);
  const offered = addresses(stopped);
  assert.ok(stopped.problems.some((each) => /no 2 of 3 endpoints say the same/.test(each)));
  const { interval } = stopped;
  const later = await statusWith(home, 'two intervals on', (each) => each.interval > interval + 1);
  assert.is(addresses(later), offered, 'nothing is offered');
  assert.not(later.chain?.isFresh);

  behaviours[1] = honest;
  const again = await statusWith(home, 'trades again', isHeldFrom(market.interval() + 1));
  assert.ok(addresses(again) > offered, 'new offers');
}

test('beside a liar two honest ones suffice, one does not; then trading goes on', async () => {
  const behaviours = [honest, honest, hidesLogs];
  let close = () => {};
  const edit = (text: string) => text.replace('single_endpoint = true\n', '');
  const selling = { name: 'seller', pvW: 5000, loadW: 500, hasBattery: true, hasBoiler: false };
  try {
    await withMarket(
      [
        { spec: steadyHome(selling), edit },
        { spec: steadyHome({ name: 'buyer', loadW: 3000 }), edit },
      ],
      INTERVAL_REAL_MS,
      async (market) => {
        const agents = market.homes.map((home) => home.start());
        const [home] = market.homes;
        assert.ok(home !== undefined);
        try {
          await lieAndRecover(market, home, behaviours);
        } catch (error) {
          console.error(agents[0]?.lines.join('\n'));
          throw error;
        } finally {
          for (const each of agents) assert.is((await each.stop()).code, 0);
        }
      },
      async ({ chainPort, dsoPort }) => {
        const endpoints = await threeEndpoints(chainPort, behaviours);
        close = endpoints.close;
        const dsoUrl = `http://127.0.0.1:${dsoPort}`;
        return { rpc: endpoints.rpc, dsoUrl, socksOf: () => null };
      },
    );
  } finally {
    close();
  }
});

test.run();
