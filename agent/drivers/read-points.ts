/**
 * Reads the points of a profile from a unit on a bus, with the fewest requests. Learns as it goes:
 * where a SunSpec device has its models, and which optional registers this variant lacks.
 */
import type { Bus, BusError } from '../../host/ports.ts';
import { type Block, planBlocks } from './blocks.ts';
import { derive } from './derive.ts';
import { type PointValue, type PointValues, UNKNOWN } from './point-values.ts';
import type { Group, Point, Profile } from './profile-types.ts';
import { readWords } from './read-words.ts';
import { decodeRegister, decodeScale, decodeText, isText, stepOf } from './registers.ts';
import {
  discoverModels,
  isRefusal,
  type ModelBases,
  modelsOf,
  onWire,
  SunSpecError,
} from './sunspec.ts';
import type { PointName } from './vocabulary.ts';

export class PointReader {
  readonly #bus: Bus;
  readonly #unit: number;
  readonly #profile: Profile;
  /** Null until discovered; profiles without SunSpec need none. */
  #bases: ModelBases | null = null;
  readonly #absent = new Set<PointName>();
  /** Plans by the names that were asked for; they change as holes are found. */
  readonly #plans = new Map<string, Block[]>();

  constructor(bus: Bus, unit: number, profile: Profile) {
    this.#bus = bus;
    this.#unit = unit;
    this.#profile = profile;
  }

  /** Points of the profile in a group, or all of them. */
  names(group?: Group): PointName[] {
    const points = this.#profile.points.filter((each) => !group || each.group === group);
    return points.map(({ name }) => name);
  }

  /** How many requests the next `read` of these takes, once models are known. */
  requests(names: readonly PointName[]): number {
    return this.#plan(names).length;
  }

  /**
   * Every name has an entry; what this device lacks, or does not know, is null.
   * @throws BusError
   */
  async read(names: readonly PointName[]): Promise<PointValues> {
    await this.#discover();
    const values = new Map<PointName, PointValue>();
    for (const name of names) values.set(name, UNKNOWN);
    for (const block of [...this.#plan(names)]) {
      for (const [name, value] of await this.#readBlock(block, names)) values.set(name, value);
    }
    return values;
  }

  /** Every point, and what the profile derives from them. @throws BusError */
  async readAll(): Promise<PointValues> {
    return derive(this.#profile, await this.read(this.names()));
  }

  async #discover(): Promise<void> {
    const { sunspec } = this.#profile;
    if (sunspec === null || this.#bases !== null) return;
    const wanted = modelsOf(this.#profile);
    const bases = await discoverModels(this.#bus, this.#unit, sunspec.bases, wanted);
    if (!sunspec.models.some((model) => bases.has(model))) {
      const models = sunspec.models.join(', ');
      throw new SunSpecError(`unit ${this.#unit} has none of the SunSpec models ${models}`);
    }
    this.#bases = bases;
  }

  #plan(names: readonly PointName[]): Block[] {
    const key = names.join(' ');
    const plan = this.#plans.get(key) ?? planBlocks(this.#present(names), this.#profile);
    // Addresses are known for good only after discovery.
    if (this.#profile.sunspec === null || this.#bases !== null) this.#plans.set(key, plan);
    return plan;
  }

  #present(names: readonly PointName[]): Point[] {
    const wanted = new Set(names);
    return this.#profile.points.flatMap((point) => {
      if (!wanted.has(point.name) || this.#absent.has(point.name)) return [];
      return onWire(this.#profile, this.#bases, point) ?? [];
    });
  }

  async #readBlock(block: Block, names: readonly PointName[]): Promise<[PointName, PointValue][]> {
    try {
      return await this.#readWhole(block);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return this.#readApart(block, names, error);
    }
  }

  async #readWhole({ function: code, address, count, points }: Block) {
    const words = await readWords(this.#bus, this.#unit, code, address, count);
    return points.map((point): [PointName, PointValue] => [
      point.name,
      decodePoint(point, words, address),
    ]);
  }

  /** The device refused a block: value by value, once. What is refused again it does not have. */
  async #readApart(
    block: Block,
    names: readonly PointName[],
    reason: BusError,
  ): Promise<[PointName, PointValue][]> {
    const values: [PointName, PointValue][] = [];
    const alone = planBlocks(block.points, { maxRegisters: 0, maxGap: 0 });
    const good: Block[] = [];
    for (const single of alone) {
      try {
        // A block of one was refused already.
        if (alone.length === 1) throw reason;
        values.push(...(await this.#readWhole(single)));
        good.push(single);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        for (const { name, isOptional } of single.points) {
          if (isOptional) this.#absent.add(name);
        }
      }
    }
    const needed = block.points.some(({ isOptional }) => !isOptional);
    if (good.length === 0 && needed) {
      // A device that was exchanged, or restarted with other models, is discovered anew.
      this.#forget();
      throw reason;
    }
    this.#replace(block, good, names);
    return values;
  }

  #replace(block: Block, by: readonly Block[], names: readonly PointName[]): void {
    const points = by.flatMap((each) => each.points);
    // Gaps may have been what the device refused; values that touch are still read together.
    const { maxRegisters } = this.#profile;
    const limits = { maxRegisters, maxGap: 0 };
    const lost = block.points.filter((point) => !points.includes(point) && !point.isOptional);
    const dense = planBlocks(points, limits);
    const isSame = dense.length === 1 && dense[0]?.count === block.count;
    const again = [...(isSame ? by : dense), ...planBlocks(lost, limits)];
    const key = names.join(' ');
    const plan = this.#plans.get(key) ?? [];
    this.#plans.set(
      key,
      plan.flatMap((each) => (each === block ? again : [each])),
    );
  }

  #forget(): void {
    this.#bases = null;
    this.#plans.clear();
    this.#absent.clear();
  }
}

/** @param start address of the first word */
function decodePoint(point: Point, words: Uint16Array, start: number): PointValue {
  const at = point.address - start;
  if (isText(point.type)) return { ...UNKNOWN, text: decodeText(point, words, at) };
  // The sentinel is looked for before the scale: a scaled one looks like a value.
  const raw = decodeRegister(point, words, at);
  const power =
    point.scaleAddress === null ? 1 : decodeScale(words[point.scaleAddress - start] ?? 0x8000);
  if (raw === null || power === null) return UNKNOWN;
  const factor = point.factor * power;
  const value = raw * factor;
  return {
    value: point.isMagnitude ? Math.abs(value) : value,
    step: Math.max(Math.abs(stepOf(point.type, raw) * factor), point.resolution),
    text: null,
    max: point.rawMax === null ? null : Math.abs(point.rawMax * factor),
  };
}
