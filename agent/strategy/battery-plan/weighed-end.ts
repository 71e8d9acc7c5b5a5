/**
 * On how much energy at the meter a running interval should end: trades are kept, and what comes
 * beside them is weighed by the battery against what a stored kWh is worth later (response.ts).
 *
 * A trade is kept one way only: who sold may sell the supplier more, who bought may draw more. What
 * the home fails to feed in or to take in of its trades is made up for, whatever it costs. Pure.
 */
import { respond, type Situation } from './response.ts';

/** What is known within an interval; `seconds` of the situation are those that are left. */
export interface RunningInterval {
  /** In the cells now, Ws. */
  storedWs: number;
  /** What the meter would show at the end if the battery rested from now on, Ws. */
  comesWs: number;
  /** Bought (positive) or sold by final trades, Ws. */
  tradedWs: number;
}

/** @returns net energy of the whole interval at the meter, Ws, positive into the home */
export function weighedEndWs(
  situation: Situation,
  { storedWs, comesWs, tradedWs }: RunningInterval,
): number {
  const { batteryWs } = respond(situation, storedWs, comesWs - tradedWs);
  return keptWs(comesWs + batteryWs, tradedWs);
}

/** The nearest end by which a trade is kept. */
function keptWs(endWs: number, tradedWs: number): number {
  if (tradedWs < 0) return Math.min(endWs, tradedWs);
  return tradedWs > 0 ? Math.max(endWs, tradedWs) : endWs;
}
