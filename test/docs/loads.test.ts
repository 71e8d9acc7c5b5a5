import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readAgentSettings } from '../../agent/config.ts';

const test = suite('docs: loads');

const TEXT = readFileSync(new URL('../../docs/loads.md', import.meta.url), 'utf8');
const [EXAMPLE = ''] = (/```toml\n([\s\S]*?)```/.exec(TEXT) ?? []).slice(1);
const REST = `[buses.cabinet]
connection = "tcp://192.168.1.20:502"
[meters.house]
role = "grid"
profile = "eastron-sdm630"
bus = "cabinet"
[home]
zone = "Europe/Berlin"
max_power = "11 kW"
[lab]
clear_net = true
`;

test('the example is good, and says what the text says of it', () => {
  const { loads, groups } = readAgentSettings(REST + EXAMPLE, 'agent.toml', '/x');
  const kinds = ['thermostatic', 'interruptible', 'deadline', 'sg-ready', 'monitor'];
  assert.equal(
    loads.map(({ kind }) => kind),
    kinds,
  );
  const [boiler, rod, dishwasher, pump] = loads;
  assert.equal(boiler?.need?.bySeconds, [6.5 * 3600, 18 * 3600]);
  assert.equal(boiler?.cycle, { everyMs: 7 * 86_400_000, durationMs: 3 * 3_600_000 });
  assert.equal(boiler?.feedback, { expectW: 2000, tolerance: 0.3, withinMs: 15_000 });
  assert.is(boiler?.minimumOnMs, 600_000);
  assert.is(rod?.minimumOnMs, 60_000);
  assert.is(dishwasher?.programMs, 7_200_000);
  assert.equal(dishwasher?.need?.days, [1, 2, 3, 4, 5]);
  assert.is(dishwasher?.need?.mustRun, true);
  assert.is(pump?.relays.length, 2);
  assert.is(pump?.takesSurplus, true);
  assert.equal(
    groups.map(({ name, isInterlock, maxW }) => [name, isInterlock, maxW]),
    [
      ['heat', true, null],
      ['fuse', false, 11_000],
    ],
  );
});

test('every setting of the example stands in the tables', () => {
  const keys = [...EXAMPLE.matchAll(/^([a-z_]+) =/gm)].map(([, key]) => key ?? '');
  const unsaid = keys.filter((key) => key !== 'kind' && !TEXT.includes(`\`${key}`));
  assert.equal(unsaid, []);
});

test.run();
