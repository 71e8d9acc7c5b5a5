/** The DSO as a real process: killed at any moment, stopped politely, asked by other commands. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SigningKey, Wallet } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { depositFinancialCall } from '../../chain/calls.ts';
import { askingOutbox } from '../../chain/outbox.ts';
import { OUTBOX_DAYS_SQL, OUTBOX_SQL, SqlOutboxStore } from '../../chain/outbox-store.ts';
import { MarketReads } from '../../chain/reads.ts';
import { JsonRpc } from '../../chain/rpc.ts';
import { clearTransport } from '../../host/http-transport.ts';
import { TransportError } from '../../host/ports.ts';
import { openSql } from '../../host/sqlite.ts';
import { systemClock } from '../../host/system-clock.ts';
import { domainOf } from '../../market/grid-json.ts';
import { openAnswer, PATHS, parseWithdrawalAnswer } from '../../market/messages-json.ts';
import type { MeterSummary } from '../../operator/books/meters.ts';
import { freePort } from '../../testbed/free-port.ts';
import { laxPolicy } from '../chain/lax-policy.ts';
import { makeMeter, makeWithdrawal, operatorToml, startUtility } from '../operator/world.ts';

const test = suite('dso process');

const MAIN = fileURLToPath(new URL('../../operator/main.ts', import.meta.url));
const METERS = 3;
const WITHDRAWALS = 24;
const KILLS = 6;
const AMOUNT = 1_000_000n;
const DEPOSIT = 250_000n;
const OPENING = 50_000_000n;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** DSOs as child processes. */
function processes(config: string) {
  const children = new Set<ChildProcess>();
  const start = () => {
    const child = spawn(process.execPath, [MAIN, 'dso', '--config', config], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    children.add(child);
    const ended = new Promise<number | null>((resolve) => {
      child.once('exit', (code) => {
        children.delete(child);
        resolve(code);
      });
    });
    return { child, ended, said: () => said };
  };
  const killAll = () => {
    for (const child of children) child.kill('SIGKILL');
  };
  return { start, killAll };
}

/** A deployed market with enrolled meters, and its DSO as a child process. */
async function setUp() {
  const utility = await startUtility();
  const port = await freePort();
  // The meters of these tests ask again and again, far quicker than any agent.
  const often = 'poll = "200 ms"\nrequests_per_interval = 1000000';
  const toml = operatorToml(utility.anvil.url, port).replace('poll = "200 ms"', often);
  writeFileSync(utility.config, toml);
  const run = async (...args: string[]) => {
    const ran = await utility.run(args);
    assert.is(ran.code, 0, ran.log.join('\n'));
    return ran.out;
  };
  await run('deploy');
  await run('grid', 'export');
  const grid = utility.grid();
  const terms = ['--feeder', '1', '--max-w', '11000'];
  const meters = Array.from({ length: METERS }, () => makeMeter());
  for (const meter of meters) await run('meter', 'add', meter.requestCode(grid), ...terms);

  const dsoUrl = `http://127.0.0.1:${port}`;
  const transport = clearTransport({ origins: [utility.anvil.url, dsoUrl] });
  const post = (path: string, body: string, deadlineMs = 5_000) =>
    transport.post(`${dsoUrl}${path}`, body, { identity: 'm', deadlineMs, maxBytes: 65_536 });
  const { start, killAll } = processes(utility.config);
  const untilItAnswers = async () => {
    for (let tries = 0; tries < 400; tries += 1) {
      try {
        await post('/', '');
        return;
      } catch (error) {
        if (!(error instanceof TransportError)) throw error;
        await pause(25);
      }
    }
    throw new Error('the DSO does not answer');
  };
  const books = async () => JSON.parse((await run('meter', 'list', '--json'))[0] ?? '[]');
  return {
    ...{ utility, grid, meters, run, terms, transport, post, start, untilItAnswers },
    books: books as () => Promise<
      (Omit<MeterSummary, 'balanceMicro'> & { balanceMicro: string })[]
    >,
    async close() {
      killAll();
      transport.close();
      await utility.close();
    },
  };
}
type World = Awaited<ReturnType<typeof setUp>>;

/** Asks until the withdrawal is granted, through every failure, as an agent does. */
async function untilGranted(world: World, at: number, seen: Set<string>) {
  const meter = world.meters[at % METERS];
  assert.ok(meter);
  const wish = makeWithdrawal(meter, world.grid, { amountMicro: AMOUNT });
  const { requestId } = wish.withdrawal;
  const { facts } = world.grid;
  for (let tries = 0; tries < 1_000; tries += 1) {
    try {
      const { status, body } = await world.post(PATHS.withdrawals, wish.body, 2_000);
      if (status === 200) {
        const text = openAnswer(domainOf(facts), requestId, body, facts.dso.address);
        const answer = parseWithdrawalAnswer(text);
        seen.add(answer.state);
        if (answer.state === 'granted') return wish;
        assert.is(answer.state, 'accepted', JSON.stringify(answer));
      }
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      seen.add('lost');
    }
    await pause(40);
  }
  throw new Error(`request ${requestId} was never granted`);
}

/** Deposits from granted addresses, as agents do when their offers are over. */
function depositor(world: World) {
  const { anvil } = world.utility;
  const clock = systemClock();
  const { transport } = world;
  const rpc = new JsonRpc({ urls: [anvil.url], transport, identity: 'deposits', clock });
  const sql = openSql(':memory:', { migrations: [OUTBOX_SQL, OUTBOX_DAYS_SQL] });
  const { chainId, finality, contracts } = world.grid.facts;
  const store = new SqlOutboxStore(sql);
  const outbox = askingOutbox({
    store,
    rpcFor: () => rpc,
    chainId,
    finality,
    clock,
    policy: laxPolicy,
  });
  return {
    reads: new MarketReads(rpc, contracts),
    async deposit(addressKey: string) {
      store.seedNonce(new Wallet(addressKey).address, 0);
      outbox.enqueue(new SigningKey(addressKey), depositFinancialCall(contracts, DEPOSIT));
      await outbox.flush(new AbortController().signal);
    },
  };
}

/** Beside the running DSO; waits until nothing is under way. */
async function auditOf(world: World) {
  for (let tries = 0; tries < 100; tries += 1) {
    const { findings, withdrawals, underWay } = JSON.parse(
      (await world.run('audit', '--json'))[0] ?? '{}',
    );
    const waiting = Object.values<number>(underWay).reduce((sum, count) => sum + count, 0);
    if (waiting === 0) return { findings, withdrawals };
    await pause(50);
  }
  throw new Error('the books do not come to rest');
}

test('killed again and again, it grants and credits everything once', async () => {
  const world = await setUp();
  try {
    const { reads, deposit } = depositor(world);
    const seen = new Set<string>();
    let dso = world.start();
    await world.untilItAnswers();
    const clients = Array.from({ length: WITHDRAWALS }, async (_, at) => {
      await pause(at * 120);
      const wish = await untilGranted(world, at, seen);
      await deposit(wish.addressKey);
      return wish;
    });
    const killer = (async () => {
      for (let kills = 0; kills < KILLS; kills += 1) {
        await world.untilItAnswers();
        await pause(20 + 90 * kills);
        dso.child.kill('SIGKILL');
        await dso.ended;
        dso = world.start();
      }
    })();
    const wishes = await Promise.all(clients);
    await killer;
    await world.untilItAnswers();
    for (const { withdrawal } of wishes) {
      assert.is(await reads.balanceMicro(withdrawal.address), AMOUNT - DEPOSIT);
    }
    assert.is(await reads.assetCount(), WITHDRAWALS);
    const expected = (AMOUNT - DEPOSIT) * BigInt(WITHDRAWALS);
    const missing = async () => {
      const balances = (await world.books()).map(({ balanceMicro }) => BigInt(balanceMicro));
      return OPENING * BigInt(METERS) - balances.reduce((sum, each) => sum + each, 0n);
    };
    for (let tries = 0; tries < 100 && (await missing()) !== expected; tries += 1) await pause(50);
    assert.is(await missing(), expected);
    await pause(500);
    assert.is(await missing(), expected);
    assert.equal(await auditOf(world), { findings: [], withdrawals: WITHDRAWALS });
    // Kills did fall into the middle of things.
    assert.ok(seen.has('lost') && seen.has('accepted'), [...seen].join());
  } finally {
    await world.close();
  }
});

test('meters are added and suspended while it runs, and it ends politely', async () => {
  const world = await setUp();
  try {
    const dso = world.start();
    await world.untilItAnswers();
    const late = makeMeter();
    const code = late.requestCode(world.grid);
    const [said] = await world.run('meter', 'add', code, ...world.terms);
    assert.is(said, `${late.meterId} is enrolled on feeder 1 with 11000 W`);
    await world.run('meter', 'add', code, ...world.terms);
    const wrong = await world.utility.run(['meter', 'add', code, '--feeder', '2', '--max-w', '9']);
    assert.is(wrong.code, 1);
    assert.match(wrong.log.at(-1) ?? '', 'is enrolled already, on feeder 1');
    world.meters.splice(0, METERS, late, late, late);
    await untilGranted(world, 0, new Set());
    await world.run('meter', 'suspend', late.meterId);
    const listed = (await world.books()).find(({ meterId }) => meterId === late.meterId);
    assert.equal([listed?.suspended, listed?.openGrants], [true, 1]);

    const second = world.start();
    assert.is(await second.ended, 1);
    assert.match(second.said(), 'another DSO runs already');
    dso.child.kill('SIGTERM');
    assert.is(await dso.ended, 0);
    await world.run('meter', 'resume', late.meterId);
  } finally {
    await world.close();
  }
});

async function answerTo(world: World, feeder = 1) {
  const [meter] = world.meters;
  assert.ok(meter);
  const wish = makeWithdrawal(meter, world.grid, { feeder });
  const { body } = await world.post(PATHS.withdrawals, wish.body);
  const { facts } = world.grid;
  const text = openAnswer(domainOf(facts), wish.withdrawal.requestId, body, facts.dso.address);
  const answer = parseWithdrawalAnswer(text);
  return answer.state === 'failed' ? answer.code : answer.state;
}

test('paused, limited and suspended by commands, while it runs and while it does not', async () => {
  const world = await setUp();
  try {
    const { anvil } = world.utility;
    const clock = systemClock();
    const rpc = new JsonRpc({
      ...{ urls: [anvil.url], transport: world.transport, identity: 'looks', clock },
    });
    const reads = new MarketReads(rpc, world.grid.facts.contracts);
    let dso = world.start();
    await world.untilItAnswers();
    await untilGranted(world, 0, new Set());
    const [paused] = await world.run('pause', '--reason', 'a transformer burns');
    assert.match(paused ?? '', 'the candidate that stands becomes final as usual');
    assert.ok(await reads.isPaused());
    assert.is(await answerTo(world), 'paused');
    dso.child.kill('SIGKILL');
    await dso.ended;
    dso = world.start();
    await world.untilItAnswers();
    assert.is(await answerTo(world), 'paused');
    const refused = await world.utility.run(['rewards', 'fund', '1']);
    assert.is(refused.code, 1);
    assert.match(refused.log.at(-1) ?? '', 'the market is paused and makes no money');
    assert.match((await world.run('limit', 'list'))[0] ?? '', 'paused: a transformer burns');

    const { calendar } = world.grid.facts;
    const later = Math.floor(Date.now() / 1000) + 30 * calendar.intervalSeconds;
    const isoOf = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 19);
    const span = [`${isoOf(later)}Z`, `${isoOf(later + 3_600)}+00:00`];
    const [set] = await world.run('limit', '1', '5 kW', ...span);
    assert.match(set ?? '', 'limit 1: feeder 1 is held from');
    const soon = await world.utility.run(['limit', '1', '4000', '1', '2']);
    assert.is(soon.code, 1);
    assert.match(soon.log.at(-1) ?? '', 'transax-operator suspend 1 1');
    const listed = JSON.parse((await world.run('limit', 'list', '--json'))[0] ?? '{}');
    assert.equal([listed.limits.length, listed.limits[0].state], [1, 'planned']);
    await world.run('limit', 'remove', '1');
    const now = Math.floor(Date.now() / 1000 / calendar.intervalSeconds);
    const [voided] = await world.run('suspend', '2', String(now + 2), String(now + 3));
    assert.match(voided ?? '', 'feeder 2 is suspended');

    dso.child.kill('SIGTERM');
    assert.is(await dso.ended, 0);
    await world.run('resume');
    assert.not(await reads.isPaused());
    dso = world.start();
    await world.untilItAnswers();
    // Until it has read the log, it goes by what the books say.
    while ((await answerTo(world)) === 'paused') await pause(50);
    await untilGranted(world, 1, new Set());
    assert.equal((await auditOf(world)).findings, []);
  } finally {
    await world.close();
  }
});

test('a port in use is told in one clear line', async () => {
  const world = await setUp();
  const text = readFileSync(world.utility.config, 'utf8');
  const port = Number(/listen = "127.0.0.1:(\d+)"/.exec(text)?.[1]);
  const squatter = createServer().listen(port, '127.0.0.1');
  try {
    const dso = world.start();
    assert.is(await dso.ended, 1);
    const errors = dso
      .said()
      .split('\n')
      .filter((line) => line.includes('error'));
    assert.is(errors.length, 1);
    assert.match(errors[0] ?? '', /\[dso\] listen: the port is in use by another process/);
    assert.ok(join(world.utility.folder, 'books.db'));
  } finally {
    squatter.close();
    await world.close();
  }
});

test.run();
