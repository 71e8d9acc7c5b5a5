/** Words with whoever sits at the terminal, if somebody does. */
import { createInterface } from 'node:readline';

/** Where a terminal tells no width: a serial console says 0. */
const USUAL_COLUMNS = 80;
const CLEAR_LINE = '\r\u001b[K';

/** Replaces the last line on stderr; an empty text takes it away. */
export function showProgress(line: string): void {
  const { stderr } = process;
  if (!stderr.isTTY) return;
  stderr.write(
    `${CLEAR_LINE}${line.slice(0, Math.max(10, (stderr.columns || USUAL_COLUMNS) - 1))}`,
  );
}

/** A line that is typed; null where nobody can be asked. */
export function askUser(question: string): Promise<string | null> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return Promise.resolve(null);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  return new Promise((resolve) => {
    terminal.once('close', () => resolve(null));
    terminal.question(question, (line) => {
      resolve(line.trim());
      terminal.close();
    });
  });
}

/** A line that is typed and not shown; null where nobody can be asked. Ctrl-C, Ctrl-D end it. */
export function askHidden(question: string): Promise<string | null> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY) return Promise.resolve(null);
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  return new Promise((resolve) => {
    let line = '';
    const end = (answer: string | null) => {
      stdin.off('data', take);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
      resolve(answer);
    };
    const take = (text: string) => {
      for (const char of text) {
        if (char === '\r' || char === '\n') return end(line);
        if (char === '\u0003' || char === '\u0004') return end(null);
        line = char === '\u007f' || char === '\b' ? [...line].slice(0, -1).join('') : line + char;
      }
    };
    stdin.on('data', take);
    stdin.resume();
  });
}

/** What is piped in, as text; null at a terminal. */
export async function readInput(): Promise<string | null> {
  const { stdin } = process;
  if (stdin.isTTY) return null;
  const pieces: Buffer[] = [];
  for await (const piece of stdin) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString('utf8');
}

/** A reader that went away, as `head` does, is no error. */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}
