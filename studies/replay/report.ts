/** What a replay says at its end, as JSON and in words. */
import type { DayOffer } from '../day-offers.ts';
import type { ReplayResult } from './replay.ts';

export interface ReplayReport {
  /** Sum of the power of all final trades, kW times intervals: the unit of the papers' figures. */
  tradedKwSlots: number;
  /** A quarter of it, for intervals of 15 minutes. */
  tradedKwh: number;
  optimumKwSlots: number;
  offers: number;
  trades: number;
  finalizedIntervals: number;
  limitViolations: number;
  offerViolations: number;
  /** Offers that are not closed in the end, or were paid wrongly. */
  openOffers: number;
  moneyViolations: number;
  rejectedSolutions: number;
  submittedSolutions: number;
  blocks: number;
  /** All transactions of the day but the set-up: from grants to the closing of offers. */
  gasTotal: number;
  /** `gasTotal` by trade. */
  gasPerTrade: number;
  /** Solutions and finalization alone, by trade. */
  gasPerTradeToMatch: number;
  /** Paying and closing all offers, by trade. */
  gasPerTradeToSettle: number;
  gasPerOffer: number;
  wallSeconds: number;
}

export function reportOf(
  offers: readonly DayOffer[],
  { audit, optimumKwSlots, solver, gas, blocks }: ReplayResult,
  wallSeconds: number,
): ReplayReport {
  const gasTotal = gas.grants + gas.offers + gas.solutions + gas.settlement;
  const perTrade = (amount: number) => Math.round(amount / Math.max(1, audit.trades));
  return {
    tradedKwSlots: audit.tradedKwSlots,
    tradedKwh: audit.tradedKwSlots / 4,
    optimumKwSlots,
    offers: offers.length,
    trades: audit.trades,
    finalizedIntervals: audit.finalizedIntervals,
    limitViolations: audit.limitViolations,
    offerViolations: audit.offerViolations,
    openOffers: audit.openOffers.length,
    moneyViolations: audit.moneyViolations,
    rejectedSolutions: solver.rejected,
    submittedSolutions: solver.submitted,
    blocks,
    gasTotal,
    gasPerTrade: perTrade(gasTotal),
    gasPerTradeToMatch: perTrade(gas.solutions),
    gasPerTradeToSettle: perTrade(gas.settlement),
    gasPerOffer: Math.round((gas.grants + gas.offers) / Math.max(1, offers.length)),
    wallSeconds,
  };
}

export function sentencesOf(report: ReplayReport): string {
  const share = (100 * report.tradedKwSlots) / Math.max(1e-9, report.optimumKwSlots);
  return [
    `traded     ${report.tradedKwSlots.toFixed(1)} kW-slots (${report.tradedKwh.toFixed(1)} kWh)`,
    `optimum    ${report.optimumKwSlots.toFixed(1)} kW-slots in hindsight: ${share.toFixed(2)} %`,
    `intervals  ${report.finalizedIntervals} final, ${report.limitViolations} limits broken`,
    `trades     ${report.trades} from ${report.offers} offers`,
    `solutions  ${report.submittedSolutions} submitted, ${report.rejectedSolutions} refused`,
    `closed     all but ${report.openOffers} offers, ${report.moneyViolations} paid wrongly`,
    `gas        ${report.gasTotal} in all; a trade ${report.gasPerTradeToMatch} to match and ` +
      `${report.gasPerTradeToSettle} to settle, an offer ${report.gasPerOffer}`,
    `took       ${report.wallSeconds} s`,
    '',
  ].join('\n');
}
