/** Reads a device by a profile and holds it against its table. */

import type { Profile } from '../../agent/drivers/profile-types.ts';
import { PointReader } from '../../agent/drivers/read-points.ts';
import type { Bus } from '../../host/ports.ts';
import type { RegisterCase } from './register-table.ts';

/** What one unit of a table is in the inner unit. */
const INNER: Readonly<Record<string, number>> = { Wh: 3600, '%': 0.01 };
/** Of rounding alone. */
const TOLERANCE = 1e-9;

/** @returns what does not agree, a line each */
export async function compareWithTable(
  bus: Bus,
  profile: Profile,
  { name, expected }: RegisterCase,
): Promise<string[]> {
  const reader = new PointReader(bus, 1, profile);
  const values = await reader.read(reader.names());
  const names = new Set<string>(expected.map(({ point }) => point));
  const missing = reader.names().filter((point) => !names.has(point));
  const wrong = missing.map((point) => `${name}: ${point} is not in the table`);
  for (const { point, value, unit, rollover } of expected) {
    const read = [...values].find(([each]) => each === point)?.[1];
    if (read === undefined) {
      wrong.push(`${name}: ${point} was not read`);
      continue;
    }
    const factor = INNER[unit] ?? 1;
    const found = unit === 'text' ? read.text : read.value;
    const wanted = typeof value === 'number' ? value * factor : value;
    const isSame = isClose(found, wanted);
    const isSameMax =
      wanted === null || isClose(read.max, rollover === null ? null : rollover * factor);
    if (!isSame) wrong.push(`${name}: ${point} is ${found}, not ${wanted}`);
    if (!isSameMax) wrong.push(`${name}: ${point} rolls over at ${read.max}, not ${rollover}`);
  }
  return wrong;
}

function isClose(found: number | string | null, wanted: number | string | null): boolean {
  if (typeof found !== 'number' || typeof wanted !== 'number') return found === wanted;
  return Math.abs(found - wanted) <= TOLERANCE * Math.max(Math.abs(found), Math.abs(wanted));
}
