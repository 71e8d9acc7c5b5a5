/**
 * A real agent in a home network that has a meter, a relay, and a way to everywhere, which it must
 * not go: it trades through real Tor, whose Unix socket is a file. With Tor killed, stopped or
 * replaced by a liar not one packet leaves, the house is metered and steered as before, `status`
 * says why nothing goes out, and trading goes on by itself.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Wallet } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AgentStatus } from '../../agent/status.ts';
import { EmulatedShelly } from '../../testbed/emulators/shelly.ts';
import { TorNetwork } from '../../testbed/tor/tor-network.ts';
import { rawServer } from '../host/raw-server.ts';
import { type SocksLie, socksServer } from '../host/socks-server.ts';
import { temporaryFolder } from '../host/temporary-folder.ts';
import { CANARY, DEVICES, HomeNetwork } from './home-network.ts';
import { type InstalledHome, installHome, steadyHome } from './installed-home.ts';
import { DSO_KEY, labGrid } from './lab-grid.ts';
import { INTERVAL_MS, type Market, withMarket } from './one-home.ts';
import { AGENT, type Started, until } from './processes.ts';

const test = suite('no way out');

const INTERVAL_REAL_MS = 12_000;
const BOOTSTRAP_MS = 60_000;
/** A machine with other things to do takes long for a trade. */
const PATIENCE_MS = 240_000;
/** What comes of a lie comes soon, real ms. */
const LIE_MS = 1_000;
const CHAIN = 'chain';

interface Scene {
  market: Market;
  network: HomeNetwork;
  tor: TorNetwork;
  shelly: EmulatedShelly;
  home: InstalledHome;
  agent: Started;
  /** Its grid file names the canaries, by address and by names. */
  probe: InstalledHome;
}

const statusWith = (
  { home }: Pick<Scene, 'home'>,
  what: string,
  fits: (s: AgentStatus) => boolean,
) =>
  until(
    what,
    async () => {
      const status = await home.status();
      return status !== null && fits(status) && status;
    },
    PATIENCE_MS,
  );

const commitment = (scene: Scene, first: number) =>
  statusWith(scene, 'a commitment', ({ schedule }) =>
    schedule.some(({ interval, committedW }) => interval >= first && committedW !== 0),
  );

const recovers = (scene: Scene) =>
  statusWith(
    scene,
    'chain and DSO answer again',
    ({ transport, chain }) => transport.problem === null && chain?.isFresh === true,
  );

async function assertNothingLeft({ network }: Pick<Scene, 'network'>): Promise<void> {
  const { devices, ...left } = await network.packets();
  assert.ok(devices > 0, 'the devices are asked');
  assert.equal(left, { canary: 0, dns: 0, others: {} });
}

/** Metered, and the relay does as it is told. */
async function assertSteered(scene: Scene): Promise<void> {
  const { home, shelly } = scene;
  for (const state of ['on', 'off'] as const) {
    const { code, err } = await home.command('load', state, 'boiler');
    assert.is(code, 0, err);
    assert.is(shelly.isOn, state === 'on');
  }
  await home.command('load', 'auto', 'boiler');
  const status = await statusWith(scene, 'a status', () => true);
  assert.ok(status.meter.powerW !== null && !status.meter.isSilent, 'the meter is read');
}

async function assertSaid(scene: Scene, what: RegExp): Promise<void> {
  await statusWith(scene, `${what}`, ({ transport, problems, state }) => {
    const { problem } = transport;
    return problem !== null && what.test(problem) && problems.includes(problem) && state !== 'good';
  });
  const { code, out } = await scene.home.command('status');
  assert.is(code, 1);
  assert.match(out, /! .*Tor|! what listens/);
}

async function trades(scene: Scene): Promise<void> {
  const status = await commitment(scene, scene.market.interval());
  assert.is(status.transport.kind, 'tor');
  await assertSteered(scene);
  const checked = await scene.home.command('doctor');
  assert.match(checked.out, /ok\s+tor\s+answers at/);
  await assertNothingLeft(scene);
}

async function torKilled(scene: Scene): Promise<void> {
  const { tor, market, home } = scene;
  await tor.client('home').kill();
  const { interval } = await statusWith(scene, 'a status', () => true);
  await assertSaid(
    scene,
    /^Tor does not answer at .*: is tor running\? \((ENOENT|ECONNREFUSED)\)$/,
  );
  assert.match((await home.command('doctor', '--offline')).out, /FAIL\s+tor\s+Tor does not answer/);
  await until('the next interval', () => market.interval() > interval);
  await assertSteered(scene);
  await assertNothingLeft(scene);
  await startTor(scene);
}

async function startTor(scene: Scene): Promise<void> {
  const client = scene.tor.client('home');
  client.start();
  await client.bootstrapped(performance.now() + BOOTSTRAP_MS);
  await recovers(scene);
}

async function torStopped(scene: Scene): Promise<void> {
  scene.tor.client('home').stop();
  await assertSaid(scene, /^Tor does not answer at .*: is tor running, and not stopped\?$/);
  await assertSteered(scene);
  await assertNothingLeft(scene);
  scene.tor.client('home').cont();
  await recovers(scene);
}

/** One after another in Tor's place; at last one that leads everybody to a stranger. */
const LIES: (SocksLie | null)[] = ['garbage', 'no-password', 'refuses', 'speaks', 'nowhere', null];

async function torLies(scene: Scene): Promise<void> {
  const { tor, network } = scene;
  await tor.client('home').kill();
  const stranger = await rawServer((socket) =>
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n<html></html>'),
  );
  const liar = await socksServer(tor.socks('home'), { '*': Number(new URL(stranger.origin).port) });
  try {
    for (const lie of LIES) {
      liar.lie = lie;
      const before = liar.connections;
      await until(`it believes "${lie}"`, () => liar.connections > before, PATIENCE_MS);
      await wait(LIE_MS);
      await assertNothingLeft({ network });
    }
    await until('the stranger is asked', () => stranger.requests.length > 0);
    assert.not.match(stranger.requests.join(), /user-agent/i);
    const status = await statusWith(scene, 'a status', () => true);
    assert.is(status.state, 'degraded');
    await assertSteered(scene);
    await assertNothingLeft(scene);
  } finally {
    await liar.close();
    stranger.close();
  }
  await startTor(scene);
}

/** With the lab's setting the same home does reach both: the count is not blind. */
async function control({ network, probe }: Scene, clock: string): Promise<void> {
  probe.configure({ clock }, inHome());
  assert.match(readFileSync(probe.config, 'utf8'), /clear_net = true/);
  const agent = probe.start();
  try {
    await until('the canaries are reached', async () => {
      const { canary, dns } = await network.packets();
      return canary > 0 && dns > 0;
    });
    assert.ok(agent.lines.some((line) => /warn .*clear net \(lab\): chain and DSO see/.test(line)));
  } finally {
    await agent.stop();
  }
}

/** One endpoint is believed: agreement of several is another test's affair. */
const single = (text: string) =>
  text.includes('single_endpoint') ? text : text.replace('[lab]', '[lab]\nsingle_endpoint = true');

const inHome =
  (shelly?: EmulatedShelly) =>
  (text: string): string => {
    const address = `http://${DEVICES}:${shelly?.port}`;
    return single(text)
      .replaceAll('tcp://127.0.0.1:', `tcp://${DEVICES}:`)
      .replace(/relay = .*/, `relay = { driver = "http", address = "${address}" }`)
      .replace(/minimum_on = .*/, 'minimum_on = "0 s"')
      .replace(/minimum_off = .*/, 'minimum_off = "0 s"');
  };

const portsOf = ({ config }: InstalledHome): number[] =>
  [...readFileSync(config, 'utf8').matchAll(/10\.77\.0\.1:(\d+)/g)].map(([, port]) => Number(port));

function startNetwork(
  folder: string,
  { chainPort, dsoPort }: { chainPort: number; dsoPort: number },
): Promise<TorNetwork> {
  return TorNetwork.start({
    directory: join(folder, 'tor'),
    onionServices: [
      { name: CHAIN, port: chainPort },
      { name: 'dso', port: dsoPort },
    ],
    clients: ['home', 'neighbour'],
  });
}

async function enrolProbe(
  folder: string,
  network: HomeNetwork,
  market: Market,
): Promise<InstalledHome> {
  const spec = steadyHome({ name: 'probe' });
  const probe = await installHome(folder, spec, market.clock.now, network.inside(AGENT));
  const offered = join(probe.folder, 'offered.json');
  writeFileSync(
    offered,
    labGrid({
      rpc: ['https://chain.canary.example', `https://${CANARY}`],
      dso: { address: new Wallet(DSO_KEY).address, url: 'https://dso.canary.example' },
    }),
  );
  const { code, err } = await probe.command('enrol', offered);
  assert.is(code, 0, err);
  return probe;
}

test('Tor killed, stopped or lying: nothing leaves, and trading goes on by itself', async () => {
  const folder = temporaryFolder();
  const network = await HomeNetwork.start(folder.path);
  const shelly = await EmulatedShelly.start();
  const seller = steadyHome({ name: 'home', pvW: 5000, hasBattery: true, hasBoiler: true });
  const buyer = steadyHome({ name: 'neighbour', loadW: 3000 });
  let tor: TorNetwork | null = null;
  try {
    await withMarket(
      [
        { spec: seller, program: () => network.inside(AGENT), edit: inHome(shelly) },
        { spec: buyer, edit: single },
      ],
      INTERVAL_REAL_MS,
      async (market) => {
        if (tor === null) throw new Error('no Tor network');
        await act({ folder: folder.path, market, network, shelly, tor });
      },
      async (at) => {
        const made = await startNetwork(folder.path, at);
        tor = made;
        return {
          rpc: [made.onionUrl(CHAIN)],
          dsoUrl: made.onionUrl('dso'),
          socksOf: (name) => made.socks(name),
        };
      },
    );
  } finally {
    await (tor as TorNetwork | null)?.close();
    await shelly.close();
    await network.close();
    folder.dispose();
  }
});

async function act(
  parts: Pick<Scene, 'market' | 'network' | 'shelly' | 'tor'> & { folder: string },
): Promise<void> {
  const { market, network, tor, shelly, folder } = parts;
  const [home, neighbour] = market.homes;
  assert.ok(home !== undefined && neighbour !== undefined);
  const { startsAtMs, wallOriginMs, factor } = market.scale;
  const clock = `scaled:${startsAtMs}:${wallOriginMs}:${factor}`;
  const probe = await enrolProbe(folder, network, market);
  probe.configure({ clock, socks: tor.socks('home') }, inHome());
  await network.open([...portsOf(home), ...portsOf(probe), shelly.port], folder);
  const agents = [home, neighbour, probe].map((each) => each.start());
  const [agent, , probing] = agents;
  assert.ok(agent !== undefined && probing !== undefined);
  const scene = { ...parts, home, agent, probe };
  try {
    for (const act of [trades, torKilled, torStopped, torLies]) await act(scene);
    const next = Math.floor(market.clock.now() / INTERVAL_MS) + 1;
    await commitment(scene, next);
    await assertNothingLeft(scene);
    assert.ok(probing.lines.length > 0);
    await probing.stop();
    await control(scene, clock);
  } catch (error) {
    console.error(agent.lines.join('\n'));
    throw error;
  } finally {
    for (const each of agents) await each.stop();
    await probe.close();
  }
}

test.run();
