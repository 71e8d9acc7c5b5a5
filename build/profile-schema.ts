/**
 * `npm run build:schema`: writes the JSON Schema of profile files, for editors, from the schema
 * that checks them (agent/drivers/profile-schema.ts). A test fails when the file is not current.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { toJsonSchema } from '@valibot/to-json-schema';
import { DERIVED, LINE, POINT, PROFILE_SCHEMA } from '../agent/drivers/profile-schema.ts';
import { REGISTER_TYPES } from '../agent/drivers/registers.ts';
import { ROOT } from './project-root.ts';

export const PROFILE_SCHEMA_FILE = 'docs/schema/meter-profile.schema.json';

/** The text of the file. */
export function profileSchemaText(): string {
  const schema = toJsonSchema(PROFILE_SCHEMA, {
    typeMode: 'input',
    definitions: { point: POINT, derived: DERIVED, line: LINE },
    // What no JSON Schema can say (a scale is not 0) is left to `meter lint`.
    errorMode: 'ignore',
    overrideSchema: ({ valibotSchema }) =>
      valibotSchema.type === 'custom'
        ? { anyOf: [{ enum: [...REGISTER_TYPES] }, { type: 'string', pattern: '^str\\(\\d+\\)$' }] }
        : undefined,
  });
  const head = {
    $id: 'meter-profile.schema.json',
    title: 'transax device profile',
    description: 'Which values a meter, inverter or battery has in which Modbus register.',
  };
  return `${JSON.stringify({ $schema: schema.$schema, ...head, ...schema }, null, 2)}\n`;
}

if (process.argv[1] === import.meta.filename) {
  const path = join(ROOT, PROFILE_SCHEMA_FILE);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, profileSchemaText());
  console.log(`wrote ${PROFILE_SCHEMA_FILE}`);
}
