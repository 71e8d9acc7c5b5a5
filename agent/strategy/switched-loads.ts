/**
 * When loads are planned to run: first what must (a program that runs, a person's word), then what
 * they need in the cheapest intervals before it must be there, surplus counted at the feed-in
 * price. A program is planned in one piece. Pure.
 */
import type { Interval } from '../../market/intervals.ts';
import type { Prices } from './tariff.ts';

export interface SwitchedLoad {
  name: string;
  powerW: number;
  /** It is on for so long from the first slot on, whatever that costs. */
  mustSeconds: number;
  /** Energy wanted before `beforeInterval`, what it must take included, Ws. */
  neededWs: number;
  beforeInterval: Interval;
  /** Whether it runs in one piece. */
  isProgram: boolean;
  /** It never runs shorter than this. */
  minimumOnSeconds: number;
  /** Loads that are never on at the same time. */
  conflicts: readonly string[];
}

export interface LoadSlot {
  interval: Interval;
  /** Expected net load without battery and switched loads. */
  netW: number;
  prices: Prices;
}

/** Breaks ties between equal prices towards the quieter interval: micro per kWh for each W. */
const TIE_MICRO_PER_W = 0.001;

/** @returns planned mean power by load, and for each by slot, W */
export function planSwitchedLoads(
  loads: readonly SwitchedLoad[],
  slots: readonly LoadSlot[],
  intervalSeconds: number,
): Map<string, number[]> {
  const planner = new Planner(slots, intervalSeconds);
  for (const load of loads) planner.must(load);
  for (const load of loads) planner.place(load);
  return planner.planned;
}

class Planner {
  readonly planned = new Map<string, number[]>();
  readonly #slots: readonly LoadSlot[];
  readonly #seconds: number;

  constructor(slots: readonly LoadSlot[], intervalSeconds: number) {
    this.#slots = slots;
    this.#seconds = intervalSeconds;
  }

  must({ name, powerW, mustSeconds }: SwitchedLoad): void {
    const seconds = this.#seconds;
    const shareOf = (slot: number) => (mustSeconds - slot * seconds) / seconds;
    const plan = this.#slots.map((_, slot) =>
      Math.round(powerW * Math.min(1, Math.max(0, shareOf(slot)))),
    );
    this.planned.set(name, plan);
  }

  place(load: SwitchedLoad): void {
    const plan = this.planned.get(load.name) ?? [];
    const takenWs = plan.reduce((sum, powerW) => sum + powerW * this.#seconds, 0);
    const neededWs = load.neededWs - takenWs;
    if (neededWs <= 0) return;
    if (load.isProgram) this.#placeProgram(load, neededWs, plan);
    else this.#placePieces(load, neededWs, plan);
  }

  #placePieces(load: SwitchedLoad, neededWs: number, plan: number[]): void {
    const full = load.powerW * this.#seconds;
    const order = this.#open(load).sort((a, b) => a.cost - b.cost || a.slot - b.slot);
    let leftWs = neededWs;
    for (const { slot } of order) {
      if (leftWs <= 0) break;
      if ((plan[slot] ?? 0) >= load.powerW) continue;
      const least = load.minimumOnSeconds / this.#seconds;
      const share = Math.min(1, Math.max(leftWs / full, least));
      plan[slot] = Math.round(load.powerW * share);
      leftWs -= full * share;
    }
  }

  /** The cheapest run of neighbouring slots; where nothing is free, its must comes in time. */
  #placeProgram(load: SwitchedLoad, neededWs: number, plan: number[]): void {
    const full = load.powerW * this.#seconds;
    const count = Math.ceil(neededWs / full);
    const costs = new Map(this.#open(load).map(({ slot, cost }) => [slot, cost]));
    let best: { start: number; cost: number } | null = null;
    for (let start = 0; start + count <= this.#slots.length; start += 1) {
      let cost = 0;
      for (let slot = start; slot < start + count; slot += 1) {
        cost += costs.get(slot) ?? Number.POSITIVE_INFINITY;
      }
      if (cost < (best?.cost ?? Number.POSITIVE_INFINITY)) best = { start, cost };
    }
    if (best === null) return;
    for (let index = 0; index < count; index += 1) {
      const share = Math.min(1, (neededWs - index * full) / full);
      plan[best.start + index] = Math.round(load.powerW * share);
    }
  }

  /** Slots that the load may run in, with what that costs per kWh. */
  #open(load: SwitchedLoad): { slot: number; cost: number }[] {
    const open: { slot: number; cost: number }[] = [];
    for (const [slot, each] of this.#slots.entries()) {
      if (each.interval >= load.beforeInterval) break;
      const isTaken = load.conflicts.some((name) => (this.planned.get(name)?.[slot] ?? 0) > 0);
      if (!isTaken) open.push({ slot, cost: this.#costOf(load, each, slot) });
    }
    return open;
  }

  #costOf(load: SwitchedLoad, slot: LoadSlot, index: number): number {
    let netW = slot.netW;
    for (const [name, plan] of this.planned) if (name !== load.name) netW += plan[index] ?? 0;
    const fromSurplus = Math.min(load.powerW, Math.max(0, -netW)) / load.powerW;
    const { useMicroPerKwh, feedInMicroPerKwh } = slot.prices;
    const price = fromSurplus * feedInMicroPerKwh + (1 - fromSurplus) * useMicroPerKwh;
    return price + netW * TIE_MICRO_PER_W;
  }
}
