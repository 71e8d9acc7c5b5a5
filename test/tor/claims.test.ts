/** The claims about a run through Tor can fail: each is broken once. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  identitiesAreApart,
  nothingLeftOutsideTor,
  tradesAreFinal,
  tradingResumed,
  writersAreAlone,
} from './claims.ts';
import type { SeenConnection } from './onion-tap.ts';
import type { TorAftermath } from './tor-run.ts';

const test = suite('claims about tor');

const HOMES = 1;

/** What the claims look at, of a good run: a home, its meter's identity, its reader, a writer. */
function aftermath(changes: Partial<Record<keyof TorAftermath, unknown>> = {}): TorAftermath {
  const stream = (user: string, circuit: string, target: string) => ({ user, circuit, target });
  const offers = new Map([
    [1, { blockNumber: 5 }],
    [2, { blockNumber: 20 }],
  ]);
  const good = {
    figures: {
      ...{ finalizedIntervals: 4, trades: 1, limitViolations: 0, ruleViolations: 0 },
      ...{ energyCreatedWs: 0, moneyCreatedMicro: 0 },
    },
    streams: [
      stream('a', '1', 'dso.onion:80'),
      stream('b', '2', 'chain.onion:80'),
      stream('c', '3', 'chain.onion:80'),
    ],
    sharedCircuits: [],
    dsoHost: 'dso.onion',
    connections: [
      seen('1', ['eth_getLogs', 'eth_getBlockByNumber']),
      seen('2', ['eth_sendRawTransaction', 'eth_sendRawTransaction'], ['0xa', '0xa']),
    ],
    packets: { meters: 10, others: {} },
    clearNetPackets: { meters: 10, others: { 'udp 192.0.2.1:53': 1 } },
    faults: [{ name: 'a fault', mendedAtBlock: 10, seconds: 1 }],
    chain: { log: { offers, finalizations: [{ trades: [{ askId: 1, bidId: 2 }] }] } },
  };
  return { ...good, ...changes } as unknown as TorAftermath;
}

function seen(circuit: string, methods: string[], senders: string[] = []): SeenConnection {
  return { circuit, atMs: 0, methods, senders };
}

test('all claims hold for a good run', () => {
  const after = aftermath();
  assert.equal(tradesAreFinal(after, 4), []);
  assert.equal(identitiesAreApart(after, HOMES), []);
  assert.equal(writersAreAlone(after), []);
  assert.equal(nothingLeftOutsideTor(after), []);
  assert.equal(tradingResumed(after), []);
});

test('an interval that is not final is told', () => {
  assert.match(tradesAreFinal(aftermath(), 5).join(), '4 final intervals, not 5');
});

test('two identities on a circuit, or one for chain and DSO, are told', () => {
  const shared = aftermath({ sharedCircuits: ['1:7'] });
  assert.match(identitiesAreApart(shared, HOMES).join(), 'circuit 1:7 carried two');
  const [dso, ...rest] = aftermath().streams;
  const both = aftermath({ streams: [dso, ...rest, { ...dso, target: 'chain.onion:80' }] });
  assert.match(identitiesAreApart(both, HOMES).join(), 'to the DSO and to the chain');
  const fewer = aftermath({ streams: [dso, rest[0]] });
  assert.match(identitiesAreApart(fewer, HOMES).join(), '1 identities at the chain');
});

test('who sends and reads, who shares a circuit, who asks for own transactions, is told', () => {
  const connections = (...list: SeenConnection[]) =>
    writersAreAlone(aftermath({ connections: list }));
  const send = 'eth_sendRawTransaction';
  assert.match(connections(seen('1', [send, 'eth_getLogs'], ['0xa'])).join(), 'eth_getLogs too');
  const two = connections(seen('1', [send], ['0xa']), seen('1', [send], ['0xb']));
  assert.match(two.join(), 'carried 2 addresses');
  const telling = connections(seen('1', ['eth_getTransactionReceipt']), seen('2', [send], ['0xa']));
  assert.match(telling.join(), 'asked eth_getTransactionReceipt');
  assert.match(connections().join(), 'nobody sent');
});

test('a packet elsewhere, and a deaf sniffer, are told', () => {
  const left = aftermath({ packets: { meters: 1, others: { 'tcp 192.0.2.1:80': 3 } } });
  assert.match(nothingLeftOutsideTor(left).join(), '3 packets left to tcp 192.0.2.1:80');
  const deaf = aftermath({ clearNetPackets: { meters: 1, others: {} } });
  assert.match(nothingLeftOutsideTor(deaf).join(), 'the sniffer is deaf');
});

test('trades of old offers alone do not count as new ones', () => {
  const faults = [{ name: 'a fault', mendedAtBlock: 20, seconds: 1 }];
  assert.match(tradingResumed(aftermath({ faults })).join(), 'after "a fault"');
});

test.run();
