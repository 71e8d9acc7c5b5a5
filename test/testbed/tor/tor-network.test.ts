/** What a private Tor network says when it cannot be; a real one is test/system/tor.test.ts. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TorError } from '../../../testbed/tor/tor-error.ts';
import { TorNetwork } from '../../../testbed/tor/tor-network.ts';
import { onionTorrc, relayTorrc } from '../../../testbed/tor/torrc.ts';
import { temporaryFolder } from '../../host/temporary-folder.ts';

const test = suite('tor network');

test('without tor it says what to install, and makes nothing', async () => {
  const folder = temporaryFolder();
  const path = process.env.PATH;
  process.env.PATH = folder.path;
  try {
    const directory = join(folder.path, 'tor');
    const error = await TorNetwork.start({ directory, onionServices: [] }).catch((cause) => cause);
    assert.instance(error, TorError);
    assert.is(error.code, 'missing');
    assert.is(error.message, 'tor is missing: apt-get install tor');
    assert.not(existsSync(directory));
  } finally {
    process.env.PATH = path;
    folder.dispose();
  }
});

test('no member of the network listens or asks beyond this machine', () => {
  const relays = ['auth0', 'exit0'].map((name, at) => ({
    ...{ name, orPort: 20_000 + at, dirPort: 21_000 + at, fingerprint: 'F'.repeat(40) },
    v3Ident: name === 'auth0' ? 'A'.repeat(40) : null,
  }));
  const texts = [
    ...relays.map((relay) => relayTorrc(relay, '/d', relays)),
    onionTorrc({ name: 'chain', port: 8545 }, '/d', relays),
  ];
  for (const text of texts) {
    const elsewhere = (text.match(/\b\d+\.\d+\.\d+\.\d+\b/g) ?? []).filter(
      (address: string) => !address.startsWith('127.'),
    );
    assert.equal(elsewhere, []);
    assert.match(text, /^ServerDNSResolvConfFile \/dev\/null$/m);
    assert.match(text, /^DirAuthority auth0 /m);
    for (const [, ports] of text.matchAll(/^(?:ORPort|DirPort) (.*)$/gm)) {
      assert.match(ports ?? '', /^127\.0\.0\.1:\d+$/);
    }
  }
});

test.run();
