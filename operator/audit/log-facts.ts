/** What the market's whole log says, gathered for the audit; addresses in lower case. */
import type { MarketEvent } from '../../market/events.ts';
import { decodeChunk } from '../../market/matching/chunk.ts';
import type { Trade } from '../../market/offers.ts';

type Of<K extends MarketEvent['kind']> = Extract<MarketEvent, { kind: K }>;

export interface LogFacts {
  assets: Map<number, Of<'asset-added'>>;
  money: Of<'financial-added'>[];
  energyDeposits: Of<'energy-deposited'>[];
  moneyDeposits: Of<'financial-deposited'>[];
  offers: Map<number, Of<'offer-posted'>>;
  /** Final trades by interval and position, the voided ones left out. */
  trades: Map<string, { interval: number; position: number; trade: Trade }>;
  /** Every granter there ever was: who signed for the DSO. */
  granters: Set<string>;
  isPaused: boolean;
}

export function factsOf(events: readonly MarketEvent[]): LogFacts {
  const facts: LogFacts = {
    assets: new Map(),
    money: [],
    energyDeposits: [],
    moneyDeposits: [],
    offers: new Map(),
    trades: new Map(),
    granters: new Set(),
    isPaused: false,
  };
  for (const event of events) take(facts, event);
  // Voids may be told before the trades that they take out.
  for (const event of events) {
    if (event.kind !== 'trades-voided') continue;
    for (const position of event.positions) facts.trades.delete(`${event.interval}/${position}`);
  }
  return facts;
}

function take(facts: LogFacts, event: MarketEvent): void {
  switch (event.kind) {
    case 'asset-added':
      facts.assets.set(event.assetId, event);
      break;
    case 'financial-added':
      facts.money.push(event);
      break;
    case 'energy-deposited':
      facts.energyDeposits.push(event);
      break;
    case 'financial-deposited':
      facts.moneyDeposits.push(event);
      break;
    case 'offer-posted':
      facts.offers.set(event.offerId, event);
      break;
    case 'solution-finalized': {
      const { interval } = event;
      for (const [position, trade] of decodeChunk(event.trades).entries()) {
        facts.trades.set(`${interval}/${position}`, { interval, position, trade });
      }
      break;
    }
    case 'role-set':
      if (event.role === 'granter' && event.isHeld) facts.granters.add(event.holder);
      break;
    case 'paused':
    case 'resumed':
      facts.isPaused = event.kind === 'paused';
      break;
  }
}
