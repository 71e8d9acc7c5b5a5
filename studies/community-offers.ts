/**
 * A day's offers from a neighbourhood's traces, by the rule of TRANSAX section 7.1: what a home
 * generates beyond its load it offers in the same interval, what it lacks it asks for. With
 * batteries, producers put up to `chargeKw` of each interval into theirs once the neighbourhood
 * generates more than it uses, until the battery is full; that energy may go in any interval up to
 * the end of the day.
 */
import type { CommunitySpec } from '../testbed/homes/community.ts';
import { type DayOffer, dayOffer } from './day-offers.ts';

export interface BatteryRule {
  /** Energy a battery holds, kW times intervals: what the paper writes as 90 kWh. */
  capacityKwSlots: number;
  /** What it takes in one interval, kW: what the paper writes as 10 kWh. */
  chargeKw: number;
  /** The last interval that stored energy is offered for. */
  lastInterval: number;
}

export const DAY_INTERVALS = 96;
/** The published data are in steps of 0.1 kW, and so are these. */
const STEP_W = 100;

/** @param batteries null: nothing is stored */
export function communityOffers(spec: CommunitySpec, batteries: BatteryRule | null): DayOffer[] {
  const offers: DayOffer[] = [];
  const storedW = new Map<string, number>();
  for (let at = 0; at < DAY_INTERVALS; at++) {
    const nets = spec.homes.map((home) => (home.pvW[at] ?? 0) - (home.loadW[at] ?? 0));
    const isPlenty = nets.reduce((sum, net) => sum + net, 0) > 0;
    for (const [index, { name: home, feeder, pvW }] of spec.homes.entries()) {
      const netW = Math.round((nets[index] ?? 0) / STEP_W) * STEP_W;
      const isProducer = pvW.some((power) => power > 0);
      const stored = storedW.get(home) ?? 0;
      const intoBatteryW =
        batteries !== null && isPlenty && isProducer
          ? Math.max(
              0,
              Math.min(netW, batteries.chargeKw * 1000, batteries.capacityKwSlots * 1000 - stored),
            )
          : 0;
      storedW.set(home, stored + intoBatteryW);
      const add = (side: DayOffer['side'], powerW: number, last: number) => {
        if (powerW <= 0) return;
        const first = at + 1;
        offers.push(dayOffer(offers.length + 1, { home, feeder, side, first, last, powerW }));
      };
      add('sell', netW - intoBatteryW, at + 1);
      add('sell', intoBatteryW, Math.max(at + 1, batteries?.lastInterval ?? 0));
      add('buy', -netW, at + 1);
    }
  }
  return offers;
}
