/**
 * The meter commands of an installer without an agent: a serial line (a pseudo-terminal that hears
 * at its own speed alone), and a gateway of the other framing; the meters by Debian's pymodbus.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HouseProcess, type HouseSettings } from '../hil/house-process.ts';
import { temporaryFolder } from '../host/temporary-folder.ts';
import { AGENT, type Ended, type Program, run } from './processes.ts';

const test = suite('meter line');
const START_MS = Date.UTC(2026, 5, 12, 9);

interface Line {
  house: HouseProcess;
  /** A command in words, with settings that name this line. */
  cli(words: string, program?: Program): Promise<Ended>;
  write(connection: string): void;
}

/** A house that draws about 6 kW. @param factor how fast its counters run, 1 as they should */
async function withLine(
  how: Pick<HouseSettings, 'line' | 'meter' | 'baud'> & { factor?: number },
  work: (line: Line) => Promise<void>,
): Promise<void> {
  const { factor = 1, ...kind } = how;
  const folder = temporaryFolder();
  const config = join(folder.path, 'agent.toml');
  const house = await HouseProcess.start(
    { ...kind, seed: 3, baseW: 6000, pvW: 0, importedWs: 36e6, exportedWs: 3.6e6, lateMs: 100 },
    { startsAtMs: START_MS, wallOriginMs: Date.now(), factor },
  );
  const write = (connection: string) => writeFileSync(config, tomlOf(connection, how));
  try {
    write(house.connection);
    await work({
      house,
      write,
      cli: (words, program = AGENT) => run(program, ...words.split(' '), '--config', config),
    });
  } finally {
    house.close();
    folder.dispose();
  }
}

function tomlOf(
  connection: string,
  { meter, baud }: Pick<HouseSettings, 'meter' | 'baud'>,
): string {
  return `[buses.cabinet]
connection = "${connection}"
timeout = "500 ms"
${baud === undefined ? '' : `baud = ${baud}\n`}
[meters.house]
role = "grid"
profile = "${meter}"
bus = "cabinet"
unit = 1

[home]
zone = "Europe/Berlin"
max_power = "11 kW"

[lab]
clear_net = true
single_endpoint = true
unproven_clock = true
`;
}

/** The same program at a terminal; what it says and shows comes out mixed. */
const AT_TERMINAL: Program = {
  ...AGENT,
  command: [
    'sh',
    '-c',
    'script -qefc "$(printf "\'%s\' " "$@")" /dev/null',
    'sh',
    ...AGENT.command,
  ],
};

for (const [meter, baud] of [
  ['abb-b23', 19_200],
  ['eastron-sdm630', 9600],
] as const) {
  test(`serial: a scan finds the ${meter}, its unit and its speed, and says nothing else`, () =>
    withLine({ line: 'serial', meter, baud }, async ({ house, cli }) => {
      const path = house.connection.slice('serial:'.length);
      const scan = `meter scan ${path} --units 1..1 --timeout 100ms`;
      const { code, out, err } = await cli(scan);
      assert.is(code, 0, out + err);
      const [first = '', ...more] = out.trimEnd().split('\n');
      assert.match(
        first,
        new RegExp(`^unit 1 +${baud} 8N1 +${meter} +230\\.1 V +50\\.01 Hz +100 %`),
      );
      // A pseudo-terminal knows no parity.
      for (const line of more) assert.match(line, new RegExp(`^unit 1 +${baud} 8E1 +${meter} `));
      assert.is(err, '', 'no progress where nobody looks');
    }));
}

test('serial: progress is shown at a terminal', () =>
  withLine({ line: 'serial', meter: 'abb-b23', baud: 9600 }, async ({ cli }) => {
    const words = 'meter scan cabinet --units 1..2 --timeout 100ms --baud 9600 --parity N';
    const { code, out } = await cli(words, AT_TERMINAL);
    assert.is(code, 0, out);
    assert.match(out, /9600 8N1 +#{10}-{10} +unit 2 of 2/);
    assert.match(out, /unit 1 +9600 8N1 +abb-b23/);
  }));

test('serial: nobody at the speeds that are tried ends with 5 and what to do', () =>
  withLine({ line: 'serial', meter: 'abb-b23', baud: 19_200 }, async ({ cli }) => {
    const words = 'meter scan cabinet --units 1..1 --timeout 100ms --baud 2400,9600';
    const { code, out } = await cli(words);
    assert.is(code, 5, out);
    assert.match(out, /nobody answers on cabinet \(units 1\.\.1\)\n +do +swap A and B/);
  }));

test('serial: all values are read, and the power agrees with the counters', () =>
  withLine({ line: 'serial', meter: 'eastron-sdm630', baud: 9600 }, async ({ cli }) => {
    const read = await cli('meter read house');
    assert.is(read.code, 0, read.out + read.err);
    assert.match(read.out, /house +eastron-sdm630 .*unit 1 +cabinet \(\/dev\/.* 9600 8N1\)/);
    assert.match(read.out, /power +\d[\s\S]*voltage +L1 230\.1 +L2 229\.7 +L3 231\.2/);
    assert.match(read.out, /check +ok +sum of phases = total/);
    const compared = await cli('meter test house 6s');
    assert.is(compared.code, 0, compared.out + compared.err);
    assert.match(compared.out, / 0 failed[\s\S]*ok, they agree/);
    assert.is(compared.err, '');
  }));

test('serial: counters that run four times too fast end the test with 6', () =>
  withLine({ line: 'serial', meter: 'eastron-sdm630', factor: 4 }, async ({ cli }) => {
    const { code, out } = await cli('meter test house 5s');
    assert.is(code, 6, out);
    assert.match(out, /WRONG, they differ by .*: profile, scale, sign/);
  }));

for (const [is, said] of [
  ['rtu-tcp', 'tcp'],
  ['tcp', 'rtu-tcp'],
] as const) {
  test(`doctor: a bus written as ${said} is told to be ${is}, and is well when mended`, () =>
    withLine({ line: is, meter: 'abb-b23' }, async ({ house, write, cli }) => {
      const place = house.connection.replace(/^[a-z-]+:/, '');
      write(`${said}:${place}`);
      const ill = await cli('doctor --offline');
      assert.is(ill.code, 2, ill.out + ill.err);
      const remedy = new RegExp(
        `FAIL meter house .*no good answer.*\\n +cause +it answers as ${is}\\n` +
          ` +do +write connection = "(${is}:${place})"`,
      );
      const [, told = ''] = remedy.exec(ill.out) ?? [];
      assert.ok(told !== '', ill.out);
      write(told);
      const well = await cli('doctor --offline');
      assert.match(well.out, /ok +meter house +abb-b23 unit 1 on cabinet/);
    }));
}

test.run();
