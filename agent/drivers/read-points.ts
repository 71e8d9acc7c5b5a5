/** Reads the points of a profile from a unit on a bus, in blocks. */
import type { Bus } from '../../host/ports.ts';
import type { Block } from './blocks.ts';
import type { PointName } from './profile.ts';
import { decodeRegister, stepOf } from './registers.ts';

export interface PointValue {
  /** In the inner unit (W, Ws, V, A, Hz, share); null when the device says "not available". */
  value: number | null;
  /** Step to the next larger value, inner unit; 0 when there is no value. */
  step: number;
}

export type PointValues = ReadonlyMap<PointName, PointValue>;

/** @throws BusError */
export async function readPoints(
  bus: Bus,
  unit: number,
  blocks: readonly Block[],
): Promise<PointValues> {
  const values = new Map<PointName, PointValue>();
  for (const block of blocks) {
    const { address, count } = block;
    const words =
      block.function === 3
        ? await bus.readHolding(unit, address, count)
        : await bus.readInput(unit, address, count);
    for (const point of block.points) {
      const raw = decodeRegister(point.type, words, point.address - address);
      // The sentinel is looked for before the scale: a scaled one looks like a value.
      values.set(point.name, {
        value: raw === null ? null : raw * point.factor,
        step: raw === null ? 0 : Math.abs(stepOf(point.type, raw) * point.factor),
      });
    }
  }
  return values;
}
