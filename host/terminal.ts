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
  if (!process.stdin.isTTY) return Promise.resolve(null);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  return new Promise((resolve) => {
    terminal.once('close', () => resolve(null));
    terminal.question(question, (line) => {
      resolve(line.trim());
      terminal.close();
    });
  });
}

/** A reader that went away, as `head` does, is no error. */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}
