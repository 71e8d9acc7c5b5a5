import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lintProfile, listProfiles, loadProfile } from '../../agent/drivers/profile.ts';
import { FOUNDATIONS } from '../../agent/drivers/profile-schema.ts';
import { REGISTER_TYPES } from '../../agent/drivers/registers.ts';
import { POINT_NAMES, UNIT_NAMES } from '../../agent/drivers/vocabulary.ts';
import { projectResources } from '../../host/resources.ts';
import { compareWithTable } from '../registers/compare.ts';
import { registerBus } from '../registers/register-bus.ts';
import { readRegisterTable } from '../registers/register-table.ts';
import { blockOf, readDocument } from './document.ts';

const test = suite('docs: meters');
const TEXT = readDocument('meters.md');
const RESOURCES = projectResources();
const PROFILES = listProfiles(RESOURCES).filter(({ name }) => name !== 'transax-lab-battery');

function rowsOf(heading: string): string[] {
  const [, body = ''] = TEXT.split(`\n## ${heading}\n`);
  const [own = ''] = body.split('\n## ');
  return own.split('\n').filter((line) => line.startsWith('| `'));
}

test('the table of models is that of the profiles', () => {
  const expected = PROFILES.map(
    ({ name, vendor, title, kind, foundation }) =>
      `| \`${name}\` | ${vendor} ${title} | ${kind} | ${foundation} |`,
  );
  const rows = rowsOf('Models').filter((row) => row.split('|').length === 6);
  assert.equal(rows, expected);
});

test('what to set on each device is what its profile says', () => {
  const expected = PROFILES.flatMap(({ name, setup }) =>
    setup.length === 0 ? [] : [`| \`${name}\` | ${setup.join(' ')} |`],
  );
  assert.equal(rowsOf('What to set on the device'), expected);
});

test('settings that the agent checks are named with the devices that have them', () => {
  const expected = PROFILES.flatMap(({ name }) =>
    loadProfile(RESOURCES, name).required.map(
      (each) =>
        `| \`${name}\` | ${each.name} | \`0x${each.address.toString(16).toUpperCase()}\` | ` +
        `${each.oneOf.join(', ')} |`,
    ),
  );
  assert.equal(rowsOf('Settings that are checked'), expected);
});

test('every word of the format is explained', () => {
  for (const word of [...POINT_NAMES, ...UNIT_NAMES, ...REGISTER_TYPES, ...FOUNDATIONS]) {
    assert.ok(TEXT.includes(`\`${word}\``), `\`${word}\``);
  }
});

test('the invented meter is read as the steps say', async () => {
  const { profile, faults, warnings } = lintProfile(blockOf(TEXT, 'toml'), 'acme-m3.toml');
  assert.equal([faults, warnings], [[], []]);
  const folder = mkdtempSync(join(tmpdir(), 'transax-meters-'));
  try {
    const file = join(folder, 'acme-m3.csv');
    writeFileSync(file, blockOf(TEXT, 'csv'));
    const cases = readRegisterTable(file);
    assert.equal(
      cases.map(({ name }) => name),
      ['day', 'edge', 'none'],
    );
    for (const each of cases) {
      if (profile === null) return assert.unreachable();
      assert.equal(await compareWithTable(registerBus(each), profile, each), []);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
