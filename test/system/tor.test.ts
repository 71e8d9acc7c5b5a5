/**
 * Agents trade through a real Tor network of this machine: the short form of `npm run test:tor`.
 * One run, at which several claims look.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  identitiesAreApart,
  nothingLeftOutsideTor,
  tradesAreFinal,
  tradingResumed,
  writersAreAlone,
} from '../tor/claims.ts';
import { faultsFrom } from '../tor/faults.ts';
import { playThroughTor, type TorAftermath } from '../tor/tor-run.ts';

const test = suite('tor');

const HOMES = 6;
const INTERVALS = 4;
const FAULTS = faultsFrom(['the client of the houses is killed and started anew'], 1.3, 1);

let played: Promise<TorAftermath> | null = null;

function run(): Promise<TorAftermath> {
  const log: string[] = [];
  played ??= playThroughTor({
    homes: HOMES,
    feeders: 2,
    intervals: INTERVALS,
    speed: 12,
    faults: FAULTS,
    say: (line) => log.push(line),
  }).catch((cause) => {
    throw new Error(`${log.join('\n')}\n${cause.message}`, { cause });
  });
  return played;
}

/** @param faults what does not hold */
function none(faults: string[], after: TorAftermath): void {
  assert.is(faults.length, 0, `${faults.join('\n')}\n${after.tails}`);
}

test('what six agents trade through Tor becomes final', async () => {
  const after = await run();
  none(tradesAreFinal(after, INTERVALS), after);
});

test('different identities use different circuits', async () => {
  const after = await run();
  none(identitiesAreApart(after, HOMES), after);
});

test('an address has a connection and a circuit to itself, and asks nothing there', async () => {
  const after = await run();
  none(writersAreAlone(after), after);
});

test('no packet leaves the houses but through the socket of Tor', async () => {
  const after = await run();
  none(nothingLeftOutsideTor(after), after);
});

test('trading resumes by itself after the Tor client was killed', async () => {
  const after = await run();
  none(tradingResumed(after), after);
});

test.run();
