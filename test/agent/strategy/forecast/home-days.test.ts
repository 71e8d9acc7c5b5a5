import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { easterSunday } from '../../../../agent/strategy/forecast/holidays.ts';
import { HomeDays } from '../../../../agent/strategy/forecast/home-days.ts';
import { daysBefore, slotOf } from '../../../../agent/strategy/forecast/local-days.ts';

const test = suite('strategy: local days of the forecast');
const zurich = new HomeDays('Europe/Zurich', 900);
const at = (text: string) => Date.parse(text) / 900_000;

test('the same time by the clock on the wall, over both changes of the clock', () => {
  const spring = at('2026-03-29T18:00:00Z');
  assert.is(daysBefore(zurich, 96, spring, 1), at('2026-03-28T19:00:00Z'));
  const autumn = at('2026-10-25T19:00:00Z');
  assert.is(daysBefore(zurich, 96, autumn, 1), at('2026-10-24T18:00:00Z'));
  assert.is(daysBefore(zurich, 96, autumn, 0), autumn);
});

test('a slot is counted from local midnight', () => {
  assert.is(slotOf(zurich, 96, at('2026-06-30T22:00:00Z')), 0);
  assert.is(slotOf(zurich, 96, at('2026-12-31T22:45:00Z')), 95);
});

test('week-ends and holidays of the country are no workdays, by local date', () => {
  assert.is(zurich.dayType(at('2026-07-31T12:00:00Z')), 'workday');
  assert.is(zurich.dayType(at('2026-07-31T22:30:00Z')), 'sunday', 'the first of August');
  assert.is(zurich.dayType(at('2026-04-06T12:00:00Z')), 'sunday', 'Easter Monday');
  assert.is(zurich.dayType(at('2026-06-06T12:00:00Z')), 'saturday');
  assert.is(new HomeDays('Asia/Tokyo', 900).dayType(at('2026-04-06T03:00:00Z')), 'workday');
});

test('Easter, as the almanac has it', () => {
  const dates = [2000, 2019, 2024, 2025, 2026, 2038].map((year) =>
    new Date(easterSunday(year) * 86_400_000).toISOString().slice(0, 10),
  );
  assert.equal(dates, [
    ...['2000-04-23', '2019-04-21', '2024-03-31', '2025-04-20', '2026-04-05', '2038-04-25'],
  ]);
});

test.run();
