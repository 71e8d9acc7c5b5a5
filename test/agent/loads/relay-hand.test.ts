import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Journal } from '../../../agent/journal/journal.ts';
import { JOURNAL_MIGRATIONS } from '../../../agent/journal/schema.ts';
import { RelayHand } from '../../../agent/loads/relay-hand.ts';
import { BusError, type Log, type Relay } from '../../../host/ports.ts';
import { openSql } from '../../../host/sqlite.ts';

const test = suite('relay-hand');

const quiet: Log = { info() {}, warn() {}, error() {} };
const BOILER = {
  ...{ name: 'boiler', powerW: 2000, energyPerDayWs: 14_400_000, safe: 'off' as const },
  ...{ minimumOnMs: 600_000, minimumOffMs: 300_000 },
};

const at = (s: number) => ({ atMs: 1e12 + s * 1000, certainty: 'proven' as const });
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
  const open = () => new RelayHand(BOILER, relay, journal, quiet);
  return { journal, wire, open };
}

test('minimum times are kept both ways, and the safe state does not wait', async () => {
  const { journal, open } = makeHand();
  const hand = open();
  await hand.recall(at(0));
  assert.is(await hand.turn(true, 'planned', at(0)), true);
  assert.is(await hand.turn(false, 'planned', at(599)), false);
  assert.is(await hand.turn(false, 'planned', at(600)), true);
  assert.is(await hand.turn(true, 'planned', at(899)), false);
  assert.is(await hand.turn(true, 'planned', at(900)), true);
  assert.is(await hand.toSafe('the meter is silent', at(901)), true);
  assert.is(await hand.toSafe('the meter is silent', at(902)), false);
  assert.equal(
    journal.switches(0, 2e12).map(({ isOn, why }) => `${isOn} ${why}`),
    ['true planned', 'false planned', 'true planned', 'false the meter is silent'],
  );
});

test('minimum times outlive a restart', async () => {
  const { open } = makeHand();
  const before = open();
  await before.recall(at(0));
  await before.turn(true, 'planned', at(0));
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
  await before.turn(true, 'planned', at(0));
  wire.isOn = false;
  const after = open();
  await after.recall(at(1000));
  assert.is(after.mayTurn(at(1299)), false);
  assert.is(after.mayTurn(at(1300)), true);
});

test('while the time is unknown a relay is turned to safe alone', async () => {
  const { wire, open } = makeHand();
  wire.isOn = true;
  const hand = open();
  await hand.recall(unknown(0));
  assert.is(await hand.turn(false, 'planned', unknown(5000)), false);
  assert.is(await hand.toSafe('the clock is not proven', unknown(5000)), true);
  // From the first proven moment on, the whole time.
  assert.is(hand.mayTurn(at(9000)), false);
  assert.is(hand.mayTurn(at(9300)), true);
});

test('a relay that does not answer is tried again', async () => {
  const { wire, open } = makeHand();
  const hand = open();
  await hand.recall(at(0));
  wire.fails = true;
  assert.is(await hand.turn(true, 'planned', at(10)), false);
  assert.is(hand.isOn, null);
  wire.fails = false;
  assert.is(await hand.turn(true, 'planned', at(20)), true);
  assert.is(hand.isOn, true);
});

test.run();
