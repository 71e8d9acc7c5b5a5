import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { endpointsOf, unfitEndpoint } from '../../agent/pinned-grid.ts';
import { isLoopback, unfitForTor } from '../../market/endpoints.ts';

const test = suite('endpoints');

const ONION = `http://${'a'.repeat(56)}.onion`;

test('Tor carries onion services and https, and no plain http', () => {
  for (const url of [
    ONION,
    `${ONION}:8545/rpc`,
    'https://chain.example',
    `https${ONION.slice(4)}`,
  ]) {
    assert.is(unfitForTor(url), null, url);
  }
  for (const url of ['http://chain.example/x', 'http://onion.example', 'http://10.0.0.1:8545']) {
    assert.match(unfitForTor(url) ?? '', /cannot be reached through Tor/, url);
  }
});

test('this machine is told by its address, in any way that it is written', () => {
  for (const url of [
    'http://127.0.0.1:1',
    'http://127.1',
    'http://0x7f000001',
    'https://[::1]:5',
  ]) {
    assert.ok(isLoopback(url), url);
  }
  for (const url of ['http://localhost', 'http://127.0.0.1.example', 'http://10.0.0.1', 'x']) {
    assert.not.ok(isLoopback(url), url);
  }
});

test('a grid is fit when all of its endpoints are, or in a lab', () => {
  const facts = (rpc: string[], url: string) => ({ rpc, dso: { url, address: '0x' } });
  const good = facts([ONION, 'https://chain.example'], ONION);
  const bad = facts([ONION, 'http://chain.example'], ONION);
  const badDso = facts([ONION], 'http://dso.example/x');
  assert.is(unfitEndpoint({ clearNet: false }, good), null);
  assert.match(unfitEndpoint({ clearNet: false }, bad) ?? '', /^http:\/\/chain.example cannot/);
  assert.match(unfitEndpoint({ clearNet: false }, badDso) ?? '', /^http:\/\/dso.example cannot/);
  assert.is(unfitEndpoint({ clearNet: true }, bad), null);
  assert.equal(endpointsOf(badDso), [ONION, 'http://dso.example']);
});

test.run();
