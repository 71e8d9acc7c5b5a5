import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as v from 'valibot';
import { powerW } from '../../market/settings/quantities.ts';
import { readSettings, SettingsError, table } from '../../market/settings/toml.ts';

const test = suite('settings: toml');

const SCHEMA = table({
  meter: table({ unit: v.number('must be a number'), power: powerW() }),
  feeders: v.optional(v.array(table({ limit: powerW() })), []),
  loads: v.optional(v.record(v.string(), table({ power: powerW() })), {}),
});

function faultsOf(text: string): string[] {
  try {
    readSettings(text, SCHEMA, 'x.toml');
  } catch (error) {
    assert.instance(error, SettingsError);
    return (error as SettingsError).faults.map((fault) => `${fault.line} ${fault.key}`);
  }
  return [];
}

test('a good file gives its values in inner units', () => {
  const value = readSettings(
    '[meter]\nunit = 1\npower = "2 kW"\n[loads.boiler]\npower = "1 kW"',
    SCHEMA,
    'x.toml',
  );
  assert.equal(value, {
    meter: { unit: 1, power: 2000 },
    feeders: [],
    loads: { boiler: { power: 1000 } },
  });
});

test('three faults are named together, each with key and line', () => {
  const text = `# a comment
[meter]
unit = "one"
powr = "2 kW"

[loads.boiler]
power = "2 KW"
`;
  assert.equal(faultsOf(text), [
    '2 meter.power',
    '3 meter.unit',
    '4 meter.powr',
    '7 loads.boiler.power',
  ]);
});

test('every unknown key is named with the nearest known one', () => {
  try {
    readSettings('[meter]\nunit=1\npower="1 W"\npoer="1 W"\nzzzzzz=1\n[lods]', SCHEMA, 'x.toml');
    assert.unreachable();
  } catch (error) {
    assert.instance(error, SettingsError);
    const messages = (error as SettingsError).faults.map((fault) => fault.message);
    assert.is(messages.length, 3);
    assert.match(messages[0] ?? '', /did you mean power/);
    assert.match(messages[1] ?? '', /known: unit, power/);
    assert.match(messages[2] ?? '', /did you mean loads/);
  }
});

test('lines are found in inline tables, arrays, dotted keys and after multi-line strings', () => {
  assert.equal(
    faultsOf(`meter.unit = 1
meter.power = """
bad"""
feeders = [
  { limit = "1 kW" },
  # between
  { limit = "[x" },
]
`),
    ['2 meter.power', '7 feeders.1.limit'],
  );
  assert.equal(faultsOf('[meter]\nunit=1\npower="1 W"\n[[feeders]]\nlimit="1 W"\n[[feeders]]\n'), [
    '6 feeders.1.limit',
  ]);
});

test('text that is not TOML is one fault with its line', () => {
  assert.equal(faultsOf('[meter]\nunit = = 1'), ['2 ']);
});

test('any text gives a value or a SettingsError', () => {
  const pieces = fc.constantFrom(
    '[',
    ']',
    '"',
    "'",
    '=',
    'meter',
    '.',
    '\n',
    '#',
    '{',
    '}',
    ',',
    ' ',
    '1',
    '\\',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
      try {
        readSettings(parts.join(''), SCHEMA, 'x.toml');
      } catch (error) {
        assert.instance(error, SettingsError);
      }
    }),
  );
});

test.run();
