/** A DSO over a real chain, driven round by round, without its HTTP server. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SigningKey, Wallet } from 'ethers';
import * as assert from 'uvu/assert';
import type { Call } from '../../chain/calls.ts';
import { LogFollower } from '../../chain/follower.ts';
import { askingOutbox } from '../../chain/outbox.ts';
import { SqlOutboxStore } from '../../chain/outbox-store.ts';
import { MarketReads } from '../../chain/reads.ts';
import { JsonRpc } from '../../chain/rpc.ts';
import { clearTransport } from '../../host/http-transport.ts';
import { readKeyFile } from '../../host/key-file.ts';
import { openSql } from '../../host/sqlite.ts';
import { systemClock } from '../../host/system-clock.ts';
import type { GridFacts } from '../../market/grid.ts';
import { domainOf } from '../../market/grid-json.ts';
import { openAnswer, PATHS, parseWithdrawalAnswer } from '../../market/messages-json.ts';
import { Books } from '../../operator/books/books.ts';
import { BOOKS_MIGRATIONS } from '../../operator/books/schema.ts';
import { firstBlockToRead } from '../../operator/dso/log-keeper.ts';
import { Dso, type DsoPorts } from '../../operator/dso/service.ts';
import { laxPolicy } from '../chain/lax-policy.ts';
import { stillClock } from '../chain/scripted-transport.ts';
import { untilSettled } from '../chain/until-settled.ts';
import {
  makeMeter,
  makeWithdrawal,
  operatorToml,
  startUtility,
  type TestMeter,
  type WithdrawalWish,
} from './world.ts';

/** A deployed market with one enrolled meter. @param more settings of the operator besides */
async function deployed(more: string) {
  const utility = await startUtility();
  writeFileSync(utility.config, operatorToml(utility.anvil.url, 0, more));
  const run = async (...command: string[]) => {
    const { code, log } = await utility.run(command);
    assert.is(code, 0, log.join('\n'));
  };
  await run('deploy');
  await run('grid', 'export');
  const grid = utility.grid();
  const meter = makeMeter();
  await run('meter', 'add', meter.requestCode(grid), '--feeder', '1', '--max-w', '11000');
  const aheadMs = aheadOf(grid.facts.calendar.intervalSeconds * 1000);
  if (aheadMs > 0) await utility.anvil.call('evm_increaseTime', [aheadMs / 1000]);
  return { utility, grid, meter, aheadMs };
}

/** No test of a few seconds may run over the end of an interval: what it expects would be late. */
const ENOUGH_MS = 60_000;

/** How far this market's time is ahead: into the next interval where this one soon ends. */
function aheadOf(intervalMs: number): number {
  const leftMs = intervalMs - (Date.now() % intervalMs);
  return leftMs < ENOUGH_MS ? Math.ceil(leftMs / 1000 + 1) * 1000 : 0;
}

type Utility = Awaited<ReturnType<typeof startUtility>>;

/** Books, outbox and clock of a DSO that is driven round by round. */
function openParts(
  { anvil: { url }, folder }: Utility,
  { chainId, finality }: GridFacts,
  aheadMs: number,
) {
  const transport = clearTransport({ origins: [url] });
  let stop = new AbortController();
  const clock = {
    ...stillClock(Date.now() + aheadMs),
    delay: systemClock().delay,
    pacer: () => ({ until: async () => stop.abort(), close() {} }),
  };
  const rpc = new JsonRpc({ urls: [url], transport, identity: 'dso', clock });
  const sql = openSql(join(folder, 'books.db'), { migrations: BOOKS_MIGRATIONS });
  const store = new SqlOutboxStore(sql);
  const outbox = askingOutbox({
    store,
    rpcFor: () => rpc,
    chainId,
    finality,
    clock,
    policy: laxPolicy,
  });
  /** One round of the DSO's loop. */
  const round = async (dso: Dso) => {
    stop = new AbortController();
    await dso.run(stop.signal);
  };
  const close = () => {
    transport.close();
    sql.close();
  };
  return { clock, rpc, sql, books: new Books(sql), outbox, round, close };
}

/** Asks as a meter does: the answer is opened with the DSO's key. */
async function post(dso: Dso, facts: GridFacts, path: string, body: string, requestId: string) {
  const query = new URLSearchParams();
  const { signal } = new AbortController();
  const answer = await dso.handle({ method: 'POST', path, query, body, signal });
  assert.is(answer.status, 200, String(answer.body));
  return openAnswer(domainOf(facts), requestId, String(answer.body), facts.dso.address);
}

const POLL_MS = 1_000;

export async function setUpDso(more = '') {
  const market = await deployed(more);
  const solver = Wallet.createRandom().address;
  const world = openDso(market, solver);
  return {
    ...world,
    /** The same market with what was made of the books meanwhile; this world is over. */
    reopen(change: () => void) {
      world.closeBooks();
      change();
      return openDso(market, solver);
    },
  };
}

function openDso(market: Awaited<ReturnType<typeof deployed>>, solver: string) {
  const { utility, grid, meter, aheadMs } = market;
  const { facts } = grid;
  const { chainId, contracts, finality, deployedAtBlock } = facts;
  const parts = openParts(utility, facts, aheadMs);
  const { books, outbox, rpc, clock } = parts;
  const warned: string[] = [];
  const log = { info() {}, warn: (text: string) => warned.push(text), error() {} };

  /** A DSO that goes on from the books, as after a restart. */
  const begin = (
    fromBlock = firstBlockToRead(books, deployedAtBlock),
    more: Partial<Pick<DsoPorts, 'clock' | 'pollMs'>> = {},
  ) => {
    const feed = new LogFollower({ rpc, chainId, contracts, fromBlock, finality, log });
    const key = readKeyFile(join(utility.folder, 'dso.key'));
    const stake = { address: solver, stakeMicro: 1_000_000n };
    const rules = { usePriceMicroPerKwh: 300_000, pollMs: POLL_MS, clock, ...more };
    return new Dso({ books, outbox, rpc, feed, grid: facts, key, solver: stake, ...rules, log });
  };
  const withdraw = async (dso: Dso, { withdrawal, body }: ReturnType<typeof makeWithdrawal>) =>
    parseWithdrawalAnswer(await post(dso, facts, PATHS.withdrawals, body, withdrawal.requestId));
  /** Lets time pass until what was accepted is signed, sent and mined. */
  const sign = async (dso: Dso) => {
    clock.nowMs += POLL_MS;
    await parts.round(dso);
    await untilSettled(outbox);
  };
  /** Sends a call from an anonymous address, as its agent would. */
  const sendFrom = async (addressKey: string, call: Call) => {
    const key = new SigningKey(addressKey);
    await outbox.seed(new Wallet(addressKey).address.toLowerCase());
    const entry = outbox.enqueue(key, call);
    const settled = await untilSettled(outbox);
    assert.is(settled.find(({ hash }) => hash === entry.hash)?.state, 'mined');
  };
  return {
    ...{ ...parts, utility, grid, facts, meter, solver, warned, begin, withdraw, sign, sendFrom },
    post: (dso: Dso, path: string, body: string, id: string) => post(dso, facts, path, body, id),
    reads: new MarketReads(rpc, contracts),
    wish: (more: WithdrawalWish = {}, who: TestMeter = meter) => makeWithdrawal(who, grid, more),
    balance: () => books.meters.find(meter.meterId)?.balanceMicro,
    closeBooks: parts.close,
    async close() {
      parts.close();
      await utility.close();
    },
  };
}
