/**
 * Runs many commands of one program in one process: `commands-host.ts agent|operator LIST`, where
 * LIST is a JSON file with their arguments. A neighbourhood of a hundred homes is enrolled by the
 * same commands as a single one, without a hundred starts of Node. Prints what each command prints
 * as one JSON string a line; ends with the first exit code that is not 0.
 */
import { readFileSync } from 'node:fs';

type Main = (argv: readonly string[]) => Promise<number>;

async function run(program: string, listFile: string): Promise<number> {
  const { main }: { main: Main } =
    program === 'agent' ? await import('../agent/main.ts') : await import('../operator/main.ts');
  const commands = JSON.parse(readFileSync(listFile, 'utf8')) as string[][];
  const write = process.stdout.write.bind(process.stdout);
  for (const argv of commands) {
    let printed = '';
    process.stdout.write = ((chunk: string | Uint8Array) => {
      printed += chunk.toString();
      return true;
    }) as typeof process.stdout.write;
    const code = await main(argv).finally(() => {
      process.stdout.write = write;
    });
    if (code !== 0) return code;
    write(`${JSON.stringify(printed.trim())}\n`);
  }
  return 0;
}

const [program = '', listFile = ''] = process.argv.slice(2);
process.exitCode = await run(program, listFile);
