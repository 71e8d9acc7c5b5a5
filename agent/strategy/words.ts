/** Why something is offered, in words, in the home's own time. */
import type { Interval } from '../../market/intervals.ts';
import { kwhOf } from '../../market/units.ts';
import type { HomeTime } from './home-time.ts';
import type { Reason } from './plan.ts';

/** What a sentence is made of. Energies in Ws. */
export interface Offered {
  firstInterval: Interval;
  lastInterval: Interval;
  energyWs: number;
  priceMicroPerKwh: number;
}

/** Expected energy with its 10 % and 90 % quantiles, Ws, the smaller first. */
export interface Expected {
  middleWs: number;
  lowWs: number;
  highWs: number;
}

export class Words {
  readonly #time: HomeTime;
  readonly #intervalSeconds: number;

  constructor(time: HomeTime, intervalSeconds: number) {
    this.#time = time;
    this.#intervalSeconds = intervalSeconds;
  }

  surplus(offered: Offered, expected: Expected): Reason {
    const what = `surplus expected ${range(expected)}`;
    return { code: 'surplus-expected', sentence: `offered ${this.#offer(offered)}: ${what}` };
  }

  need(offered: Offered, expected: Expected): Reason {
    const what = `need expected ${range(expected)}`;
    return { code: 'need-expected', sentence: `bid for ${this.#offer(offered)}: ${what}` };
  }

  batterySpare(offered: Offered, spareWs: number, lowestShare: number): Reason {
    const what =
      `the battery can spare ${kwh(spareWs)} and is expected to stay ` +
      `above ${Math.round(lowestShare * 100)} %`;
    return { code: 'battery-spare', sentence: `offered ${this.#offer(offered)}: ${what}` };
  }

  batteryRoom(offered: Offered, roomWs: number): Reason {
    const what = `the battery has room for ${kwh(roomWs)} that own surplus will not fill`;
    return { code: 'battery-room', sentence: `bid for ${this.#offer(offered)}: ${what}` };
  }

  already(interval: Interval): Reason {
    const sentence = `an offer for ${this.#clock(interval)} is out already`;
    return { code: 'offered-already', sentence };
  }

  nothing(interval: Interval, why: string): Reason {
    const clock = this.#clock(interval);
    return { code: 'nothing-offered', sentence: `nothing offered for ${clock}: ${why}` };
  }

  #offer(offered: Offered): string {
    const { energyWs, priceMicroPerKwh, firstInterval, lastInterval } = offered;
    const price = (priceMicroPerKwh / 1_000_000).toFixed(2);
    const until = this.#clock(lastInterval + 1);
    return `${kwh(energyWs)} kWh at ${price} for ${this.#clock(firstInterval)} to ${until}`;
  }

  #clock(interval: Interval): string {
    return this.#time.clock(interval * this.#intervalSeconds);
  }
}

function range({ middleWs, lowWs, highWs }: Expected): string {
  return `${kwh(middleWs)} (${kwh(Math.max(0, lowWs))} to ${kwh(Math.max(0, highWs))})`;
}

function kwh(energyWs: number): string {
  return kwhOf(energyWs).toFixed(2);
}
