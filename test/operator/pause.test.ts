/** The market's pause on a real chain: ordered by the DSO's key, or by the owner. */
import { join } from 'node:path';
import { hexlify } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { depositFinancialCall, pauseCall, resumeCall } from '../../chain/calls.ts';
import { readKeyFile } from '../../host/key-file.ts';
import type { WithdrawalAnswer } from '../../market/messages-json.ts';
import { Granting } from '../../operator/dso/granting.ts';
import { type Order, OrderError, signOrder } from '../../operator/dso/orders.ts';
import { setUpDso } from './dso-world.ts';

const test = suite('operator: pause');

const told = (answer: WithdrawalAnswer) =>
  answer.state === 'failed' ? `${answer.code}: ${answer.sentence}` : answer.state;
const SAID = 'paused: the utility has paused the market: a fire';

async function setUp() {
  const world = await setUpDso();
  const key = readKeyFile(join(world.utility.folder, 'dso.key'));
  const { books, outbox, facts } = world;
  const order = (given: Order) =>
    signOrder(given, { books, outbox, contracts: facts.contracts, key });
  return { ...world, order };
}

test('what was accepted and not signed is refused, and its money goes back', async () => {
  const world = await setUp();
  try {
    const dso = world.begin();
    await world.round(dso);
    const granted = world.wish({ amountMicro: 1_000_000n });
    await world.withdraw(dso, granted);
    await world.sign(dso);
    const waiting = world.wish({ amountMicro: 2_000_000n });
    assert.is(told(await world.withdraw(dso, waiting)), 'accepted');
    world.order({ kind: 'pause', id: '1', reason: 'a fire' });
    const late = world.wish();
    assert.is(told(await world.withdraw(dso, late)), SAID, 'at once, before the chain knows');
    await world.sign(dso);
    await world.round(dso);
    assert.is(told(await world.withdraw(dso, waiting)), SAID);
    assert.is(world.balance(), 49_000_000n);
    assert.is(await world.reads.assetCount(), 1);

    // A restart forgets nothing, and what is out comes back as ever.
    const after = world.begin();
    assert.is(told(await world.withdraw(after, world.wish())), SAID);
    assert.is(told(await world.withdraw(after, late)), SAID);
    const { contracts } = world.facts;
    await world.sendFrom(granted.addressKey, depositFinancialCall(contracts, 1_000_000n));
    await world.round(after);
    assert.is(world.balance(), 50_000_000n);
    const stake: Order = { kind: 'admit', solver: world.solver, stakeMicro: 1n, payout: null };
    assert.throws(
      () => world.order(stake),
      (error: Error) => error instanceof OrderError && error.code === 'paused',
    );

    world.order({ kind: 'resume', id: '2' });
    assert.is(told(await world.withdraw(after, world.wish())), SAID, 'until the log says so');
    await world.sign(after);
    await world.round(after);
    const next = world.wish();
    assert.is(told(await world.withdraw(after, next)), 'accepted');
    assert.is(told(await world.withdraw(after, late)), SAID, 'a refusal stays one');
    await world.sign(after);
    await world.round(after);
    assert.is(told(await world.withdraw(after, next)), 'granted');
  } finally {
    await world.close();
  }
});

test('a pause by the owner is learned from the log, and a grant under way fails so', async () => {
  const world = await setUp();
  try {
    const dso = world.begin();
    await world.round(dso);
    const owner = hexlify(readKeyFile(join(world.utility.folder, 'owner.key')));
    const { microgrid } = world.facts.contracts;
    const early = world.wish({ amountMicro: 2_000_000n });
    assert.is(told(await world.withdraw(dso, early)), 'accepted');
    await world.sendFrom(owner, pauseCall(microgrid, ''));
    // Signed before the log was read: the contract refuses it.
    world.clock.nowMs += 1_000;
    const key = readKeyFile(join(world.utility.folder, 'dso.key'));
    const ports = { books: world.books, outbox: world.outbox, grid: world.facts, key };
    assert.is(new Granting({ ...ports, gatherMs: 0, clock: world.clock }).signDue(), 1);
    await world.round(dso);
    await world.round(dso);
    const said = 'paused: the contract refused the grant: GridPaused()';
    assert.is(told(await world.withdraw(dso, early)), said);
    assert.is(world.balance(), 50_000_000n);
    const late = told(await world.withdraw(dso, world.wish()));
    assert.is(late, 'paused: the utility has paused the market');
    await world.sendFrom(owner, resumeCall(microgrid));
    await world.round(dso);
    assert.is(told(await world.withdraw(dso, world.wish())), 'accepted');
  } finally {
    await world.close();
  }
});

test.run();
