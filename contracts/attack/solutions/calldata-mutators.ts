/** Calldata that is cut, stretched or points elsewhere. Whatever is said of it, it is refused. */

import { INTERFACES } from '../../test/deployment.ts';
import type { Chance } from '../chance.ts';
import type { Chunk } from '../model/solutions.ts';
import type { State } from '../model/state.ts';
import { callOf, outcomeOf, submitting } from '../moves.ts';
import { type Ground, type Mutator, SOLVER, submission } from './cases.ts';

/** The other decoder cuts such a number off. */
const WIDER = 'a number wider than its type';
const SELECTOR = 10;
const WORD = 64;

/** By what the words of `submitSolution(Chunk[])` mean, from the selector on. */
interface Layout {
  head: string;
  words: string[];
  /** Places of words that say where something is, or how long it is. */
  offsets: number[];
  lengths: number[];
  /** Numbers narrower than their word. */
  narrow: number[];
}

export const CALLDATA_MUTATORS: readonly Mutator[] = [
  calldata('cut off within the trades', (layout, chance, bytes) => {
    const lengths = layout.lengths.slice(1);
    const last = Math.max(...lengths);
    const size = Number.parseInt(layout.words[last] ?? '0', 16);
    const end = SELECTOR + WORD * (last + 1) + 2 * size;
    return bytes.slice(0, end - 2 * chance.between(1, Math.min(size, 40)));
  }),
  calldata('cut off anywhere', (layout, chance, bytes) => {
    const places = SELECTOR + WORD * Math.max(...layout.lengths);
    return bytes.slice(0, 2 * chance.between(5, places / 2));
  }),
  calldata('no more than the selector', (_, __, bytes) => bytes.slice(0, SELECTOR)),
  calldata('a part of the selector', (_, chance, bytes) =>
    bytes.slice(0, 2 * chance.between(2, 4)),
  ),
  calldata('no such function', (_, chance, bytes) => {
    const word = (chance.next() | 1).toString(16).replace('-', '').padStart(8, '0');
    return `0x${word}${bytes.slice(SELECTOR)}`;
  }),
  calldata('an offset beyond the end', (layout, chance) =>
    changed(layout, chance.pick(layout.offsets), () => 2n ** BigInt(chance.between(24, 256)) - 1n),
  ),
  calldata('an offset 1 off', (layout, chance) =>
    changed(layout, chance.pick(layout.offsets), (was) => was + chance.pick([-1n, 1n])),
  ),
  calldata('an offset to another place', (layout, chance) =>
    changed(layout, chance.pick(layout.offsets), (was) => was + 32n * chance.pick([-1n, 1n, 2n])),
  ),
  calldata('a length beyond the end', (layout, chance) =>
    changed(
      layout,
      chance.pick(layout.lengths),
      (was) => was + 2n ** BigInt(chance.between(24, 255)),
    ),
  ),
  calldata('a length 1 off', (layout, chance) => {
    const place = chance.pick(layout.lengths);
    const step = place === layout.lengths[0] ? 1n : chance.pick([-1n, 1n]);
    return changed(layout, place, (was) => was + step);
  }),
  calldata(WIDER, (layout, chance) =>
    changed(
      layout,
      chance.pick(layout.narrow),
      (was) => was + 2n ** BigInt(chance.between(128, 255)),
    ),
  ),
];

function calldata(
  name: string,
  change: (layout: Layout, chance: Chance, bytes: string) => string,
): Mutator {
  return {
    name,
    make: (ground: Ground) => {
      const twin = submission(ground.state, ground.base);
      const call = callOf(twin.move);
      const data = change(layoutOf(call.data), ground.chance, call.data);
      if (data === call.data) return null;
      // What can be read as another solution that is right has broken nothing.
      const read = name === WIDER ? null : readSubmission(data);
      if (read !== null && isSound(ground.state, read, twin.at)) return null;
      return { expected: null, bad: twin, call: { ...call, data }, twin };
    },
  };
}

function isSound(state: State, chunks: readonly Chunk[], at: number): boolean {
  return outcomeOf(state, submitting(SOLVER, chunks), at).broken.size === 0;
}

/** By another decoder; null: it cannot be read. */
function readSubmission(data: string): Chunk[] | null {
  try {
    const [list] = INTERFACES.matching.decodeFunctionData('submitSolution', data);
    return [...list].map(([interval, figures, trades]) => {
      const [homeEnergyWs = 0n, utilityEnergyWs = 0n, welfare = 0n] = [...figures].map(BigInt);
      const claimed = { homeEnergyWs, utilityEnergyWs, welfare };
      return { interval: Number(interval), claimed, trades: String(trades) };
    });
  } catch {
    return null;
  }
}

function layoutOf(data: string): Layout {
  const words = data.slice(SELECTOR).match(/.{64}/g) ?? [];
  const at = (place: number) => Number.parseInt(words[place] ?? '0', 16);
  const list = at(0) / 32;
  const layout: Layout = {
    ...{ head: data.slice(0, SELECTOR), words },
    ...{ offsets: [0], lengths: [list], narrow: [] },
  };
  for (let i = 0; i < at(list); i++) {
    const chunk = list + 1 + at(list + 1 + i) / 32;
    const trades = chunk + at(chunk + 4) / 32;
    layout.offsets.push(list + 1 + i, chunk + 4);
    layout.lengths.push(trades);
    layout.narrow.push(chunk, chunk + 1, chunk + 2, chunk + 3);
  }
  return layout;
}

function changed(layout: Layout, place: number, change: (was: bigint) => bigint): string {
  const words = [...layout.words];
  const next = BigInt.asUintN(256, change(BigInt(`0x${words[place] ?? '0'}`)));
  words[place] = next.toString(16).padStart(WORD, '0');
  return layout.head + words.join('');
}
