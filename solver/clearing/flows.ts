/** Quantities as they grow, and what they leave of every limit. */
import { type Problem, placeOf } from './problem.ts';

export class Flows {
  readonly soldW: Float64Array;
  readonly boughtW: Float64Array;
  readonly #problem: Problem;
  readonly #sellLeftW: Float64Array;
  readonly #buyLeftW: Float64Array;
  readonly #soldAtW: Float64Array;
  readonly #boughtAtW: Float64Array;

  constructor(problem: Problem) {
    const places = problem.feeders.length * problem.intervals;
    this.#problem = problem;
    this.soldW = new Float64Array(problem.sells.cellOffer.length);
    this.boughtW = new Float64Array(problem.buys.cellOffer.length);
    this.#sellLeftW = problem.sells.energyW.slice();
    this.#buyLeftW = problem.buys.energyW.slice();
    this.#soldAtW = new Float64Array(places);
    this.#boughtAtW = new Float64Array(places);
  }

  /** Net flow out of the feeder of a place. */
  exportW(place: number): number {
    return (this.#soldAtW[place] ?? 0) - (this.#boughtAtW[place] ?? 0);
  }

  /** Adds as much of a trade as its limits allow, the net limits only where asked. */
  add(sell: number, buy: number, powerW: number, keepNet: boolean): number {
    const { sells, buys, internalW, externalW } = this.#problem;
    const from = placeOf(this.#problem, sells, sell);
    const to = placeOf(this.#problem, buys, buy);
    let roomW = Math.min(
      powerW,
      (sells.cellCapW[sell] ?? 0) - (this.soldW[sell] ?? 0),
      (buys.cellCapW[buy] ?? 0) - (this.boughtW[buy] ?? 0),
      this.#sellLeftW[sells.cellOffer[sell] ?? 0] ?? 0,
      this.#buyLeftW[buys.cellOffer[buy] ?? 0] ?? 0,
      (internalW[from] ?? 0) - (this.#soldAtW[from] ?? 0),
      (internalW[to] ?? 0) - (this.#boughtAtW[to] ?? 0),
    );
    if (keepNet && from !== to) {
      roomW = Math.min(
        roomW,
        (externalW[from] ?? 0) - this.exportW(from),
        (externalW[to] ?? 0) + this.exportW(to),
      );
    }
    if (!(roomW > 0)) return 0;
    this.take(sell, buy, -roomW);
    return roomW;
  }

  /** Takes power off a trade. */
  take(sell: number, buy: number, powerW: number): void {
    const { sells, buys } = this.#problem;
    const lower = (values: Float64Array, at: number, by: number) => {
      values[at] = (values[at] ?? 0) - by;
    };
    lower(this.soldW, sell, powerW);
    lower(this.boughtW, buy, powerW);
    lower(this.#sellLeftW, sells.cellOffer[sell] ?? 0, -powerW);
    lower(this.#buyLeftW, buys.cellOffer[buy] ?? 0, -powerW);
    lower(this.#soldAtW, placeOf(this.#problem, sells, sell), powerW);
    lower(this.#boughtAtW, placeOf(this.#problem, buys, buy), powerW);
  }
}
