import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Journal } from '../../../agent/journal/journal.ts';
import { JOURNAL_MIGRATIONS } from '../../../agent/journal/schema.ts';
import { LoadHand } from '../../../agent/loads/load-hand.ts';
import { loadModel } from '../../../agent/loads/model.ts';
import { openOutput } from '../../../agent/loads/output.ts';
import { BusError, type Log, type Relay } from '../../../host/ports.ts';
import { openSql } from '../../../host/sqlite.ts';

const test = suite('load-hand');

const quiet: Log = { info() {}, warn() {}, error() {} };
const BOILER = loadModel({
  ...{ name: 'boiler', powerW: 2000, minimumOnMs: 600_000, minimumOffMs: 300_000 },
});

const at = (s: number) => ({
  ...{ atMs: 1e12 + s * 1000, steadyMs: s * 1000, certainty: 'proven' as const },
});
const unknown = (s: number) => ({ ...at(s), certainty: 'unknown' as const });

function makeHand() {
  const journal = new Journal(openSql(':memory:', { migrations: JOURNAL_MIGRATIONS }));
  const wire = { isOn: false, fails: false };
  const relay: Relay = {
    async set(on) {
      if (wire.fails) throw new BusError('timeout', 'no answer');
      wire.isOn = on;
    },
    async read() {
      if (wire.fails) throw new BusError('timeout', 'no answer');
      return wire.isOn;
    },
  };
  const open = (load = BOILER) => new LoadHand(load, openOutput(load, [relay]), journal, quiet);
  return { journal, wire, open };
}

test('minimum times are kept both ways, and the safe state does not wait', async () => {
  const { journal, open } = makeHand();
  const hand = open();
  await hand.recall(at(0));
  assert.is(await hand.turn('on', 'planned', at(0)), true);
  assert.is(await hand.turn('off', 'planned', at(599)), false);
  assert.is(await hand.turn('off', 'planned', at(600)), true);
  assert.is(await hand.turn('on', 'planned', at(899)), false);
  assert.is(await hand.turn('on', 'planned', at(900)), true);
  assert.is(await hand.force('off', 'the meter is silent', at(901)), true);
  assert.is(await hand.force('off', 'the meter is silent', at(902)), false);
  assert.equal(
    journal.switches(0, 2e12).map(({ isOn, why }) => `${isOn} ${why}`),
    ['true planned', 'false planned', 'true planned', 'false the meter is silent'],
  );
});

test('at start and stop the safe state is told even where it is thought to be so', async () => {
  const { journal, open, wire } = makeHand();
  const hand = open();
  await hand.recall(at(0));
  // Somebody pressed the button of the relay.
  wire.isOn = true;
  await hand.force('off', 'a fuse', at(10));
  assert.is(wire.isOn, true, 'known to be off');
  assert.is(await hand.assure('off', 'stopping', at(20)), false);
  assert.is(wire.isOn, false);
  assert.equal(journal.switches(0, 2e12), [], 'no turn of ours');
});

test('minimum times outlive a restart', async () => {
  const { open } = makeHand();
  const before = open();
  await before.recall(at(0));
  await before.turn('on', 'planned', at(0));
  const after = open();
  await after.recall(at(100));
  assert.is(after.isOn, true);
  assert.is(after.mayTurn(at(599)), false);
  assert.is(after.mayTurn(at(600)), true);
});

test('a switch that the journal does not know of is waited for in full', async () => {
  const { wire, open } = makeHand();
  const before = open();
  await before.recall(at(0));
  await before.turn('on', 'planned', at(0));
  wire.isOn = false;
  const after = open();
  await after.recall(at(1000));
  assert.is(after.mayTurn(at(1299)), false);
  assert.is(after.mayTurn(at(1300)), true);
});

test('a start without a proven time waits for the whole minimum time', async () => {
  const { wire, open } = makeHand();
  const before = open();
  await before.recall(at(0));
  await before.turn('on', 'planned', at(0));
  const hand = open();
  await hand.recall(unknown(5000));
  assert.is(hand.mayTurn(unknown(5599)), false);
  assert.is(await hand.turn('off', 'the clock is not proven', unknown(5600)), true);
  assert.is(wire.isOn, false);
  assert.is(hand.sinceMs, null);
});

test('starts in an hour are counted, over a restart too', async () => {
  const { open } = makeHand();
  const quick = { ...BOILER, minimumOnMs: 0, minimumOffMs: 0, startsPerHour: 2 };
  const first = open(quick);
  await first.recall(at(0));
  for (const [s, level] of [
    [0, 'on'],
    [10, 'off'],
    [20, 'on'],
    [30, 'off'],
  ] as const) {
    assert.is(await first.turn(level, 'planned', at(s)), true);
  }
  assert.is(await first.turn('on', 'planned', at(3599)), false);
  const second = open(quick);
  await second.recall(at(40));
  assert.is(second.cycles, 2);
  assert.is(await second.turn('on', 'planned', at(3599)), false);
  assert.is(await second.turn('on', 'planned', at(3600)), true);
  assert.is(second.cycles, 3);
});

test('longest times on are told', async () => {
  const { open } = makeHand();
  const hand = open({ ...BOILER, maximumOnMs: 3_600_000 });
  await hand.recall(at(0));
  await hand.turn('on', 'planned', at(0));
  assert.is(hand.isOnTooLong(at(3599)), false);
  assert.is(hand.isOnTooLong(at(3600)), true);
});

test('an output that failed half way is looked at before it is turned again', async () => {
  const { journal, open } = makeHand();
  const wire = { isOn: false, isLost: false };
  const output = {
    async set(level: string) {
      wire.isOn = level === 'on';
      wire.isLost = true;
      throw new BusError('timeout', 'the answer was lost');
    },
    async read() {
      if (wire.isLost) throw new BusError('timeout', 'no answer');
      return wire.isOn ? ('on' as const) : ('off' as const);
    },
  };
  void open;
  const hand = new LoadHand(BOILER, output, journal, quiet);
  await hand.recall(at(0));
  assert.is(await hand.turn('on', 'planned', at(10)), false);
  assert.is(hand.isOn, null);
  // It may be on: nothing is done before that is known, and then its minimum time counts.
  assert.is(await hand.turn('off', 'planned', at(11)), false);
  wire.isLost = false;
  await hand.look(at(12));
  assert.is(hand.isOn, true);
  assert.is(hand.mayTurn(at(611)), false);
  assert.is(hand.mayTurn(at(612)), true);
});

test('a relay that does not answer is tried again', async () => {
  const { wire, open } = makeHand();
  const hand = open();
  await hand.recall(at(0));
  wire.fails = true;
  assert.is(await hand.turn('on', 'planned', at(10)), false);
  assert.is(hand.isOn, null);
  wire.fails = false;
  await hand.look(at(20));
  assert.is(await hand.turn('on', 'planned', at(20)), true);
  assert.is(hand.isOn, true);
});

test.run();
