/** How a solver in the agent comes to its stake, through lost answers, refusals and restarts. */
import { SigningKey } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SolverStake } from '../../../agent/solving/stake.ts';
import { DsoError, type MoneyRequest } from '../../../agent/wallet/dso-client.ts';
import { RpcError } from '../../../chain/rpc-forms.ts';
import type { AccountAnswer, WithdrawalAnswer } from '../../../market/messages-json.ts';
import { never, stillClock } from '../../chain/scripted-transport.ts';

const test = suite('agent: solver stake');
const KEY = new SigningKey(`0x${'22'.repeat(32)}`);
const LEAST = 1_000_000n;
const RETRY_MS = 900_000;

type Answer =
  | Omit<Extract<WithdrawalAnswer, { state: 'failed' }>, 'requestId' | 'address'>
  | 'accepted';
const NO_MONEY: Answer = { state: 'failed', code: 'no-money', sentence: 'the account is empty' };

/** Chain, DSO and wallet by hand; what is asked is kept. */
function setUp() {
  const world = {
    clock: stillClock(),
    stakedMicro: 0n,
    balanceMicro: 0n,
    isChainDown: false,
    isDsoDown: false,
    isEnrolled: true,
    answer: 'accepted' as Answer,
    facts: new Map<string, string>(),
    asked: [] as MoneyRequest[],
    warned: [] as string[],
    ids: 0,
  };
  const read = async (value: bigint) => {
    if (world.isChainDown) throw new RpcError('unreachable', 'no answer');
    return value;
  };
  const account = async (): Promise<AccountAnswer> => {
    const ids = { requestId: '0x', meterId: '0x' };
    if (!world.isEnrolled) {
      return { ...ids, state: 'failed', code: 'unknown-meter', sentence: 'it is not enrolled' };
    }
    const standing = { balanceMicro: 9n, feeder: 3, maxPowerW: 1, suspended: false };
    return { ...ids, state: 'open', ...standing };
  };
  const withdrawMoney = async (request: MoneyRequest): Promise<WithdrawalAnswer> => {
    world.asked.push(request);
    if (world.isDsoDown) throw new DsoError('unreachable', 'the DSO does not answer');
    const ids = { requestId: request.requestId, address: '0x' };
    return world.answer === 'accepted'
      ? { ...ids, state: 'accepted' }
      : { ...ids, ...world.answer };
  };
  /** A process that starts anew from the wallet. */
  const start = () =>
    new SolverStake({
      wallet: {
        fact: (name) => world.facts.get(name) ?? null,
        transaction: (work) => work(),
        putFact: (name, value) => void world.facts.set(name, value),
        dropFact: (name) => void world.facts.delete(name),
        newRequestId: () => `0x${++world.ids}`,
      },
      dso: { account, withdrawMoney },
      chain: {
        stakeMicro: () => read(world.stakedMicro),
        balanceMicro: () => read(world.balanceMicro),
      },
      ...{ key: KEY, leastMicro: LEAST, retryMs: RETRY_MS, clock: world.clock },
      log: { info() {}, warn: (text) => void world.warned.push(text), error() {} },
    });
  return { world, start };
}

test('what is missing is asked for once, by the same request through every restart', async () => {
  const { world, start } = setUp();
  world.stakedMicro = 300_000n;
  world.balanceMicro = 100_000n;
  world.isDsoDown = true;
  await start().ensure(never);
  assert.match(world.warned.join(), /no stake and submits nothing: the DSO does not answer/);
  world.isDsoDown = false;
  for (let starts = 0; starts < 3; starts += 1) await start().ensure(never);
  assert.is(world.asked.length, 4);
  for (const request of world.asked) assert.equal(request, world.asked[0]);
  assert.equal([world.asked[0]?.amountMicro, world.asked[0]?.feeder], [600_000n, 3]);
  world.balanceMicro = 700_000n;
  const stake = start();
  await stake.ensure(never);
  await stake.ensure(never);
  assert.equal([stake.isHeld, stake.problem, world.asked.length], [true, null, 4]);
  assert.is(world.facts.size, 0);
});

test('a refusal is told once with its reason, and another request comes later', async () => {
  const { world, start } = setUp();
  world.answer = NO_MONEY;
  const stake = start();
  for (let polls = 0; polls < 3; polls += 1) await stake.ensure(never);
  assert.is(world.asked.length, 1);
  world.clock.nowMs += RETRY_MS;
  await stake.ensure(never);
  assert.equal(
    world.asked.map(({ requestId }) => requestId),
    ['0x1', '0x2'],
  );
  const told = 'the solver has no stake and submits nothing: ';
  assert.equal(world.warned, [`${told}the DSO refuses it (no-money): the account is empty`]);
  assert.is(stake.problem, world.warned[0]);
  world.clock.nowMs += RETRY_MS;
  world.answer = 'accepted';
  await stake.ensure(never);
  assert.equal([stake.isHeld, stake.problem], [false, null]);
});

test('a meter that is not enrolled yet asks for nothing, and says why', async () => {
  const { world, start } = setUp();
  world.isEnrolled = false;
  const stake = start();
  await stake.ensure(never);
  assert.match(stake.problem ?? '', /submits nothing: the DSO does not grant it: it is not/);
  assert.equal([world.asked.length, world.facts.size], [0, 0]);
  world.isEnrolled = true;
  world.clock.nowMs += RETRY_MS;
  await stake.ensure(never);
  assert.is(world.asked.length, 1);
});

test('without the chain or a proven clock nothing is asked for', async () => {
  const { world, start } = setUp();
  world.isChainDown = true;
  await start().ensure(never);
  world.isChainDown = false;
  world.clock.isGood = false;
  const stake = start();
  await stake.ensure(never);
  assert.equal([world.asked.length, world.warned.length, stake.isHeld], [0, 0, false]);
});

test.run();
