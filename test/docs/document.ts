/** Documents for people, taken apart so that tests can hold them to what the programs do. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../build/project-root.ts';
import { sourceFiles } from '../source-tree.ts';

export function readDocument(name: string): string {
  return readFileSync(join(ROOT, 'docs', name), 'utf8');
}

/** The first fenced block of a language. @throws Error when there is none */
export function blockOf(text: string, language: string): string {
  const block = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(text)?.[1];
  if (block === undefined) throw new Error(`there is no ${language} in it`);
  return block;
}

/** Messages in the first columns of the tables of a section; `…` stands for what varies. */
export function messagesIn(text: string, section: string): string[] {
  const [, body = ''] = text.split(`\n## ${section}\n`);
  const [own = ''] = body.split('\n## ');
  return own
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => /^\| `([^`]+)`/.exec(line)?.[1] ?? '');
}

const LEAST_PIECE = 8;

/** Those of which no piece can be found in the sources of these folders. */
export function unsaid(messages: readonly string[], folders: RegExp): string[] {
  const sources = sourceFiles('.ts')
    .filter(({ path }) => folders.test(path))
    .map(({ text }) => text.replace(/['`]\s*\+\s*['`]/g, ''))
    .join('\n');
  return messages.filter((message) => {
    const pieces = message.split('…').map((piece) => piece.trim().replace(/^[()]+|[()]+$/g, ''));
    return pieces.some((piece) => piece.length >= LEAST_PIECE && !sources.includes(piece));
  });
}
