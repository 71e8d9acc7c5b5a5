/** The project's own source files, parsed once, for the tests of the house rules. */

import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, posix, relative } from 'node:path';
import ts from 'typescript';
import { ROOT } from '../build/project-root.ts';

/** Folders of source; everything else at the top is documents, data or output. */
const FOLDERS = [
  'agent',
  'bench',
  'build',
  'chain',
  'contracts',
  'host',
  'market',
  'operator',
  'solver',
  'studies',
  'test',
  'testbed',
];
const SKIPPED = new Set(['node_modules', 'artifacts', 'out', 'dist', '.cache']);

export interface SourceFile {
  /** From the project's root, with `/`. */
  readonly path: string;
  readonly text: string;
}

export interface ImportEdge {
  readonly from: string;
  /** A project path, or the bare name of a package or of a Node module (`node:fs`). */
  readonly to: string;
  readonly kind: 'project' | 'node' | 'package';
  readonly line: number;
}

/** All files of these endings (`.ts`), sorted by path. */
export function sourceFiles(...endings: string[]): SourceFile[] {
  const found: SourceFile[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!SKIPPED.has(entry.name)) walk(path);
      } else if (endings.some((ending) => entry.name.endsWith(ending))) {
        found.push({
          path: relative(ROOT, path).replaceAll('\\', '/'),
          text: readFileSync(path, 'utf8'),
        });
      }
    }
  };
  for (const folder of FOLDERS) {
    try {
      walk(join(ROOT, folder));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
  return found.sort((one, two) => (one.path < two.path ? -1 : 1));
}

export function parse(file: SourceFile): ts.SourceFile {
  return ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ES2023, true);
}

/** Every import, export from, and dynamic import of a literal. */
export function importsOf(file: SourceFile): ImportEdge[] {
  const source = parse(file);
  const edges: ImportEdge[] = [];
  const add = (name: ts.Expression | undefined): void => {
    if (name === undefined || !ts.isStringLiteral(name)) return;
    edges.push({ from: file.path, line: lineOf(source, name), ...resolve(file.path, name.text) });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0]);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return edges;
}

export function lineOf(source: ts.SourceFile, node: ts.Node): number {
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
}

function resolve(from: string, name: string): Pick<ImportEdge, 'to' | 'kind'> {
  if (name.startsWith('.')) {
    return { to: posix.normalize(posix.join(posix.dirname(from), name)), kind: 'project' };
  }
  if (name.startsWith('node:')) return { to: name, kind: 'node' };
  if (builtinModules.includes(name)) return { to: `node:${name}`, kind: 'node' };
  const parts = name.split('/');
  return { to: parts.slice(0, name.startsWith('@') ? 2 : 1).join('/'), kind: 'package' };
}
