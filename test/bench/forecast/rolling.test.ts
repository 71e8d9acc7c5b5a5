import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  FLAT_PRIOR,
  priorOf,
  shippedPrior,
  tableOf,
} from '../../../agent/strategy/forecast/prior.ts';
import { LEAD_CLASSES } from '../../../agent/strategy/forecast/trained-model.ts';
import { fitPrior } from '../../../bench/forecast/fit-prior.ts';
import { A_MONDAY, type HomeSeries, plainDays } from '../../../bench/forecast/home-series.ts';
import { readHomes } from '../../../bench/forecast/read-homes.ts';
import { reportOf, sentencesOf } from '../../../bench/forecast/report.ts';
import { measureHome } from '../../../bench/forecast/rolling.ts';
import { DataError } from '../../../testbed/homes/csv.ts';
import { temporaryFolder } from '../../host/temporary-folder.ts';

const test = suite('bench: forecast');
const DAY = 24;

function homeOf(days: number, powerOf: (at: number) => number): HomeSeries {
  return {
    name: 'made up',
    intervalSeconds: 3600,
    firstInterval: A_MONDAY / 3600,
    local: plainDays(3600),
    loadW: Float32Array.from({ length: days * DAY }, (_, at) => powerOf(at)),
  };
}

test('a home that does the same every day is forecast without error', () => {
  const result = measureHome(
    homeOf(35, (at) => 100 + 10 * (at % DAY)),
    7,
  );
  assert.is(result?.simple.yesterday, 0);
  assert.is(result?.dayAhead.nmae, 0);
  assert.is(result?.dayAhead.coveragePercent, 100);
});

test('what comes is not looked at: other last hours leave all forecasts before them alone', () => {
  const usual = (at: number) => 200 + ((at * 7919) % 331) + (at % DAY > 17 ? 500 : 0);
  const changed = 35 * DAY - 6;
  const heard = [usual, (at: number) => (at >= changed ? 9000 - usual(at) : usual(at))].map(
    (powerOf) => {
      const forecasts: unknown[] = [];
      measureHome(homeOf(35, powerOf), 2, { hear: (each) => void forecasts.push(each) });
      return forecasts;
    },
  );
  // Two days of 24 day ahead and 24 one ahead; one ahead the last 5 have seen something else.
  assert.is(heard[0]?.length, 4 * DAY);
  assert.equal(heard[0]?.slice(0, -5), heard[1]?.slice(0, -5));
  assert.not.equal(heard[0]?.slice(-5), heard[1]?.slice(-5));
});

test('too short a home is left out', () => {
  assert.is(
    measureHome(
      homeOf(20, () => 100),
      14,
    ),
    null,
  );
});

test('reads homes of each form, and nothing else', () => {
  const folder = temporaryFolder();
  try {
    mkdirSync(join(folder.path, 'pv'));
    const write = (name: string, text: string) => writeFileSync(join(folder.path, name), text);
    write('load_kwh.csv', 'week,slot,7,8\nw44,0,0.1,0\nw44,1,0.25,1\n');
    write('Building_1.csv', 'month,hour,non_shiftable_load\n7,24,2.5\n8,1,0.5\n');
    write('hh_1.csv', 'timestamp,electricity\n1613343600,159\n1613345400,130\n1613344500,1\n');
    write('pv/pv_1.csv', 'timestamp,electricity\n1613343600,0\n1613344500,1\n');
    write('long.csv', 'utc,load_w,pv_w\n2024-02-28T21:00:00Z,5,0\n2024-02-28T21:30:00Z,,\n');
    write('weather.csv', 'temperature\n1\n');
    const homes = readHomes(folder.path);
    const told = homes.map((each) => [each.name, each.intervalSeconds, [...each.loadW]]);
    assert.equal(told, [
      ['Building_1', 3600, [2500, 500]],
      ['hh_1', 900, [159, 1, 130]],
      ['7', 900, [400, 1000].map(Math.fround)],
      ['8', 900, [0, 4000]],
      ['long', 1800, [5, Number.NaN]],
    ]);
  } finally {
    folder.dispose();
  }
});

test('what is wrong with a home is said with its file', () => {
  const folder = temporaryFolder();
  try {
    const write = (text: string) => writeFileSync(join(folder.path, 'home.csv'), text);
    const says = (pattern: RegExp) => (error: Error) => {
      return error instanceof DataError && pattern.test(error.message);
    };
    write('utc,load_w\nyesterday,5\n');
    assert.throws(() => readHomes(folder.path), says(/home\.csv: "yesterday" is no time/));
    write('timestamp,electricity\n1613343600,much\n');
    assert.throws(() => readHomes(folder.path), says(/home\.csv: "much" is no number/));
    assert.throws(() => readHomes(join(folder.path, 'none')), says(/cannot be read/));
  } finally {
    folder.dispose();
  }
});

test('the report has medians over homes and says the goals', () => {
  const result = measureHome(
    homeOf(35, (at) => 100 + ((at * 7919) % 331)),
    7,
  );
  assert.ok(result !== null);
  const year = { trainCpuMs: 1, forecastCpuMs: 1, memoryMiB: 1 };
  const report = reportOf([result], { testDays: 7, year, seconds: 1 });
  assert.is(report.homes, 1);
  assert.match(sentencesOf(report), /goal 0\.94/);
  assert.throws(() => reportOf([], { testDays: 7, year, seconds: 1 }));
});

/** A few homes that draw by chance, the later the more, each in its own way. */
function homesOf(days: number, lastOf: (at: number) => number = () => 0): HomeSeries[] {
  return [3, 5, 7].map((own) =>
    homeOf(days, (at) => {
      const evening = at % DAY > 16 ? 100 * own : 0;
      return 100 + evening + ((at * 7919 * own) % 331) + (at >= (days - 7) * DAY ? lastOf(at) : 0);
    }),
  );
}

test('a prior is fitted without the last days, and comes out of its table as it went in', () => {
  const table = tableOf(fitPrior(homesOf(35), 7));
  assert.is(
    tableOf(
      fitPrior(
        homesOf(35, (at) => (at * 31) % 997),
        7,
      ),
    ),
    table,
  );
  assert.not.equal(
    tableOf(
      fitPrior(
        homesOf(35, (at) => (at * 31) % 997),
        1,
      ),
    ),
    table,
  );
  assert.is(tableOf(priorOf(table)), table);
  assert.throws(() => priorOf(table.replace('memory2', 'memory3')), /fit it again/);
});

test('a home is forecast with the prior that is given', () => {
  const home = homesOf(35)[0] ?? homeOf(35, () => 100);
  const high = LEAD_CLASSES.map(() => ({ linear: FLAT_PRIOR.linear.map((each) => 3 * each) }));
  const priors = [undefined, high.map((each) => ({ ...each, trees: null }))];
  const [shipped, other] = priors.map((prior) => measureHome(home, 7, { prior }));
  assert.ok((shipped?.dayAhead.nmae ?? 1) < (other?.dayAhead.nmae ?? 0));
});

test('what is shipped is for the features there are', () => {
  assert.is(shippedPrior().length, LEAD_CLASSES.length);
});

test.run();
