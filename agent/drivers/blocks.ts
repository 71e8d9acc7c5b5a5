/** Which registers to read together (design: field; the idea is that of OpenEMS and Telegraf). */
import type { Point, Profile } from './profile.ts';
import { wordsOf } from './registers.ts';

/** Registers read with one request. */
export interface Block {
  function: 3 | 4;
  address: number;
  count: number;
  points: Point[];
}

/** Few requests for many points: neighbours join across small gaps, a value is never split. */
export function planBlocks(
  points: readonly Point[],
  limits: Pick<Profile, 'maxRegisters' | 'maxGap'>,
) {
  const sorted = [...points].sort((a, b) => a.function - b.function || a.address - b.address);
  const blocks: Block[] = [];
  for (const point of sorted) {
    const end = point.address + wordsOf(point.type);
    const block = blocks.at(-1);
    const count = block === undefined ? 0 : Math.max(end - block.address, block.count);
    const joins =
      block !== undefined &&
      block.function === point.function &&
      point.address - (block.address + block.count) <= limits.maxGap &&
      count <= limits.maxRegisters;
    if (joins) {
      block.count = count;
      block.points.push(point);
    } else {
      const { function: code, address } = point;
      blocks.push({ function: code, address, count: end - address, points: [point] });
    }
  }
  return blocks;
}
