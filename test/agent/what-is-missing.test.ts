/**
 * "When things go wrong" of the design, for a whole agent: each row with what is then held to, what
 * is offered and signed, what `status` says, and the way back. Loads alone, and what they do within
 * an interval: following-faults.test.ts; real processes: test/system/agent-*.test.ts.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PATHS } from '../../market/messages-json.ts';
import { type GuardedAgent, withGuardedAgent } from './guarded-agent.ts';

const test = suite('agent: what is missing');

/** Final before the start; the home runs by itself afterwards. */
const HELD_TO = [-2000, -2000, -2000, -2000, -2000, -2000, -2000, -2000, -2000, -2000];
/** The fault lasts from the middle of the interval of index 2 to that of index 5. */
const BEGINS = 2;
const ENDS = 5;

interface Row {
  missing: string;
  take(guarded: GuardedAgent): void;
  giveBack(guarded: GuardedAgent): void;
  /** In the interval of the fault, and in those after it: `following`, or the reason why not. */
  soon: 'following' | RegExp;
  next: 'following' | RegExp;
  /** Of the problems in `status`. */
  says: RegExp;
  /** Signed requests still leave for the DSO. */
  isHeard: boolean;
  /** Lines of the log while it lasts. */
  told: RegExp[];
}

const ROWS: Row[] = [
  {
    missing: 'the chain',
    take: ({ lack }) => {
      lack.chain = true;
    },
    giveBack: ({ lack }) => {
      lack.chain = false;
    },
    ...{ soon: 'following', next: 'following', isHeard: true },
    says: /the chain is not read: the endpoint is away/,
    told: [/warn the chain does not answer; final commitments are followed, nothing is offered/],
  },
  {
    missing: 'the DSO',
    take: ({ lack }) => {
      lack.dso = true;
    },
    giveBack: ({ lack }) => {
      lack.dso = false;
    },
    ...{ soon: 'following', next: 'following', isHeard: false },
    says: /the DSO does not answer/,
    told: [/warn no offers until the DSO answers/, /warn readings could not be settled/],
  },
  {
    missing: 'a proven clock',
    take: ({ clock }) => {
      clock.isTimeProven = false;
    },
    giveBack: ({ clock }) => {
      clock.isTimeProven = true;
    },
    ...{ soon: 'following', next: /the clock is not proven/, isHeard: false },
    says: /the clock is not proven good: check time synchronisation/,
    told: [],
  },
  {
    missing: 'the meter',
    take: ({ lack }) => {
      lack.meter = true;
    },
    giveBack: ({ lack }) => {
      lack.meter = false;
    },
    ...{ soon: /the meter is silent/, next: /the meter is silent/, isHeard: true },
    says: /the meter at .* gives no good answer: check its power, wiring, unit 1 and profile/,
    told: [/warn the meter cannot be read: .*no answer in time/, /error the meter is silent/],
  },
  {
    missing: 'room on the disk',
    take: ({ lack }) => {
      lack.disk = true;
    },
    giveBack: ({ lack }) => {
      lack.disk = false;
    },
    ...{ soon: 'following', next: /the disk cannot be written/, isHeard: false },
    says: /the journal cannot be written: check the disk/,
    told: [/error the disk is full; readings are kept/, /warn wallet or journal cannot be written/],
  },
];

const addresses = ({ agent }: GuardedAgent) =>
  Object.values(agent.status().wallet.addresses).reduce((sum, count) => sum + count, 0);

function assertWay({ agent, home }: GuardedAgent, wanted: Row['next']): void {
  const { way, reason } = agent.status().following;
  if (wanted === 'following') assert.is(way, 'following', reason ?? '');
  else assert.match(reason ?? way, wanted);
  const mode = wanted === 'following' ? 'set-point' : 'automatic';
  assert.is(home.emulated.state().batteryMode, mode);
}

for (const row of ROWS) {
  test(`without ${row.missing}: what holds, what is signed, what is said, and the way back`, () =>
    withGuardedAgent(HELD_TO, {}, async (guarded) => {
      const { agent, asked, lines, runTo } = guarded;
      await runTo(BEGINS, 0.4);
      assert.equal(agent.status().problems, []);
      assertWay(guarded, 'following');
      assert.ok(addresses(guarded) > 0, 'it offers');
      const linesBefore = lines.length;

      row.take(guarded);
      await runTo(BEGINS, 0.6);
      assertWay(guarded, row.soon);
      await runTo(BEGINS + 1, 0.5);
      assertWay(guarded, row.next);
      assert.ok(
        agent.status().problems.some((each) => row.says.test(each)),
        row.missing,
      );
      assert.is(agent.status().state, 'degraded');
      const offered = addresses(guarded);
      const heard = asked.length;
      await runTo(ENDS, 0.5);
      assertWay(guarded, row.next);
      assert.is(addresses(guarded), offered, 'nothing new is offered');
      if (!row.isHeard) assert.is(asked.length, heard, 'nothing is signed');
      const told = lines.slice(linesBefore).filter((line) => !line.startsWith('info'));
      for (const what of row.told) {
        assert.is(told.filter((line) => what.test(line)).length, 1, `${what}: ${told.join('\n')}`);
      }
      assert.is(told.length, row.told.length, told.join('\n'));

      row.giveBack(guarded);
      await runTo(ENDS + 2, 0.5);
      assert.equal(agent.status().problems, []);
      assertWay(guarded, 'following');
      assert.ok(addresses(guarded) > offered, 'it offers again');
      assert.ok(asked.slice(heard).includes(PATHS.readings), 'readings are settled');
      assert.is(agent.status().meter.unwrittenIntervals, 0);
      const { waiting } = agent.status().settling ?? { waiting: 0 };
      assert.ok(waiting <= 1, `${waiting} readings wait`);
    }));
}

test('final commitments are followed to their last interval, then the home runs by itself', () =>
  withGuardedAgent([-2000, -2000], {}, async (guarded) => {
    const { lack, runTo } = guarded;
    await runTo(0, 0.5);
    lack.chain = true;
    lack.dso = true;
    await runTo(1, 0.9);
    assertWay(guarded, 'following');
    await runTo(2, 0.2);
    assertWay(guarded, /nothing is scheduled/);
  }));

test('without the key of the keystore: metering only; it trades once the key is there', () =>
  withGuardedAgent([], { key: true }, async (guarded) => {
    const { agent, lack, lines, asked, runTo } = guarded;
    await runTo(2, 0.5);
    const { problems, meter, wallet } = agent.status();
    assert.match(problems.join(), /does not trade: there is no keystore\.key; put the key back/);
    assert.ok(meter.powerW !== null);
    assert.is(wallet.isOpen, false);
    assert.equal(asked, []);
    assertWay(guarded, /nothing is scheduled/);
    const told = lines.filter((line) => !line.startsWith('info'));
    assert.is(told.length, 1, told.join('\n'));
    lack.key = false;
    await runTo(4, 0.5);
    assert.equal(agent.status().problems, []);
    assert.ok(addresses(guarded) > 0, 'it offers');
    assert.ok(asked.includes(PATHS.readings), 'what was metered meanwhile is settled');
  }));

test.run();
