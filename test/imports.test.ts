/** The layers of docs/architecture.md, as a test. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT } from '../build/project-root.ts';
import { type ImportEdge, importsOf, sourceFiles } from './source-tree.ts';

const test = suite('imports');
const FILES = sourceFiles('.ts');
const EDGES = FILES.flatMap(importsOf);

/** Interfaces only: everybody may import them. */
const PORTS = ['host/ports.ts', 'host/thread-port.ts', 'host/mqtt-port.ts'];

/** What each layer may import of the project, besides itself and the ports. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  host: [],
  market: [],
  chain: ['market'],
  solver: ['market', 'chain'],
  agent: ['market', 'chain', 'solver'],
  operator: ['market', 'chain', 'solver'],
  build: ['host', 'agent', 'testbed', 'test'],
  testbed: ['market', 'chain', 'solver', 'agent', 'operator', 'host', 'build'],
  bench: ['market', 'chain', 'solver', 'agent', 'operator', 'host', 'build', 'testbed', 'studies'],
  studies: ['market', 'chain', 'solver', 'agent', 'operator', 'build', 'testbed'],
};

/** Pure folders: the packages they may use; nothing of Node. */
const PURE = ['market/', 'agent/strategy/', 'agent/traders/'];
const PURE_PACKAGES = ['ethers', 'highs', 'smol-toml', 'valibot'];

/** Node modules that touch what lies outside the process, for host and the tools alone. */
const OUTSIDE = /^node:(fs|net|https?|http2|tls|dns|dgram|child_process|cluster|timers|readline)\b/;
const MAY_TOUCH_OUTSIDE = ['host', 'build', 'testbed', 'studies', 'bench', 'test', 'contracts'];

function layerOf(path: string): string {
  return path.slice(0, path.indexOf('/'));
}

function isTest(path: string): boolean {
  return layerOf(path) === 'test' || path.startsWith('contracts/test/');
}

function broken(edges: ImportEdge[], rule: string): void {
  const list = edges.map(({ from, line, to }) => `\n  ${from}:${line} imports ${to}`);
  assert.is(edges.length, 0, `${rule}:${list.join('')}`);
}

test('sees the project', () => {
  assert.ok(FILES.some(({ path }) => path === 'host/ports.ts'));
  assert.ok(EDGES.some(({ to }) => to === 'host/ports.ts'));
});

test('imports of the project run one way', () => {
  const wrong = EDGES.filter(({ from, to, kind }) => {
    if (kind !== 'project' || isTest(from) || PORTS.includes(to)) return false;
    const allowed = MAY_IMPORT[layerOf(from)] ?? [];
    const isHostInMain = layerOf(to) === 'host' && from.endsWith('/main.ts');
    return layerOf(to) !== layerOf(from) && !isHostInMain && !allowed.includes(layerOf(to));
  });
  broken(wrong, 'market <- chain <- solver <- agent, operator <- testbed <- studies');
});

test('the audit shares no code with what it audits', () => {
  const wrong = EDGES.filter(
    ({ from, to }) =>
      from.startsWith('testbed/audit/') && /^(market|chain|solver|agent|operator)\//.test(to),
  );
  broken(wrong, 'testbed/audit imports neither market, chain, solver, agent nor operator');
});

test('pure folders import nothing of Node, and few packages', () => {
  const wrong = EDGES.filter(
    ({ from, to, kind }) =>
      PURE.some((folder) => from.startsWith(folder)) &&
      (kind === 'node' || (kind === 'package' && !PURE_PACKAGES.includes(to))),
  );
  broken(wrong, `${PURE.join(' ')} are pure`);
});

/** What the language leaves to each platform's last bit, but for powers of 2; chance and time. */
const UNSURE = new RegExp(
  '\\bMath\\.(exp|expm1|log|log1p|log2|log10|pow|cbrt|hypot|a?sinh?|a?cosh?|a?tanh?|atan2|random)' +
    '\\b|(?<!\\b2 )\\*\\*|\\bDate\\.now\\b|\\bperformance\\b',
);

test('decisions are made of what gives the same on every platform', () => {
  const code = FILES.filter(({ path }) => path.startsWith('agent/strategy/'));
  assert.ok(code.length > 20);
  const wrong = code.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, at) =>
        UNSURE.test(line) && !/^ *\/?\*/.test(line) ? [`${path}:${at + 1}`] : [],
      ),
  );
  assert.equal(wrong, [], 'sums, products, roots and comparisons only');
});

test('files, sockets, processes and timers are for host', () => {
  const wrong = EDGES.filter(
    ({ from, to, kind }) =>
      kind === 'node' && OUTSIDE.test(to) && !MAY_TOUCH_OUTSIDE.includes(layerOf(from)),
  );
  broken(wrong, 'use the ports of host/ports.ts');
});

test('every package that is imported is a declared dependency, of the kind it needs', () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const shipped = Object.keys(manifest.dependencies);
  const all = [...shipped, ...Object.keys(manifest.devDependencies)];
  const wrong = EDGES.filter(({ from, to, kind }) => {
    if (kind !== 'package') return false;
    const isProduct = ['agent', 'chain', 'host', 'market', 'operator', 'solver'];
    return !(isProduct.includes(layerOf(from)) ? shipped : all).includes(to);
  });
  broken(wrong, 'package.json does not name it (for shipped code: under dependencies)');
});

test('no circle of imports', () => {
  const next = new Map<string, string[]>();
  for (const { from, to, kind } of EDGES) {
    if (kind === 'project') next.set(from, [...(next.get(from) ?? []), to]);
  }
  const done = new Set<string>();
  const circles: string[] = [];
  const walk = (path: string, trail: string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) circles.push([...trail.slice(at), path].join(' -> '));
    if (at >= 0 || done.has(path)) return;
    for (const each of next.get(path) ?? []) walk(each, [...trail, path]);
    done.add(path);
  };
  for (const { path } of FILES) walk(path, []);
  assert.equal(circles, []);
});

test.run();
