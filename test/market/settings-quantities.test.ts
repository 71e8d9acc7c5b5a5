import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  parseAmountMicro,
  parseDurationMs,
  parseDurationSeconds,
  parseEnergyWs,
  parsePowerW,
  parsePriceMicroPerKwh,
  parseShare,
  QuantityError,
} from '../../market/settings/quantities.ts';

const test = suite('settings: quantities');

test('quantities become whole numbers of the inner unit', () => {
  assert.is(parsePowerW('2 kW'), 2000);
  assert.is(parsePowerW('500 W'), 500);
  assert.is(parsePowerW('10 MW'), 10_000_000);
  assert.is(parsePowerW('0.5kW'), 500);
  assert.is(parseEnergyWs('10 kWh'), 36_000_000);
  assert.is(parseEnergyWs('1 Wh'), 3600);
  assert.is(parseDurationMs('15 min'), 900_000);
  assert.is(parseDurationSeconds('60 s'), 60);
  assert.is(parsePriceMicroPerKwh('0.30 /kWh'), 300_000);
  assert.is(parseAmountMicro('50'), 50_000_000n);
  assert.is(parseAmountMicro('0.000001'), 1n);
  assert.is(parseShare('90 %'), 0.9);
});

test('a wrong quantity is refused with what is wrong and an example', () => {
  const cases: [() => unknown, QuantityError['code'], RegExp][] = [
    [() => parsePowerW('two kW'), 'form', /"2 kW"/],
    [() => parsePowerW('2'), 'unit', /no unit/],
    [() => parsePowerW('2 KW'), 'unit', /written kW/],
    [() => parsePowerW('2 kWh'), 'unit', /none of a power/],
    [() => parsePowerW('2 constructor'), 'unit', /none of a power/],
    [() => parsePowerW('-2 kW'), 'range', /negative/],
    [() => parsePowerW('0.5 W'), 'fraction', /whole number of W/],
    [() => parsePowerW('5000 MW'), 'range', /too large/],
    [() => parseShare('101 %'), 'range', /too large/],
    [() => parseAmountMicro('50 EUR'), 'unit', /takes none/],
    [() => parseDurationSeconds('1500 ms'), 'fraction', /seconds/],
    [() => parseEnergyWs(''), 'form', /"10 kWh"/],
    [() => parseEnergyWs('9'.repeat(10_000)), 'form', /"10 kWh"/],
  ];
  for (const [read, code, pattern] of cases) {
    try {
      read();
    } catch (error) {
      assert.instance(error, QuantityError);
      assert.is((error as QuantityError).code, code);
      assert.match((error as QuantityError).message, pattern);
      continue;
    }
    assert.unreachable(`${read} must be refused`);
  }
});

test('any text gives a value or a QuantityError', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        const watts = parsePowerW(text);
        assert.ok(Number.isInteger(watts) && watts >= 0);
      } catch (error) {
        assert.instance(error, QuantityError);
      }
    }),
  );
});

test('watts written in kW with three decimals come back exactly', () => {
  fc.assert(
    fc.property(fc.nat(4_000_000), (watts) => {
      assert.is(parsePowerW(`${(watts / 1000).toFixed(3)} kW`), watts);
    }),
  );
});

test.run();
