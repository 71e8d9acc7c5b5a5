/** `npm run study -- NAME ...`: runs one of the studies. */
import { parseArgs } from 'node:util';
import { SettingsError } from '../market/settings/toml.ts';
import { OffersError } from './day-offers.ts';
import { studyTransax2020 } from './transax-2020/study.ts';

const USAGE = `npm run study -- NAME [--data DIR] [--out DIR] [--parameters FILE]
  transax-2020  traded energy against the prediction window (figure 9 of the paper)
                --data  folder with offers-no-battery.csv and offers-with-battery.csv;
                        without it a generated look-alike of the microgrid is used`;

/** @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  const text = { type: 'string' } as const;
  let name: string | undefined;
  let values: {
    data?: string | undefined;
    out?: string | undefined;
    parameters?: string | undefined;
  };
  try {
    const options = { data: text, out: text, parameters: text };
    const parsed = parseArgs({ args: [...argv], options, allowPositionals: true });
    ({ values } = parsed);
    name = parsed.positionals[0];
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
  if (name !== 'transax-2020') return usage(name === undefined ? '' : `there is no study ${name}`);
  try {
    const table = await studyTransax2020({
      data: values.data ?? null,
      out: values.out ?? null,
      ...(values.parameters === undefined ? {} : { parameters: values.parameters }),
      say: (line) => process.stderr.write(`${line}\n`),
    });
    process.stdout.write(table);
    return 0;
  } catch (error) {
    if (!(error instanceof OffersError) && !(error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

function usage(fault: string): number {
  process.stderr.write(fault === '' ? `${USAGE}\n` : `${fault}\n\n${USAGE}\n`);
  return 2;
}

process.exitCode = await main(process.argv.slice(2));
