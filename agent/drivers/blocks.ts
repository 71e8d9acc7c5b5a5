/** Which registers to read together (design: field; the idea is that of OpenEMS and Telegraf). */
import type { FunctionCode, Point, Profile } from './profile-types.ts';
import { wordsOf } from './registers.ts';

/** Registers read with one request. */
export interface Block {
  function: FunctionCode;
  address: number;
  count: number;
  points: Point[];
}

/** The registers of a value, with those of its scale factor: these must come in one request. */
export function spanOf(point: Pick<Point, 'address' | 'type' | 'scaleAddress'>) {
  const { address, scaleAddress } = point;
  const first = Math.min(address, scaleAddress ?? address);
  const end = Math.max(address + wordsOf(point.type), (scaleAddress ?? 0) + 1);
  return { first, end, count: end - first };
}

/**
 * Few requests for many points: neighbours join across small gaps, a value is never split from
 * itself nor from its scale factor. Coils and discrete inputs are read one by one.
 * @param points with addresses of the wire
 */
export function planBlocks(
  points: readonly Point[],
  limits: Pick<Profile, 'maxRegisters' | 'maxGap'>,
): Block[] {
  const sorted = points
    .map((point) => ({ point, ...spanOf(point) }))
    .sort((a, b) => a.point.function - b.point.function || a.first - b.first || a.end - b.end);
  const blocks: Block[] = [];
  for (const { point, first, end } of sorted) {
    const block = blocks.at(-1);
    if (block !== undefined && joins(block, point, first, end, limits)) {
      block.count = Math.max(end - block.address, block.count);
      block.points.push(point);
    } else {
      const { function: code } = point;
      blocks.push({ function: code, address: first, count: end - first, points: [point] });
    }
  }
  return blocks;
}

function joins(
  block: Block,
  point: Point,
  first: number,
  end: number,
  { maxRegisters, maxGap }: Pick<Profile, 'maxRegisters' | 'maxGap'>,
): boolean {
  return (
    point.function > 2 &&
    block.function === point.function &&
    first - (block.address + block.count) <= maxGap &&
    Math.max(end - block.address, block.count) <= maxRegisters
  );
}
