/** The last final trades, with the reasons of both sides. */
import { el, setHidden, setText } from '../elements.js';
import { count, kilowattHours, price, span } from '../units.js';
import { noTradeWords } from './trade-words.js';

/** @typedef {import('../../state.ts').CommunityState} CommunityState */

export function createTrades() {
  const list = el('ol', { class: 'trade-list' });
  const empty = el('p', { class: 'list-empty' });
  const about = el('p', { class: 'about' });
  const scroll = el(
    'div',
    { class: 'scroll trades-scroll', tabindex: 0, role: 'region', 'aria-label': 'Last trades' },
    empty,
    list,
  );
  const node = el(
    'section',
    { class: 'card', 'aria-labelledby': 'trades-title' },
    el('div', { class: 'plot-head' }, el('h2', { id: 'trades-title' }, 'Last trades'), about),
    scroll,
  );
  let shown = '';
  return { node, show };

  /** @param {CommunityState} state */
  function show(state) {
    const { trades, totals } = state;
    setHidden(empty, trades.length > 0);
    setText(empty, noTradeWords(state.run));
    const all = trades.length < totals.trades ? `newest ${trades.length} of` : 'all';
    setText(about, trades.length === 0 ? '' : `${all} ${count(totals.trades)}`);
    const key = JSON.stringify(trades);
    if (key === shown) return;
    shown = key;
    const names = new Map(state.homes.map((home) => [home.id, home.name]));
    list.replaceChildren(...trades.map((trade) => row(trade, state, names)));
  }
}

/**
 * @param {import('../../state.ts').TradeState} trade
 * @param {CommunityState} state
 * @param {ReadonlyMap<string, string>} names
 */
function row(trade, { run }, names) {
  const seller = names.get(trade.seller) ?? 'The utility';
  const buyer = names.get(trade.buyer) ?? 'the utility';
  const arrow = el('span', { class: 'arrow', role: 'img', 'aria-label': 'sold to' });
  const when = el('span', { class: 'trade-when' }, span(trade.interval, run));
  const parties = el(
    'span',
    { class: 'trade-parties' },
    el('b', {}, seller),
    arrow,
    el('b', {}, buyer),
  );
  const energy = el('span', { class: 'trade-energy' }, kilowattHours(trade.energyWs));
  const at = el('span', { class: 'trade-price' }, price(trade.priceMicroPerKwh, run.currency));
  const reasons = el('ul', { class: 'reasons' });
  if (trade.sellerReason)
    reasons.append(el('li', {}, el('b', {}, `${seller}: `), trade.sellerReason));
  if (trade.buyerReason) reasons.append(el('li', {}, el('b', {}, `${buyer}: `), trade.buyerReason));
  return el('li', {}, el('div', { class: 'trade-line' }, when, parties, energy, at), reasons);
}
