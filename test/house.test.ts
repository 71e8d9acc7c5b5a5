/** The house rules that can be checked (CONTRIBUTING.md), where neither tsc nor Biome does. */

import { basename } from 'node:path';
import ts from 'typescript';
import { suite } from 'uvu';
import { lineOf, parse, type SourceFile, sourceFiles } from './source-tree.ts';

const test = suite('house');

const MAX_FILE_LINES = 400;
const MAX_FUNCTION_LINES = 60;
const MAX_COLUMNS = 100;
/** Generated. */
const NOT_LIMITED = ['chain/abi.ts', 'agent/strategy/forecast/prior-table.ts'];
/** May use time, chance and timers directly. */
const MAY_USE_GLOBALS = ['host', 'build', 'testbed', 'studies', 'bench', 'test', 'contracts'];
/** Runs in the one-file binary too, which is no module. */
const BUNDLED = /^(agent|market|chain|solver|host)\//;
const FORBIDDEN_CALLS = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'fetch',
  'Date.now',
  'Math.random',
  'performance.now',
];

const TYPESCRIPT = sourceFiles('.ts').filter(({ path }) => !NOT_LIMITED.includes(path));
const PARSED = new Map(TYPESCRIPT.map((file) => [file, parse(file)]));

function none(findings: string[], rule: string): void {
  if (findings.length === 0) return;
  const error = new Error(`${rule}:\n  ${findings.join('\n  ')}`);
  error.stack = ''; // it would repeat the list
  throw error;
}

/** What `find` says of any node of these files, with the place in front. */
function findings(files: SourceFile[], find: (node: ts.Node) => string | null): string[] {
  const found: string[] = [];
  for (const file of files) {
    const source = PARSED.get(file);
    if (source === undefined) continue;
    const visit = (node: ts.Node): void => {
      const said = find(node);
      if (said !== null) found.push(`${file.path}:${lineOf(source, node)} ${said}`);
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

function linesOf(text: string): string[] {
  return text.replace(/\n$/, '').split('\n');
}

test('files have at most 400 lines', () => {
  const long = sourceFiles('.ts', '.sol', '.mjs', '.js', '.css', '.html')
    .filter(({ path }) => !NOT_LIMITED.includes(path))
    .filter(({ text }) => linesOf(text).length > MAX_FILE_LINES)
    .map(({ path, text }) => `${path}: ${linesOf(text).length} lines`);
  none(long, 'is it one thing? Split it');
});

test('functions have at most 60 lines', () => {
  const long = findings(TYPESCRIPT, (node) => {
    if (!ts.isFunctionLike(node)) return null;
    const text = node.getText();
    const length = linesOf(text).length;
    return length > MAX_FUNCTION_LINES ? `${length} lines: ${text.slice(0, 60).trim()}` : null;
  });
  none(long, 'split the function');
});

test('lines have at most 100 columns', () => {
  const long = TYPESCRIPT.flatMap(({ path, text }) =>
    linesOf(text)
      .map((line, index) => ({ line, place: `${path}:${index + 1}` }))
      .filter(({ line }) => [...line].length > MAX_COLUMNS)
      .map(({ line, place }) => `${place} ${[...line].length} columns`),
  );
  none(long, 'break the line');
});

test('file names are kebab-case, and there are no barrels and no default exports', () => {
  const names = TYPESCRIPT.filter(
    ({ path }) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.d)?\.ts$/.test(basename(path)),
  ).map(({ path }) => path);
  // Declarations of foreign packages say what those do.
  const own = TYPESCRIPT.filter(({ path }) => !path.endsWith('.d.ts'));
  const exports = findings(own, (node) => {
    if (ts.isExportAssignment(node)) return 'default export';
    if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) return 're-export';
    return null;
  });
  none([...names, ...exports], 'name the thing, export it where it is');
});

test('time, chance, timers and the network are reached through the ports', () => {
  const files = TYPESCRIPT.filter(
    ({ path }) => !MAY_USE_GLOBALS.includes(path.slice(0, path.indexOf('/'))),
  );
  const uses = findings(files, (node) => {
    if (ts.isNewExpression(node) && node.expression.getText() === 'Date') {
      return (node.arguments?.length ?? 0) === 0 ? 'new Date() without a time' : null;
    }
    if (!ts.isCallExpression(node)) return null;
    const name = node.expression.getText().replace(/^globalThis\./, '');
    return FORBIDDEN_CALLS.includes(name) ? `${name}()` : null;
  });
  none(uses, 'use the Clock, Random and Transport of host/ports.ts');
});

test('what is bundled uses no import.meta and no top-level await', () => {
  const files = TYPESCRIPT.filter(({ path }) => BUNDLED.test(path) && !/resources\.ts$/.test(path));
  const uses = findings(files, (node) => {
    if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword) {
      return 'import.meta';
    }
    return ts.isAwaitExpression(node) && !isInFunction(node) ? 'top-level await' : null;
  });
  none(uses, 'the one-file binary is a CommonJS script');
});

function isInFunction(node: ts.Node): boolean {
  for (let up = node.parent; up !== undefined; up = up.parent) {
    if (ts.isFunctionLike(up)) return true;
  }
  return false;
}

test('tests use no uvu hooks, skip nothing and single out nothing', () => {
  const files = TYPESCRIPT.filter(({ path }) => path.endsWith('.test.ts'));
  const uses = findings(files, (node) => {
    if (!ts.isCallExpression(node)) return null;
    const name = node.expression.getText();
    return /^\w+\.(before|after|before\.each|after\.each|only|skip)$/.test(name) ? name : null;
  });
  none(uses, 'set up inside the test, with a helper that returns a disposer');
});

test('nothing is left open', () => {
  // Written so that this line does not find itself.
  const mark = new RegExp(['\\b(TO', 'DO|FIX', 'ME|X', 'XX)\\b'].join(''));
  const open = sourceFiles('.ts', '.sol', '.mjs', '.js').flatMap(({ path, text }) =>
    linesOf(text)
      .map((line, index) => ({ line, place: `${path}:${index + 1}` }))
      .filter(({ line }) => mark.test(line))
      .map(({ place }) => place),
  );
  none(open, 'finish it or take it out');
});

test.run();
