/** Paying solvers, as the operator's commands do it, on a real chain. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Wallet } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MarketReads } from '../../chain/reads.ts';
import { JsonRpc } from '../../chain/rpc.ts';
import { clearTransport } from '../../host/http-transport.ts';
import { systemClock } from '../../host/system-clock.ts';
import { runCommand } from '../../operator/cli/commands.ts';
import { freePort } from '../../testbed/free-port.ts';
import { until } from '../system/processes.ts';
import { commandHost, operatorToml, startUtility } from './world.ts';

const test = suite('rewards');

const STRANGER = Wallet.createRandom().address;
const PAYOUT = Wallet.createRandom().address;

/** A deployed market that pays solvers. @param more settings at the end of the file */
async function deployed(more = '') {
  const utility = await startUtility();
  const { url } = utility.anvil;
  const toml = operatorToml(url, await freePort(), more);
  const rules = '[solver]\nreward = "0.01 /kWh"\nstake = "2"';
  writeFileSync(utility.config, toml.replace('[solver]', rules));
  const run = async (...args: string[]) => {
    const { code, out, log } = await utility.run(args);
    assert.is(code, 0, log.join('\n'));
    return out;
  };
  await run('deploy');
  await run('grid', 'export');
  const transport = clearTransport({ origins: [url] });
  const rpc = new JsonRpc({ urls: [url], transport, identity: 't', clock: systemClock() });
  const reads = new MarketReads(rpc, utility.grid().facts.contracts);
  const show = async () => JSON.parse((await run('rewards', 'show', '--json'))[0] ?? '{}');
  const close = async () => {
    transport.close();
    await utility.close();
  };
  return { utility, run, reads, show, close };
}
type World = Awaited<ReturnType<typeof deployed>>;

/** The DSO in this process, until it is told to end. */
async function startDso({ utility }: World) {
  const stop = new AbortController();
  const { host, log, close } = commandHost(stop.signal);
  const ended = runCommand(['dso', '--config', utility.config], host, (path) => path);
  await until('the DSO answers', () => log.includes('the DSO answers'));
  return async () => {
    stop.abort();
    await ended;
    close();
    return log;
  };
}

test('the pot is filled, also while the DSO runs, and with what the DSO holds first', async () => {
  const world = await deployed();
  try {
    const { run, reads, show, utility } = world;
    assert.equal(await run('rewards', 'fund', '12.5'), ['12.500000 went into the reward pot']);
    assert.equal(await show(), { potMicro: '12500000', rewardMicroPerKwh: 10_000, solvers: [] });
    const stopDso = await startDso(world);
    await run('rewards', 'fund', '0.5');
    await stopDso();
    assert.is(await reads.rewardPotMicro(), 13_000_000n);
    const { dso } = utility.grid().facts;
    assert.is(await reads.balanceMicro(dso.address), 0n, 'nothing is left with the DSO');
    assert.equal(await run('rewards', 'show'), ['pot  13.000000']);
    // As if an earlier attempt had been cut off between its two transactions.
    await run('solver', 'admit', dso.address, '--stake', '3');
    await run('rewards', 'fund', '5');
    assert.is(await reads.rewardPotMicro(), 18_000_000n);
    assert.is(await reads.balanceMicro(dso.address), 0n, 'it was used first');
  } finally {
    await world.close();
  }
});

test('a funding beyond the daily cap is refused whole, and says why', async () => {
  const world = await deployed('[caps]\nmoney_per_day = "10"');
  try {
    const { utility, run, reads } = world;
    for (const stop of [null, await startDso(world)]) {
      const { code, log } = await utility.run(['rewards', 'fund', '11']);
      await stop?.();
      assert.is(code, 1);
      assert.match(log.at(-1) ?? '', /the chain refused addFinancialBalance: MoneyCapExceeded/);
    }
    assert.is(await reads.rewardPotMicro(), 0n);
    await run('rewards', 'fund', '5');
    assert.is(await reads.rewardPotMicro(), 5_000_000n);
  } finally {
    await world.close();
  }
});

test('another solver gets its stake once, and its payout account can hold money', async () => {
  const world = await deployed();
  try {
    const { run, reads, utility } = world;
    const matching = utility.grid().facts.contracts.matching.toLowerCase();
    await run('solver', 'admit', STRANGER);
    await run('solver', 'admit', STRANGER.toLowerCase());
    assert.is(await reads.balanceMicro(STRANGER), 2_000_000n);
    assert.is(await reads.marketOf(PAYOUT), null);
    const stopDso = await startDso(world);
    await run('solver', 'admit', STRANGER, '--payout', PAYOUT);
    const second = Wallet.createRandom().address;
    await run('solver', 'admit', second, '--stake', '7');
    await stopDso();
    assert.is(await reads.balanceMicro(second), 7_000_000n);
    assert.is(await reads.balanceMicro(STRANGER), 2_000_000n);
    assert.is(await reads.marketOf(PAYOUT), matching);
  } finally {
    await world.close();
  }
});

test('the DSO admits the payout account of its own solver by itself', async () => {
  const world = await deployed();
  try {
    const { utility, reads } = world;
    const toml = operatorToml(utility.anvil.url, await freePort());
    writeFileSync(utility.config, toml.replace('[solver]', `[solver]\npayout = "${PAYOUT}"`));
    const stopDso = await startDso(world);
    await until('the account can hold money', () => reads.marketOf(PAYOUT));
    assert.not.ok((await stopDso()).some((line) => /refused/.test(line)));
    assert.is(await reads.balanceMicro(PAYOUT), 1n);
  } finally {
    await world.close();
  }
});

test('what cannot be is told in one clear line', async () => {
  const world = await deployed();
  try {
    const { utility, run } = world;
    const cases: [string[], number, RegExp][] = [
      [['rewards', 'fund'], 2, /needs an amount/],
      [['rewards', 'fund', '0'], 2, /must be above 0/],
      [['rewards', 'fund', '5 EUR'], 2, /"5 EUR"/],
      [['solver', 'admit'], 2, /needs the address/],
      [['solver', 'admit', '0x12'], 2, /"0x12" is not an address/],
      [['solver', 'claim', '--to', STRANGER.slice(1)], 2, /--to: .* is not an address/],
      [['solver', 'admit', STRANGER, '--stake', '1.9'], 1, /the least is 2.000000/],
      [['solver', 'claim', '--to', PAYOUT], 1, /cannot hold money of this market: the DSO has to/],
      [['solver', 'claim'], 1, /cannot hold money of this market/],
    ];
    for (const [args, expected, words] of cases) {
      const { code, log } = await utility.run(args);
      assert.is(code, expected, args.join(' '));
      assert.match(log.at(-1) ?? '', words);
    }
    await run('solver', 'admit', STRANGER);
    assert.equal(await run('solver', 'claim', '--to', STRANGER), ['there is nothing to collect']);
    const held = commandHost(new AbortController().signal).host.openSql;
    const sql = held(join(utility.folder, 'solver.db'), {});
    const { code, log } = await utility.run(['solver', 'claim', '--to', STRANGER]);
    sql.close();
    assert.is(code, 1);
    assert.match(log.at(-1) ?? '', /solver.db is in use: the solver runs; it collects by itself/);
  } finally {
    await world.close();
  }
});

test.run();
