import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PROFILE_SCHEMA_FILE, profileSchemaText } from '../../build/profile-schema.ts';
import { ROOT } from '../../build/project-root.ts';

const test = suite('profile schema');

test('the published JSON Schema is that of the program (else: npm run build:schema)', () => {
  assert.is(readFileSync(join(ROOT, PROFILE_SCHEMA_FILE), 'utf8'), profileSchemaText());
});

test('it is as strict as the program where a JSON Schema can be', () => {
  const { additionalProperties, required, properties, $defs } = JSON.parse(profileSchemaText());
  assert.is(additionalProperties, false);
  assert.is($defs.point.additionalProperties, false);
  assert.ok(required.includes('points') && required.includes('foundation'));
  assert.is($defs.point.properties.address.maximum, 65535);
  assert.is(properties.limits.properties.max_registers.maximum, 125);
  assert.ok(Object.keys(properties.points.properties).includes('energy_export_l3'));
});

test.run();
