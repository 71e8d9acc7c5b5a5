/** `npm run bench:bus`: what the guards of the bus cost, against the bare library and libmodbus. */
import { parseArgs } from 'node:util';
import { missingPackages } from '../build/debian-packages.ts';
import { measureAll, type Path } from './bus/measure.ts';

const USAGE = `npm run bench:bus -- [--rounds R] [--reads N] [--json]
  R rounds (7) of N reads (1,000; a fifth on the serial line) by each client`;
const REGISTERS = [2, 76];
const NEEDS = ['python3', 'python3-pymodbus', 'python3-serial-asyncio', 'socat', 'libmodbus5'];

/** @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  const text = { type: 'string' } as const;
  let values: { [name in 'rounds' | 'reads']?: string | undefined } & {
    json?: boolean | undefined;
  };
  try {
    const options = { rounds: text, reads: text, json: { type: 'boolean' } } as const;
    ({ values } = parseArgs({ args: [...argv], options }));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${USAGE}\n`);
    return 2;
  }
  const missing = missingPackages(['system']).filter(({ name }) => NEEDS.includes(name));
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(' ');
    process.stderr.write(`run: sudo apt-get install ${names}\n`);
    return 1;
  }
  const amount = { rounds: Number(values.rounds ?? 7), reads: Number(values.reads ?? 1_000) };
  const paths = (await measureAll(REGISTERS, amount)).map(withRatios);
  process.stdout.write(
    values.json === true ? `${JSON.stringify({ paths })}\n` : paths.map(sentence).join(''),
  );
  return 0;
}

function withRatios(path: Path) {
  const { busUs, bareUs, libmodbusUs } = path;
  return { ...path, ratioToBare: busUs / bareUs, ratioToLibmodbus: busUs / libmodbusUs };
}

function sentence(path: ReturnType<typeof withRatios>): string {
  const { name, registers, busUs, bareUs, libmodbusUs, ratioToBare, ratioToLibmodbus } = path;
  const us = (time: number) => `${time.toFixed(0)} us`;
  return (
    `${name}, ${registers} registers: bus ${us(busUs)}, ` +
    `modbus-serial alone ${us(bareUs)} (bus ${ratioToBare.toFixed(2)} times as long), ` +
    `libmodbus ${us(libmodbusUs)} (${ratioToLibmodbus.toFixed(2)} times)\n`
  );
}

if (process.argv[1]?.endsWith('bench/bus.ts') === true) {
  main(process.argv.slice(2)).then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
      process.exitCode = 1;
    },
  );
}
