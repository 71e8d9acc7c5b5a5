import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SettingsError } from '../../../market/settings/toml.ts';
import { studyTransax2020 } from '../../../studies/transax-2020/study.ts';

const test = suite('studies/transax-2020/study');

const PARAMETERS = `
horizons = [2, 5]
internal_limit = "25 kW"
external_limit = "20 kW"
arbitrary_seeds = [1, 2]
tables_for = [5]
[lookalike]
seed = 7
[batteries]
capacity_kw_slots = 90
charge_kw = 10
last_interval = 95
`;

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'transax-study-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function run(folder: string, out: string, text = PARAMETERS): Promise<string> {
  const parameters = join(folder, 'parameters.toml');
  writeFileSync(parameters, text);
  return studyTransax2020({ data: null, out: join(folder, out), parameters, say: () => {} });
}

test('the same manifest gives the same bytes', async () => {
  await inFolder(async (folder) => {
    await run(folder, 'one');
    await run(folder, 'two');
    const names = readdirSync(join(folder, 'one')).sort();
    assert.equal(names, [
      'feeders.csv',
      'figure-9.csv',
      'figure-9.svg',
      'homes.csv',
      'intervals.csv',
      'manifest.json',
      'runs.csv',
      'trades.csv',
    ]);
    const read = (run: string, name: string) => readFileSync(join(folder, run, name), 'utf8');
    for (const name of names.filter((one) => one !== 'manifest.json')) {
      assert.ok(read('one', name).length > 100, `${name} holds something`);
      assert.ok(read('one', name) === read('two', name), name);
    }
    const manifests = ['one', 'two'].map((name) => JSON.parse(read(name, 'manifest.json')));
    // Somebody may commit or edit between two runs: that is the one thing that may differ.
    for (const manifest of manifests) assert.match(manifest.commit, /^([0-9a-f]{40}\+?|unknown)$/);
    assert.equal({ ...manifests[0], commit: '' }, { ...manifests[1], commit: '' });
    assert.is(manifests[0].seed, 7);
  });
});

test('with the earliest deadline first the curve is flat at the optimum of hindsight', async () => {
  await inFolder(async (folder) => {
    await run(folder, 'out');
    const [header, ...lines] = readFileSync(join(folder, 'out', 'figure-9.csv'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    const column = (name: string) => header?.indexOf(name) ?? -1;
    assert.is(lines.length, 4);
    for (const cells of lines) {
      const optimum = Number(cells[column('hindsight_kw_slots')]);
      const earliest = Number(cells[column('earliest_deadline_kw_slots')]);
      assert.ok(optimum > 1000);
      assert.ok(Math.abs(earliest - optimum) <= 0.001 * optimum, `${earliest} of ${optimum}`);
      const mean = Number(cells[column('arbitrary_mean_kw_slots')]);
      if (cells[column('batteries')] === 'yes') assert.ok(mean < optimum, 'a tie rule matters');
    }
  });
});

test('every fault of the parameters is named', async () => {
  await inFolder(async (folder) => {
    const text = PARAMETERS.replace('25 kW', '25').replace('horizons', 'horizon');
    try {
      await run(folder, 'out', text);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, SettingsError);
      assert.ok((error as SettingsError).faults.length >= 2);
    }
  });
});

test.run();
