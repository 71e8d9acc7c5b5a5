import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grant, grantArgs } from './asset-grants.ts';
import { assertConserved } from './conservation.ts';
import { closedBy, finalize, settle } from './settling.ts';
import {
  buy,
  bytesOf,
  chunk,
  postOffers,
  refusal,
  sell,
  submit,
  T,
  withOffers,
} from './trading.ts';
import { inWorld, type World } from './world.ts';

const test = suite('contracts: pause and resume');

const REASON = 'a transformer burns';
const pause = (world: World, reason = REASON) =>
  world.send(world.granter, 'microgrid', 'pause', [reason]);

test('while paused nothing is granted, neither energy nor money, and afterwards it is', () =>
  inWorld({}, async (world) => {
    const { events } = await pause(world);
    assert.equal(events[0]?.name, 'Paused');
    assert.equal(events[0]?.args.toArray(), [world.granter.address, REASON]);
    assert.equal((await world.read('microgrid', 'standing')).toArray(), [true, true]);
    const to = world.fresh();
    const { granter, address } = world;
    const money = [to.address, address.matching, 5n];
    const calls: [string, unknown[]][] = [
      ['addEnergy', grantArgs(world, to)],
      ['addFinancialBalance', money],
      ['grant', [[[...grantArgs(world, to), 5n]]]],
    ];
    for (const [method, args] of calls) {
      assert.is(await world.refused(granter, 'assets', method, args), 'GridPaused()', method);
    }
    const { events: resumed } = await world.send(world.owner, 'microgrid', 'resume');
    assert.equal(resumed[0]?.args.toArray(), [world.owner.address]);
    for (const [method, args] of calls) await world.send(granter, 'assets', method, args);
  }));

test(
  'while paused nothing becomes the candidate, whole or in parts; what stands becomes final',
  withOffers([sell({ last: T + 3 }), buy({ last: T + 3 })], async (world, o) => {
    const trades = [[o(0), o(1), 500]] as const;
    await submit(world, [chunk(T, trades)]);
    const { solver } = world;
    await world.send(solver, 'matching', 'openSolution');
    const more = [[o(0), o(1), 900]] as const;
    await world.send(solver, 'matching', 'addChunks', [2, [tuple(chunk(T, more))]]);
    await pause(world);
    assert.is(await refusal(world, [chunk(T, more)]), 'GridPaused()');
    assert.is(await world.refused(solver, 'matching', 'commitSolution', [2]), 'GridPaused()');
    const { events } = await finalize(world, T, bytesOf(trades));
    assert.equal(events[0]?.args.toArray(), [BigInt(T), solver.address, bytesOf(trades)]);
    await settle(world, T, bytesOf(trades));
    await assertConserved(world);
    await world.send(world.granter, 'microgrid', 'resume');
    await submit(world, [chunk(T + 3, trades)]);
  }),
);

test(
  'while paused offers are posted, settled, closed and deposited as ever',
  withOffers([sell(), buy()], async (world, o) => {
    const trades = [[o(0), o(1), 500]] as const;
    await submit(world, [chunk(T, trades)]);
    const owner = world.fresh();
    await grant(world, owner, { first: T, last: T });
    await pause(world);
    const left = Number(await world.read('assets', 'assetCount'));
    await world.send(owner, 'matching', 'postOffer', [left, 9_000, T, T, 500, 200_000]);
    await finalize(world, T, bytesOf(trades));
    const closed = closedBy(await settle(world, T, bytesOf(trades)));
    assert.equal([...closed.keys()].sort(), [1, 2]);
    await world.send(o(0).owner, 'assets', 'depositEnergy', [o(0).assetId]);
    const held = await world.read('assets', 'balanceMicro', [o(0).owner.address]);
    await world.send(o(0).owner, 'assets', 'depositFinancial', [held]);
    await assertConserved(world);
  }),
);

test('the owner and granters pause and resume, nobody else; a second time changes the reason', () =>
  inWorld({}, async (world) => {
    const stranger = world.fresh();
    for (const [method, args] of [
      ['pause', ['']],
      ['resume', []],
    ] as const) {
      const why = await world.refused(stranger, 'microgrid', method, args);
      assert.is(why, `NotPermitted(${stranger.address})`);
    }
    await world.send(world.owner, 'microgrid', 'resume');
    await pause(world, 'first');
    const again = await world.send(world.owner, 'microgrid', 'pause', ['x'.repeat(200)]);
    assert.is(String(again.events[0]?.args.reason).length, 200);
    const long = await world.refused(world.owner, 'microgrid', 'pause', ['x'.repeat(201)]);
    assert.is(long, 'ReasonTooLong(201)');
    assert.ok(await world.read('microgrid', 'isPaused'));
    // Who lost the role cannot resume.
    await world.send(world.owner, 'microgrid', 'setGranter', [world.granter.address, false]);
    const why = await world.refused(world.granter, 'microgrid', 'resume');
    assert.is(why, `NotPermitted(${world.granter.address})`);
    await world.send(world.owner, 'microgrid', 'resume');
    await world.send(world.owner, 'microgrid', 'setGranter', [world.granter.address, true]);
    await postOffers(world, [sell()]);
  }));

function tuple({ interval, claimed, trades }: ReturnType<typeof chunk>): unknown[] {
  return [interval, Object.values(claimed), trades];
}

test.run();
