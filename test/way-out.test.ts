/**
 * There is one way out of the house: host/tor-transport.ts (in a lab host/http-transport.ts). No
 * other file of the product may open a connection to anything but the house and this machine. Both
 * the linter's rule and this test say so; here also that the linter's rule works.
 */

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT } from '../build/project-root.ts';
import { runCommand } from '../build/run-command.ts';
import { temporaryFolder } from './host/temporary-folder.ts';
import { importsOf, lineOf, parse, type SourceFile, sourceFiles } from './source-tree.ts';

const test = suite('the way out');

const LAYERS = ['agent', 'chain', 'host', 'market', 'operator', 'solver'];
const PRODUCT = new RegExp(`^(${LAYERS.join('|')})/`);

/** Who may use Node's network, and what for. */
const MAY_CONNECT: Record<string, string> = {
  'host/exchange.ts': 'chain and DSO',
  'host/house-http.ts': 'relays in the house',
  'host/http-listener.ts': 'a server of this machine',
  'host/http-transport.ts': 'chain and DSO in a lab',
  'host/modbus/open-bus.ts': 'meters in the house',
  'host/modbus/wire.ts': 'meters in the house',
  'host/mqtt.ts': 'forecasts of the weather from a broker in the house',
  'host/post-unix.ts': 'the socket of a service of this machine',
  'host/socks5.ts': 'the socket of Tor',
  'host/stepped-socket.ts': 'the clock of a lab',
  'host/tor-transport.ts': 'the socket of Tor',
};
/** Who may start threads, in which nobody would look for a connection. */
const MAY_USE_THREADS = ['host/thread-side.ts', 'host/threads.ts'];
/** Who may have the exchange with chain and DSO. */
const TRANSPORTS = ['host/http-transport.ts', 'host/identities.ts', 'host/tor-transport.ts'];

const NETWORK = /^node:(net|https?|http2|tls|dns|dgram|inspector|worker_threads)(\/|$)/;
/** Of ethers, and of the language: what opens connections without being asked to. */
const FORBIDDEN = new RegExp(
  `^(\\w*Provider|${[
    ...['JsonRpcSigner', 'getDefaultProvider', 'FetchRequest', 'createRequire'],
    ...['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest'],
  ].join('|')})$`,
);

function faultsOf(file: SourceFile): string[] {
  const faults: string[] = [];
  for (const { from, line, to } of importsOf(file)) {
    const isThread = to === 'node:worker_threads' && MAY_USE_THREADS.includes(from);
    if (NETWORK.test(to) && !isThread && !(from in MAY_CONNECT)) {
      faults.push(`${from}:${line} imports ${to}`);
    }
    if (to === 'host/exchange.ts' && !TRANSPORTS.includes(from)) {
      faults.push(`${from}:${line} imports ${to}`);
    }
    if (to === 'node:module') faults.push(`${from}:${line} imports ${to}`);
  }
  const source = parse(file);
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && FORBIDDEN.test(node.text)) {
      faults.push(`${file.path}:${lineOf(source, node)} names ${node.text}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return faults;
}

test('only named files of host use the network, and nobody a client of a library', () => {
  const files = sourceFiles('.ts').filter(({ path }) => PRODUCT.test(path));
  assert.ok(files.length > 200, `${files.length} files`);
  assert.equal(files.flatMap(faultsOf), []);
  const paths = files.map(({ path }) => path);
  for (const path of [...Object.keys(MAY_CONNECT), ...MAY_USE_THREADS])
    assert.ok(paths.includes(path), `no ${path} any more`);
});

const BAD: [string, string][] = [
  ["import http from 'node:http';", 'http.get("http://example.org")'],
  ["import { connect } from 'net';", 'connect(1)'],
  ["import { lookup } from 'node:dns/promises';", 'lookup("example.org")'],
  ["import { JsonRpcProvider } from 'ethers';", 'new JsonRpcProvider("http://example.org")'],
  ["import { getDefaultProvider } from 'ethers';", 'getDefaultProvider("mainnet")'],
  ["import { FetchRequest } from 'ethers';", 'new FetchRequest("http://example.org")'],
  ['', 'fetch("http://example.org")'],
  ['', 'new WebSocket("ws://example.org")'],
];

test('it sees each other way', () => {
  for (const [head, expression] of BAD) {
    const text = `${head}\nexport const x = ${expression};\n`;
    assert.ok(faultsOf({ path: 'host/other.ts', text }).length > 0, text);
  }
});

test('so does the linter, in host and beside it', async () => {
  const folder = temporaryFolder();
  try {
    copyFileSync(join(ROOT, 'biome.json'), join(folder.path, 'biome.json'));
    const lint = (path: string, text: string) => {
      const file = join(folder.path, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    };
    for (const layer of LAYERS) {
      BAD.forEach(([head, expression], at) => {
        lint(`${layer}/bad${at}.ts`, `${head}\nexport const x = ${expression};\n`);
      });
    }
    lint('host/good.ts', 'export const x = 1;\n');
    const biome = join(ROOT, 'node_modules/.bin/biome');
    const words = ['lint', '--max-diagnostics=none', '--reporter=json', '.'];
    const { output } = await runCommand(biome, words, folder.path);
    assert.not.ok(output.includes('host/good.ts'), output);
    for (const layer of LAYERS) {
      BAD.forEach(([, expression], at) => {
        assert.ok(output.includes(`${layer}/bad${at}.ts`), `${layer}: ${expression} passes`);
      });
    }
  } finally {
    folder.dispose();
  }
});

test('the linter excepts the same files', () => {
  const settings = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8')) as {
    overrides: { includes: string[] }[];
  };
  const excepted = settings.overrides
    .flatMap(({ includes }) => includes)
    .filter((glob) => glob.startsWith('!host/'))
    .map((glob) => glob.slice(1));
  assert.equal(excepted.sort(), Object.keys(MAY_CONNECT).sort());
});

test.run();
