import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DataError } from '../../../testbed/homes/csv.ts';
import { readCommunity } from '../../../testbed/homes/readers.ts';

const test = suite('readers of measured traces');

const MIDNIGHT_S = Date.UTC(2021, 1, 14, 23) / 1000;
const OPTIONS = { homes: 4, feeders: 2, seed: 1 };

async function inFolder(files: Record<string, string>, work: (dir: string) => void): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'transax-data-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(dir, name)), { recursive: true });
      writeFileSync(join(dir, name), text);
    }
    work(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function series(steps: number, value: (step: number) => number, startsAt = MIDNIGHT_S): string {
  const rows = Array.from({ length: steps }, (_, i) => `${startsAt + i * 900},${value(i)}`);
  return `timestamp,electricity\n${rows.join('\n')}\n`;
}

const HAMLET = {
  'sfh_load/hh_1.csv': series(200, (step) => 100 + step),
  'sfh_load/hh_2.csv': series(200, () => 250),
  // The second day is the sunnier one.
  'pv/pv_1.csv': series(200, (step) => (step >= 96 && step % 96 === 48 ? 0.5 : 0.01)),
};

function message(work: () => unknown, code: DataError['code']): string {
  try {
    work();
  } catch (cause) {
    assert.instance(cause, DataError);
    assert.is((cause as DataError).code, code);
    return (cause as DataError).message;
  }
  return assert.unreachable() as never;
}

test('HAMLET: loads in W, PV per unit, the run begins on the sunniest morning', () =>
  inFolder(HAMLET, (dir) => {
    const community = readCommunity(dir, OPTIONS);
    // 9:00 local on the second of the two whole days.
    assert.is(community.startsAtMs, (MIDNIGHT_S + 33 * 3600) * 1000);
    const [first, second, third] = community.homes;
    assert.is(first?.loadW[0], 100 + 96 + 36);
    assert.is(first?.loadW[192 - 36 - 96], 100, 'after the end the trace begins again');
    assert.is(second?.loadW[0], 250);
    assert.ok((first?.pvW[12] ?? 0) > 2000);
    assert.ok(third?.loadW[0] !== first?.loadW[0], 'a repeated home is scaled');
    assert.ok(community.notes.some((note) => note.startsWith('Homes measured: 2')));
  }));

test('a start that is asked for keeps its time of day', () =>
  inFolder(HAMLET, (dir) => {
    const startsAtMs = Date.UTC(2030, 1, 1, 12);
    const community = readCommunity(dir, { ...OPTIONS, startsAtMs });
    assert.is(community.startsAtMs, startsAtMs);
    assert.is(community.homes[0]?.loadW[0], 100 + 96 + 13 * 4);
    const own = readCommunity(dir, { ...OPTIONS, startsAtMs: MIDNIGHT_S * 1000 });
    assert.is(own.homes[0]?.loadW[0], 100, 'a day of the data is taken as it is');
  }));

test('Swiss homes: kWh of a quarter of an hour become W, PV is generated and said', () => {
  const rows = Array.from({ length: 672 }, (_, slot) => `w44,${slot},0.5,${slot === 0 ? 1 : 0}`);
  return inFolder({ 'load_kwh.csv': `week,slot,11,12\n${rows.join('\n')}\n` }, (dir) => {
    const community = readCommunity(dir, { ...OPTIONS, startsAtMs: Date.UTC(2026, 5, 11, 22) });
    assert.is(community.homes[0]?.loadW[300], 2000);
    assert.is(community.homes[1]?.loadW[0], 4000);
    assert.ok(community.homes[0]?.pvW.some((watts) => watts > 0));
    assert.ok(community.notes.some((note) => note.includes('generated roof')));
  });
});

test('CityLearn: hours become quarters, plant and battery come from the schema', () => {
  const rows = ['7,24,9,9', ...Array.from({ length: 24 }, (_, h) => `8,${h + 1},1.5,${h * 10}`)];
  const schema = {
    buildings: {
      Building_1: {
        pv: { attributes: { nominal_power: 4 } },
        electrical_storage: { attributes: { capacity: 6.4, efficiency: 0.9, nominal_power: 5 } },
      },
    },
  };
  const files = {
    'Building_1.csv': `month,hour,non_shiftable_load,solar_generation\n${rows.join('\n')}`,
    'schema.json': JSON.stringify(schema),
  };
  return inFolder(files, (dir) => {
    const options = { homes: 1, feeders: 1, seed: 1, startsAtMs: Date.UTC(2026, 5, 11, 22) };
    const home = readCommunity(dir, options).homes[0];
    assert.equal(home?.loadW.slice(0, 5), Float64Array.of(1500, 1500, 1500, 1500, 1500));
    assert.equal(home?.pvW.slice(3, 6), Float64Array.of(0, 40, 40));
    assert.is(home?.battery?.capacityWs, 6.4 * 3_600_000);
  });
});

test('EMHASS: gaps take the same time of another day', () => {
  const firstMs = Date.UTC(2024, 4, 1, 22);
  const rows = Array.from({ length: 96 }, (_, row) => {
    const gap = row === 50 || row === 3;
    return `${new Date(firstMs + row * 1_800_000).toISOString()},${gap ? '' : 100 + row},`;
  });
  return inFolder({ 'long_train_data.csv': `utc,load_w,pv_w\n${rows.join('\n')}` }, (dir) => {
    const options = { homes: 1, feeders: 1, seed: 1, startsAtMs: firstMs };
    const home = readCommunity(dir, options).homes[0];
    assert.equal(home?.loadW.slice(6, 8), Float64Array.of(151, 151), 'from the day after');
    assert.equal(home?.loadW.slice(100, 102), Float64Array.of(102, 102), 'from the day before');
    assert.ok(home?.pvW.every((watts) => watts === 0));
  });
});

function dayProfile(cell: (row: number) => string): string {
  const rows = Array.from({ length: 96 }, (_, row) => `${row}:00,${row},0.5,0.4,${cell(row)},99`);
  const head = [
    'Feeder Line,1,2,2,3,',
    'Home,1,1,2,1,',
    'Annual,,1,1,1,',
    'Peak,9,,,,',
    'Time,,,,,',
  ];
  return [...head, ...rows].join('\r\n');
}

test('TRANSAX: columns are homes in kW, producers have a peak, sums are left out', () =>
  inFolder({ 'day-profile.csv': dayProfile(() => '0.25') }, (dir) => {
    const { homes, feeders } = readCommunity(dir, { homes: 4, feeders: 3, seed: 1 });
    assert.equal(
      homes.map((home) => home.feeder),
      [1, 2, 2, 3],
    );
    assert.is(homes[0]?.pvW[7], 7000);
    assert.is(homes[1]?.loadW[7], 500);
    assert.is(homes[0]?.battery?.capacityWs, 324_000_000);
    assert.is(homes[1]?.battery, null);
    assert.is(feeders[2]?.externalLimitW, 20_000);
  }));

test('what cannot be read is named with file, line and column', async () => {
  await inFolder({ 'day-profile.csv': dayProfile((row) => (row === 9 ? 'x' : '1')) }, (dir) => {
    const said = message(() => readCommunity(dir, OPTIONS), 'malformed');
    assert.match(said, 'day-profile.csv line 15: "x" in column "3" is not a number of at least 0');
  });
  await inFolder({ ...HAMLET, 'pv/pv_2.csv': 'timestamp,power\n1,2\n' }, (dir) => {
    const said = message(() => readCommunity(dir, OPTIONS), 'malformed');
    assert.match(said, 'pv_2.csv line 1: there is no column "electricity"');
  });
  await inFolder({ ...HAMLET, 'sfh_load/hh_3.csv': `${series(3, () => 1)}9,9\n` }, (dir) => {
    assert.match(
      message(() => readCommunity(dir, OPTIONS), 'malformed'),
      'hh_3.csv line 5: the time is not 900 s after',
    );
  });
});

test('a folder of no known shape says what is known', () =>
  inFolder({ 'other.csv': 'a,b\n' }, (dir) => {
    assert.match(
      message(() => readCommunity(dir, OPTIONS), 'shape'),
      'Building_*.csv (CityLearn)',
    );
    assert.match(
      message(() => readCommunity(`${dir}/nowhere`, OPTIONS), 'missing'),
      'there is no folder',
    );
  }));

test.run();
