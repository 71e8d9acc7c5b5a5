/**
 * Whatever ends the agent, relays and battery end safe: real processes, an emulated house and a
 * network relay. `load safe` is what systemd runs after the agent has ended.
 */
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { testByKilling } from '../../agent/cli/load-test-kill.ts';
import { wallClock } from '../../host/wall-clock.ts';
import { AGENT, run, until } from './processes.ts';
import { isBoilerOn, type RelayHouse, withRelayHouse } from './relay-house.ts';

const test = suite('agent: load safe');

const TIMER = wallClock({ now: () => Date.now(), realPerMarket: 1, isProven: () => false });

/** Its boiler wants more than is left of the day: it is on. */
const withHouse = (by: 'http' | 'coil', work: (house: RelayHouse) => Promise<void>) =>
  withRelayHouse(
    { by, hasBattery: true },
    (text) => text.replace(/energy_per_day = .*/, 'energy_per_day = "48 kWh"'),
    work,
  );

test('after kill -9 a network relay is still on, and load safe turns it off', () =>
  withHouse('http', async ({ home, shelly, agent }) => {
    await until('the boiler is on', () => shelly.isOn);
    assert.is(shelly.timerSeconds, 300, 'the device would end it by itself');
    agent.kill('SIGKILL');
    await agent.ended;
    assert.is(shelly.isOn, true);
    const { code, out, err } = await home.command('load', 'safe');
    assert.is(code, 0, err);
    assert.is(out, 'loads.boiler is off, its safe state\nbattery is automatic, its safe state\n');
    assert.is(shelly.isOn, false);
    assert.is(shelly.timerSeconds, null);
  }));

test('after kill -9 a coil is still on, and load safe turns it off', () =>
  withHouse('coil', async ({ home, agent }) => {
    await until('the boiler is on', () => isBoilerOn(home));
    agent.kill('SIGKILL');
    await agent.ended;
    assert.is(isBoilerOn(home), true);
    const { code, err } = await home.command('load', 'safe');
    assert.is(code, 0, err);
    assert.is(isBoilerOn(home), false);
  }));

test('on SIGTERM the agent itself ends safe, and load safe finds nothing to do', () =>
  withHouse('http', async ({ home, shelly, agent }) => {
    await until('the boiler is on', () => shelly.isOn);
    const { code } = await agent.stop();
    assert.is(code, 0);
    assert.is(shelly.isOn, false);
    assert.is(shelly.timerSeconds, null);
    assert.is((await home.command('load', 'safe')).code, 0);
    assert.is(shelly.isOn, false);
  }));

test('while the agent runs, load safe refuses, but for --force', () =>
  withHouse('http', async ({ home, shelly }) => {
    await until('the boiler is on', () => shelly.isOn);
    const { code, err, out } = await home.command('load', 'safe');
    assert.is(code, 7);
    assert.match(err, 'the agent runs and holds the devices');
    assert.is(out, '');
    assert.is(shelly.isOn, true);
    assert.is((await home.command('load', 'safe', '--force')).code, 0);
    assert.is(shelly.isOn, false);
  }));

test('a device that is silent is told, and keeps no other from being safe', () =>
  withHouse('http', async ({ home, shelly, agent }) => {
    await until('the boiler is on', () => shelly.isOn);
    agent.kill('SIGKILL');
    await agent.ended;
    await home.emulated.close();
    const { code, out } = await home.command('load', 'safe', '--json');
    assert.is(code, 5);
    const { ok, data } = JSON.parse(out);
    assert.is(ok, false);
    const [boiler, battery] = data.devices;
    assert.equal(boiler, { name: 'loads.boiler', safe: 'off', problem: null });
    assert.is(battery.name, 'battery');
    assert.type(battery.problem, 'string');
    assert.is(shelly.isOn, false);
  }));

test('load safe needs the settings and the devices alone, and makes no file', () =>
  withHouse('coil', async ({ home, agent }) => {
    await until('the boiler is on', () => isBoilerOn(home));
    agent.kill('SIGKILL');
    await agent.ended;
    const bare = join(home.folder, 'bare');
    mkdirSync(bare);
    copyFileSync(home.config, join(bare, 'agent.toml'));
    const ended = await run(AGENT, 'load', 'safe', '--config', join(bare, 'agent.toml'));
    assert.is(ended.code, 0, ended.err);
    assert.is(isBoilerOn(home), false);
    assert.equal(readdirSync(bare), ['agent.toml']);
  }));

/** What a test by killing needs of the house. */
const killing = ({ shelly, agent }: RelayHouse) => ({
  safeOn: false,
  leaveSafe: () => until('the boiler is on', () => shelly.isOn).then(() => undefined),
  look: async () => shelly.isOn,
  kill: () => agent.kill('SIGKILL'),
  timer: TIMER,
});

test('a test by killing passes where the end of the agent makes the load safe', () =>
  withHouse('http', async (house) => {
    // As systemd does with ExecStopPost.
    const after = house.agent.ended.then(() => house.home.command('load', 'safe'));
    const result = await testByKilling({ ...killing(house), withinMs: 60_000 });
    assert.is(result.outcome, 'safe', JSON.stringify(result));
    assert.is((await after).code, 0);
  }));

test('a test by killing fails where nothing does', () =>
  withHouse('http', async (house) => {
    const result = await testByKilling({ ...killing(house), withinMs: 1_000 });
    assert.equal(result, { outcome: 'not-safe', lastOn: true });
    assert.is((await house.home.command('load', 'safe')).code, 0);
  }));

test.run();
