/** Books that lag behind the chain: what was granted since is claimed, and nothing doubled. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { hexlify, SigningKey, Transaction } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addFinancialBalanceCall, type Call, depositFinancialCall } from '../../chain/calls.ts';
import { readKeyFile } from '../../host/key-file.ts';
import { intervalAt } from '../../market/intervals.ts';
import { RESTORED } from '../../operator/books/restored.ts';
import { setUpDso } from './dso-world.ts';
import { assetAt } from './world.ts';

const test = suite('operator: claims');
const MICRO = 1_000_000n;

/** A market whose books went back to before a grant. */
async function restored(world: Awaited<ReturnType<typeof setUpDso>>) {
  const { books, sql, facts, clock, outbox } = world;
  const dso = world.begin();
  await world.round(dso);
  await world.sign(dso);
  await world.round(dso);
  const interval = intervalAt(facts.calendar, clock.now() / 1000);
  const block = Number(books.facts.get('followed block'));
  const copy = join(world.utility.folder, 'backup.db');
  sql.run('VACUUM INTO ?', copy);
  // Granted after the backup, partly given back.
  const assets = [assetAt(interval + 4, { maxPowerW: 9_000 })];
  const wish = world.wish({ amountMicro: 5n * MICRO, assets });
  await world.withdraw(dso, wish);
  await world.sign(dso);
  await world.round(dso);
  await world.sendFrom(wish.addressKey, depositFinancialCall(facts.contracts, MICRO));
  await world.round(dso);
  assert.is(world.balance(), 46n * MICRO);
  const nonce = outbox.store.nextNonce(facts.dso.address) ?? 0;
  const lost = world.reopen(() => copyFileSync(copy, join(world.utility.folder, 'books.db')));
  lost.books.facts.set(RESTORED, String(block));
  return { lost, wish, nonce, interval };
}

/** Beside the open books. */
async function auditOf(world: Awaited<ReturnType<typeof setUpDso>>) {
  const { out, log } = await world.utility.run(['audit', '--json']);
  assert.is(out.length, 1, log.join('; '));
  const { findings, underWay } = JSON.parse(out[0] ?? '');
  return { findings, unclaimed: underWay.unclaimed };
}

test("a foreign grant raises the alarm, and is nobody's to claim", async () => {
  const world = await setUpDso();
  try {
    const { facts, books, utility } = world;
    const dso = world.begin();
    await world.round(dso);
    await world.sign(dso);
    await world.round(dso);
    const now = intervalAt(facts.calendar, world.clock.now() / 1000);
    assert.is(books.strays.summary(now).addresses, 0, 'the solver is not foreign');
    const theft = world.wish({ assets: [], amountMicro: 9n * MICRO });
    const { contracts } = facts;
    const { address } = theft.withdrawal;
    const stolen = hexlify(readKeyFile(join(utility.folder, 'dso.key')));
    const call = addFinancialBalanceCall(contracts, address, contracts.matching, 9n * MICRO);
    await thiefSends(world, stolen, call);
    await world.round(dso);
    assert.equal(books.strays.summary(now).grantedMicro, 9n * MICRO);
    const answer = await world.withdraw(dso, theft);
    assert.is(answer.state, 'accepted', 'a request like any other: it claims nothing');
    assert.equal(books.strays.summary(now).grantedMicro, 9n * MICRO);
    assert.is(world.balance(), 41n * MICRO);
  } finally {
    await world.close();
  }
});

/** With the DSO's key, past its outbox. */
async function thiefSends(
  { rpc, facts }: Awaited<ReturnType<typeof setUpDso>>,
  key: string,
  call: Call,
): Promise<void> {
  const transaction = Transaction.from({
    ...{ type: 2, chainId: facts.chainId, to: call.to, data: call.data, gasLimit: call.gasLimit },
    ...{ maxFeePerGas: 0, maxPriorityFeePerGas: 0 },
    nonce: await rpc.nonce(facts.dso.address, 'latest'),
  });
  transaction.signature = new SigningKey(key).sign(transaction.unsignedHash);
  const hash = await rpc.sendRaw(transaction.serialized);
  assert.is((await rpc.receipt(hash))?.isSuccess, true);
}

test('after a restore meters claim what they were granted, and all of it is booked', async () => {
  const world = await setUpDso();
  try {
    const { facts } = world;
    const { lost, wish, nonce, interval } = await restored(world);
    const dso = lost.begin();
    await lost.round(dso);
    assert.is(lost.balance(), 50n * MICRO, 'the books do not know it');
    assert.is(lost.outbox.store.nextNonce(facts.dso.address), nonce, 'the chain does');
    assert.equal(lost.books.strays.summary(interval), {
      addresses: 1,
      grantedMicro: 5n * MICRO,
      depositedMicro: MICRO,
      openAssets: 1,
    });
    assert.equal(await auditOf(world), { findings: [], unclaimed: 1 });
    const fresh = lost.wish();
    try {
      await lost.withdraw(dso, fresh);
      assert.unreachable('nothing is decided while grants are open that nobody claimed');
    } catch (error) {
      assert.match(String(error), 'recovering');
    }
    // Somebody else's request for that address, or another amount, is not it.
    const other = lost.wish({ addressKey: wish.addressKey, amountMicro: MICRO });
    await lost.withdraw(dso, other).then(
      () => assert.unreachable(),
      () => undefined,
    );
    const answer = await lost.withdraw(dso, wish);
    assert.is(answer.state, 'granted');
    assert.equal(await lost.withdraw(dso, wish), answer, 'repeatable');
    assert.is(lost.balance(), 46n * MICRO);
    assert.is(lost.books.strays.summary(interval).addresses, 0);
    await lost.round(dso);
    assert.is(lost.books.facts.get(RESTORED), null);
    assert.equal(await auditOf(world), { findings: [], unclaimed: 0 });
    const tooMuch = lost.wish({ assets: [assetAt(interval + 4, { maxPowerW: 3_000 })] });
    const refused = await lost.withdraw(dso, tooMuch);
    assert.is(refused.state === 'failed' && refused.code, 'power-limit', 'its power counts again');
    await lost.withdraw(dso, fresh);
    await lost.sign(dso);
    assert.is((lost.outbox.store.nextNonce(facts.dso.address) ?? 0) > nonce, true);
    await lost.round(dso);
  } finally {
    await world.close();
  }
});

test.run();
