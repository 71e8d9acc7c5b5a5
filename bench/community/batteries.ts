/** The batteries of the bench: what is in their cells, and what they can do in an interval. */
import type { BatteryModel } from '../../agent/strategy/battery.ts';

export class BenchBattery {
  readonly model: BatteryModel;
  storedWs: number;
  readonly #oneWay: number;

  /** Starts empty if nothing else is said. */
  constructor(model: BatteryModel, storedWs = model.lowShare * model.capacityWs) {
    this.model = model;
    this.storedWs = storedWs;
    this.#oneWay = Math.sqrt(model.efficiency);
  }

  /** Takes or gives as much of `wantedWs` as it can. @returns that, charge positive, Ws */
  move(wantedWs: number, seconds: number): number {
    const { capacityWs, lowShare, highShare, chargeW, dischargeW } = this.model;
    const roomWs = Math.max(0, highShare * capacityWs - this.storedWs) / this.#oneWay;
    const stockWs = Math.max(0, this.storedWs - lowShare * capacityWs) * this.#oneWay;
    const most = Math.min(chargeW * seconds, roomWs);
    const least = -Math.min(dischargeW * seconds, stockWs);
    const movedWs = Math.min(most, Math.max(least, wantedWs));
    this.storedWs += movedWs > 0 ? movedWs * this.#oneWay : movedWs / this.#oneWay;
    return movedWs;
  }
}
